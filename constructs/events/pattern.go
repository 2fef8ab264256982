package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Pattern says which events match, in EventBridge's own grammar (user guide,
// "Creating event patterns"): each field has to have one of the values that are listed
// for it.
//
//	events.Pattern{
//		"source": events.Is("aws.rds"),
//		"detail": events.Pattern{"EventCategories": events.Is("failover")},
//	}
//
// [Is] takes values and what the functions below it return. "$or" takes a list of
// patterns, [Either], of which one has to match.
type Pattern map[string]any

// Is lists the values that a field may have.
func Is(values ...any) []any { return append([]any{}, values...) }

// Either lists the patterns of "$or".
func Either(patterns ...Pattern) []any {
	var list []any
	for _, p := range patterns {
		list = append(list, p)
	}
	return list
}

// Prefix matches texts that begin so.
func Prefix(s string) any { return map[string]any{"prefix": s} }

// Suffix matches texts that end so.
func Suffix(s string) any { return map[string]any{"suffix": s} }

// Wildcard matches texts, where "*" stands for any characters.
func Wildcard(s string) any { return map[string]any{"wildcard": s} }

// AnythingBut matches all values but these, texts or numbers, where the field is there.
func AnythingBut(values ...any) any { return map[string]any{"anything-but": values} }

// Numeric matches numbers: Numeric(">=", 4, "<", 7).
func Numeric(comparisons ...any) any { return map[string]any{"numeric": comparisons} }

// Exists matches where the field is there, or is not. It has no effect on fields that
// hold others.
func Exists(there bool) any { return map[string]any{"exists": there} }

// JSON returns the pattern as EventBridge gets it, the same in every run.
func (p Pattern) JSON() (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // it would change references
	if err := encoder.Encode(p); err != nil {
		return "", fmt.Errorf("writing the pattern as JSON: %w", err)
	}
	return strings.TrimSpace(out.String()), nil
}

// envelope are the fields of every event (user guide, "Event structure").
var envelope = []string{"account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"}

const or = "$or"

// validate reports what EventBridge would refuse, and fields that no event has.
func (p Pattern) validate() error {
	var found problems.Problems
	text, err := p.JSON()
	if err != nil {
		found.Want("Pattern", problems.Text("no JSON"), "values that JSON has: %v", err)
		return found.Err()
	}
	var pattern map[string]any
	if err := json.Unmarshal([]byte(text), &pattern); err != nil { // it was just written
		found.Want("Pattern", text, "a pattern: %v", err)
		return found.Err()
	}
	for _, field := range problems.SortedKeys(pattern) {
		if field != or && !slices.Contains(envelope, field) {
			found.Want("Pattern", field, "a field that events have: %s", problems.OneOf(field, envelope))
		}
	}
	checkFields(&found, "Pattern", pattern)
	checkOnce(&found, pattern, nil)
	if !token.Is(text) && len(text) > maxPattern {
		found.Want("Pattern", problems.Text(fmt.Sprintf("%d characters of JSON", len(text))), "at most %d: make two rules of it", maxPattern)
	}
	return found.Err()
}

func checkFields(p *problems.Problems, at string, fields map[string]any) {
	if len(fields) == 0 {
		p.Want(at, problems.Text("empty"), "at least one field")
	}
	for _, name := range problems.SortedKeys(fields) {
		field := fmt.Sprintf("%s[%q]", at, name)
		switch value := fields[name].(type) {
		case map[string]any:
			checkFields(p, field, value)
		case []any:
			if name == or {
				checkEither(p, field, value)
			} else {
				checkValues(p, field, value)
			}
		default:
			p.Want(field, value, "a list of values, Is(%#v), or a Pattern", value)
		}
	}
}

// checkOnce wants each field once among those that have to match together: EventBridge
// refuses one that is both beside "$or" and in it.
func checkOnce(p *problems.Problems, pattern map[string]any, beside []string) {
	var fields []string
	var choices [][]map[string]any
	var walk func(at string, pattern map[string]any)
	walk = func(at string, pattern map[string]any) {
		for _, name := range problems.SortedKeys(pattern) {
			switch value := pattern[name].(type) {
			case map[string]any:
				walk(at+name+".", value)
			case []any:
				if name != or {
					fields = append(fields, at+name)
					continue
				}
				var choice []map[string]any
				for _, v := range value {
					if one, ok := v.(map[string]any); ok {
						choice = append(choice, under(at, one))
					}
				}
				choices = append(choices, choice)
			}
		}
	}
	walk("", pattern)
	for _, field := range fields {
		if slices.Contains(beside, field) {
			p.Want("Pattern", field, `each field either in "$or" or beside it, not both`)
		}
	}
	for _, choice := range choices {
		for _, one := range choice {
			checkOnce(p, one, slices.Concat(beside, fields))
		}
	}
}

