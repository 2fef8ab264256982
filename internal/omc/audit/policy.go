package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// These are the principals that notify topics, and that call functions.
const (
	cloudWatch       = "cloudwatch.amazonaws.com"
	functionsOfAlarm = "lambda.alarms.cloudwatch.amazonaws.com"
)

// verdict is whether something holds. What this package does not know is perhaps: IAM's
// language is larger than what topics' policies need.
type verdict int

const (
	no verdict = iota
	perhaps
	yes
)

// both holds when each of several holds.
func both(list ...verdict) verdict { return slices.Min(append(list, yes)) }

func whether(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// not turns a verdict around: perhaps stays.
func (v verdict) not() verdict { return yes - v }

// policy is a resource's policy. See IAM's user guide, "IAM JSON policy reference".
type policy struct{ Statement statements }

type statements []statement

type statement struct {
	Sid, Effect             string
	Principal, NotPrincipal json.RawMessage
	Action, NotAction       words
	Resource, NotResource   words
	Condition               map[string]map[string]words
}

// words is one word or a list of them.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	if one := ""; json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*w = list
		return nil
	}
	var flag bool // "aws:SecureTransport": true
	if err := json.Unmarshal(data, &flag); err != nil {
		return errors.New("want a word or a list of words")
	}
	*w = words{fmt.Sprint(flag)}
	return nil
}

func (s *statements) UnmarshalJSON(data []byte) error {
	if one := (statement{}); json.Unmarshal(data, &one) == nil {
		*s = statements{one}
		return nil
	}
	return json.Unmarshal(data, (*[]statement)(s))
}

func parsePolicy(text string) (policy, error) {
	var p policy
	err := json.Unmarshal([]byte(text), &p)
	if err == nil && len(p.Statement) == 0 {
		err = errors.New("it has no statement")
	}
	return p, err
}

// callOf is what conditions can ask when CloudWatch, as a principal, notifies a target for
// an alarm, by key in lower case.
func callOf(principal, account, alarm, target string) map[string]string {
	return map[string]string{
		"aws:sourceaccount":                      account,
		"aws:sourceowner":                        account,
		"aws:sourcearn":                          alarm,
		"aws:securetransport":                    "true",
		"aws:principalisawsservice":              "true",
		principalName:                            principal,
		"kms:encryptioncontext:aws:sns:topicarn": target,
	}
}

// principalName is the key of who calls.
const principalName = "aws:principalservicename"

// decide says whether a policy lets CloudWatch do an action, and why that is not known.
func (p policy) decide(action, resource string, call map[string]string) (verdict, string) {
	allowed, denied, why := no, no, ""
	for i, s := range p.Statement {
		holds, unknown := s.holds(action, resource, call)
		if holds == perhaps {
			why = fmt.Sprintf("statement %d has %s, which this audit does not know", i+1, unknown)
		}
		if s.Effect == "Deny" {
			denied = max(denied, holds)
		} else {
			allowed = max(allowed, holds)
		}
	}
	return both(allowed, denied.not()), why
}

// holds says whether a statement is about a call, and what about it is not known.
func (s statement) holds(action, resource string, call map[string]string) (verdict, string) {
	matches := both(s.isFor(call[principalName]), about(s.Action, s.NotAction, action, true), about(s.Resource, s.NotResource, resource, false))
	reason := "NotPrincipal"
	for operator, keys := range s.Condition {
		for key, values := range keys {
			v := conditionHolds(operator, values, call, strings.ToLower(key))
			if v == perhaps {
				reason = fmt.Sprintf("the condition %s of %s", operator, key)
			}
			matches = both(matches, v)
		}
	}
	return matches, reason
}

// isFor says whether a statement is about a principal of CloudWatch's. "*" and every AWS
// principal are, as in the policy that a topic has by default.
func (s statement) isFor(principal string) verdict {
	if s.NotPrincipal != nil {
		return perhaps
	}
	var everybody string
	if json.Unmarshal(s.Principal, &everybody) == nil {
		return whether(everybody == "*")
	}
	var kinds map[string]words
	if json.Unmarshal(s.Principal, &kinds) != nil {
		return no
	}
	return whether(slices.Contains(kinds["Service"], principal) || slices.Contains(kinds["Service"], "*") || slices.Contains(kinds["AWS"], "*"))
}

// about says whether a list of patterns, or of what is excepted, has a name.
func about(patterns, except words, name string, fold bool) verdict {
	if fold {
		name = strings.ToLower(name)
	}
	has := func(list words) bool {
		return slices.ContainsFunc(list, func(pattern string) bool {
			if fold {
				pattern = strings.ToLower(pattern)
			}
			return like(pattern, name)
		})
	}
	if len(except) > 0 {
		return whether(!has(except))
	}
	return whether(has(patterns))
}

// conditionHolds says whether one condition of a statement holds.
func conditionHolds(operator string, values words, call map[string]string, key string) verdict {
	got, known := call[key]
	if !known {
		return perhaps
	}
	matches := func(equal func(want, got string) bool) verdict {
		return whether(slices.ContainsFunc(values, func(want string) bool { return equal(want, got) }))
	}
	exact := func(want, got string) bool { return want == got }
	switch strings.TrimSuffix(operator, "IfExists") {
	case "StringEquals":
		return matches(exact)
	case "StringNotEquals":
		return matches(exact).not()
	case "StringEqualsIgnoreCase", "Bool":
		return matches(strings.EqualFold)
	case "StringLike", "ArnLike", "ArnEquals":
		return matches(like)
	case "StringNotLike", "ArnNotLike", "ArnNotEquals":
		return matches(like).not()
	case "Null":
		return matches(func(want, _ string) bool { return strings.EqualFold(want, "false") })
	}
	return perhaps
}

// like reports whether a text has a form in which * stands for anything and ? for one
// character.
func like(pattern, text string) bool {
	p, t, star, retry := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // let the last * stand for one more
			retry++
			p, t = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