// under puts a pattern where it belongs: "detail." has the fields of detail.
func under(at string, pattern map[string]any) map[string]any {
	names := strings.Split(strings.TrimSuffix(at, "."), ".")
	for i := len(names) - 1; i >= 0 && at != ""; i-- {
		pattern = map[string]any{names[i]: pattern}
	}
	return pattern
}

func checkEither(p *problems.Problems, at string, patterns []any) {
	if len(patterns) < 2 {
		p.Want(at, problems.Text(fmt.Sprintf("%d patterns", len(patterns))), "at least two patterns, of which one has to match")
	}
	for i, pattern := range patterns {
		field := fmt.Sprintf("%s[%d]", at, i)
		fields, ok := pattern.(map[string]any)
		if !ok {
			p.Want(field, pattern, "a Pattern")
			continue
		}
		checkFields(p, field, fields)
	}
}

func checkValues(p *problems.Problems, at string, values []any) {
	if len(values) == 0 {
		p.Want(at, problems.Text("empty"), "at least one value")
	}
	for i, value := range values {
		field := fmt.Sprintf("%s[%d]", at, i)
		switch value := value.(type) {
		case nil, string, bool, float64:
		case map[string]any:
			if len(value) != 1 {
				p.Want(field, problems.Text(fmt.Sprintf("%d operators", len(value))), "one operator")
				continue
			}
			for name, operand := range value {
				checkOperator(p, field, name, operand)
			}
		default:
			p.Want(field, value, "a text, a number, true, false, nil or an operator")
		}
	}
}

// operators are EventBridge's, with what each takes (user guide, "Comparison operators
// for use in event patterns").
var operators = map[string]struct {
	takes string
	ok    func(operand any) bool
}{
	"prefix":             {`a text, or {"equals-ignore-case": text}`, func(v any) bool { return isText(v) || isIgnoringCase(v) }},
	"suffix":             {`a text, or {"equals-ignore-case": text}`, func(v any) bool { return isText(v) || isIgnoringCase(v) }},
	"equals-ignore-case": {"a text", isText},
	"wildcard":           {`a text, in which no "*" follows another, and "\" stands before "*" or "\" only`, isWildcard},
	"anything-but":       {"a text, a number, a list of either, or one of prefix, suffix, equals-ignore-case and wildcard", isAnythingBut},
	"numeric":            {`comparisons with numbers from -5e9 to 5e9: ">=", 4, "<", 7`, isNumeric},
	"exists":             {"true or false", func(v any) bool { _, ok := v.(bool); return ok }},
	"cidr":               {`a range of addresses ("10.0.0.0/8")`, isRange},
}

func checkOperator(p *problems.Problems, at, name string, operand any) {
	operator, known := operators[name]
	switch {
	case !known:
		p.Want(at, name, "an operator: %s", problems.OneOf(name, problems.SortedKeys(operators)))
	case !operator.ok(operand):
		p.Want(fmt.Sprintf("%s[%q]", at, name), operand, "%s", operator.takes)
	}
}

func isText(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

func isIgnoringCase(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && isText(m["equals-ignore-case"])
}

func isWildcard(v any) bool {
	s, ok := v.(string)
	if !ok || s == "" {
		return false
	}
	if token.Is(s) {
		return true
	}
	star := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 == len(s) || s[i+1] != '*' && s[i+1] != '\\' {
				return false
			}
			i, star = i+1, false
		case '*':
			if star {
				return false
			}
			star = true
		default:
			star = false
		}
	}
	return true
}

func isAnythingBut(v any) bool {
	switch v := v.(type) {
	case string, float64:
		return true
	case []any:
		texts, numbers := 0, 0
		for _, item := range v {
			switch item.(type) {
			case string:
				texts++
			case float64:
				numbers++
			}
		}
		return len(v) > 0 && (texts == len(v) || numbers == len(v))
	case map[string]any:
		if len(v) != 1 {
			return false
		}
		for name, operand := range v {
			if !slices.Contains([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}, name) {
				return false
			}
			list, ok := operand.([]any)
			if !ok {
				list = []any{operand}
			}
			return len(list) > 0 && !slices.ContainsFunc(list, func(item any) bool { return name == "wildcard" && !isWildcard(item) || !isText(item) })
		}
	}
	return false
}

func isNumeric(v any) bool {
	list, ok := v.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return false
	}
	signs := ""
	for i := 0; i < len(list); i += 2 {
		sign, _ := list[i].(string)
		n, isNumber := list[i+1].(float64)
		if !isNumber || math.Abs(n) > 5e9 || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, sign) {
			return false
		}
		signs += sign[:1]
	}
	if len(list) == 2 {
		return true
	}
	low, high := list[1].(float64), list[3].(float64)
	return signs == "><" && low < high
}

func isRange(v any) bool {
	s, _ := v.(string)
	_, err := netip.ParsePrefix(s)
	return err == nil
}
