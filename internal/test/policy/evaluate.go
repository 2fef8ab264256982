package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Request is one action on one resource. A call may take several.
type Request struct {
	Action string
	// Resource is an ARN, or "*" where AWS checks no resource.
	Resource string
	// Context has the values of condition keys. A key that the action can have and the
	// request has not is there without values; a key that is not there at all is
	// unknown, and a condition on it is an error.
	Context map[string][]string
}

// String returns the request for people.
func (r Request) String() string { return r.Action + " on " + r.Resource }

// Role is who makes a request.
type Role struct {
	// ARN is the role's, which resource policies may name.
	ARN string
	// Policies are attached to the role.
	Policies []Document
	// Boundary is the role's permissions boundary, nil for none.
	Boundary *Document
}

// Decision is what AWS decides, and why.
type Decision struct {
	Allowed bool
	// Why names the statement that decided, or says that there is none.
	Why string
}

// May decides about a request of the role. Resource is the policy of what the request is
// for, nil for none; role and resource belong to one account.
func (role Role) May(r Request, resource *Document) (Decision, error) {
	var identity, boundary, granted verdict
	boundary.allow = "no boundary"
	for _, doc := range role.Policies {
		if err := identity.add(doc, r, nil); err != nil {
			return Decision{}, err
		}
	}
	if role.Boundary != nil {
		boundary.allow = ""
		if err := boundary.add(*role.Boundary, r, nil); err != nil {
			return Decision{}, err
		}
	}
	if resource != nil {
		if err := granted.add(*resource, r, role.named); err != nil {
			return Decision{}, err
		}
	}
	switch deny := identity.deny + boundary.deny + granted.deny; {
	case deny != "":
		return Decision{Why: "denied by " + deny}, nil
	case boundary.allow == "":
		// A policy of the resource that names the role, and not its session, does not
		// reach over the boundary.
		return Decision{Why: "outside of the permissions boundary"}, nil
	case identity.allow != "":
		return Decision{Allowed: true, Why: identity.allow}, nil
	case granted.allow != "":
		return Decision{Allowed: true, Why: "the resource's policy, " + granted.allow}, nil
	default:
		return Decision{Why: "no statement allows it"}, nil
	}
}

// named reports whether a resource's policy names the role itself. The account's root
// there hands the decision to the policies of the role.
func (role Role) named(p Principal) bool {
	return slices.Contains(p["AWS"], "*") || slices.Contains(p["AWS"], role.ARN)
}

// Assume decides whether somebody, such as {"Federated": "arn:…"}, may do what a trust
// policy is about. Nothing else counts for whoever is outside of the account.
func Assume(trust Document, who Principal, r Request) (Decision, error) {
	var v verdict
	err := v.add(trust, r, func(p Principal) bool {
		for kind, names := range who {
			if slices.ContainsFunc(p[kind], func(name string) bool { return name == "*" || slices.Contains(names, name) }) {
				return true
			}
		}
		return false
	})
	switch {
	case err != nil:
		return Decision{}, err
	case v.deny != "":
		return Decision{Why: "denied by " + v.deny}, nil
	case v.allow != "":
		return Decision{Allowed: true, Why: v.allow}, nil
	default:
		return Decision{Why: "no statement allows it"}, nil
	}
}

// A verdict holds the Sids of statements that allow and deny a request.
type verdict struct{ allow, deny string }

// add adds what a document says. named tells whom it is about; nil is for documents
// that are attached to the role.
func (v *verdict) add(doc Document, r Request, named func(Principal) bool) error {
	for i, s := range doc.Statement {
		if (named == nil) != (s.Principal == nil) {
			return fmt.Errorf("statement %d (%s): Principal belongs into a resource's policy, and nowhere else", i+1, s.Sid)
		}
		if named != nil && !named(s.Principal) {
			continue
		}
		applies, err := s.applies(r)
		if err != nil {
			return fmt.Errorf("statement %d (%s), %s: %w", i+1, s.Sid, r, err)
		}
		sid := s.Sid
		if sid == "" {
			sid = fmt.Sprintf("statement %d", i+1)
		}
		switch {
		case !applies:
		case s.Effect == "Deny":
			v.deny = sid
		default:
			v.allow = sid
		}
	}
	return nil
}

// applies reports whether a statement is about a request.
func (s Statement) applies(r Request) (bool, error) {
	if ok, err := s.matchesAction(r.Action); !ok || err != nil {
		return false, err
	}
	if ok, err := s.matchesResource(r); !ok || err != nil {
		return false, err
	}
	for name, keys := range s.Condition {
		op, err := parseOperator(name)
		if err != nil {
			return false, err
		}
		for key, want := range keys {
			values, err := r.value(key)
			if err != nil {
				return false, err
			}
			resolved, err := resolveAll(want, r)
			if err != nil {
				return false, err
			}
			ok, err := op.meets(values, resolved)
			if err != nil {
				return false, fmt.Errorf("%s %s: %w", name, key, err)
			}
			if !ok {
				return false, nil
			}
		}
	}
	return true, nil
}

func (s Statement) matchesAction(action string) (bool, error) {
	patterns := s.Action
	if s.NotAction != nil {
		patterns = s.NotAction
	}
	for _, pattern := range patterns {
		ok, err := actionLike(action, pattern)
		if ok || err != nil {
			return s.NotAction == nil, err
		}
	}
	return s.NotAction != nil, nil
}

func (s Statement) matchesResource(r Request) (bool, error) {
	patterns := s.Resource
	if s.NotResource != nil {
		patterns = s.NotResource
	}
	if patterns == nil { // trust policies have none
		return true, nil
	}
	resolved, err := resolveAll(patterns, r)
	if err != nil {
		return false, err
	}
	for _, pattern := range resolved {
		ok, err := resourceLike(r.Resource, pattern)
		if ok || err != nil {
			return s.NotResource == nil, err
		}
	}
	return s.NotResource != nil, nil
}

// resolveAll resolves the variables in patterns.
func resolveAll(patterns List, r Request) (List, error) {
	var list List
	for _, pattern := range patterns {
		text, err := resolve(pattern, r.value)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}

// value returns the values of a condition key. Their names have no case.
func (r Request) value(key string) ([]string, error) {
	for name, values := range r.Context {
		if strings.EqualFold(name, key) {
			return values, nil
		}
	}
	// Tags are open: a request and a resource have those that they have.
	for _, open := range []string{"aws:RequestTag/", "aws:ResourceTag/", "aws:PrincipalTag/"} {
		if _, known := r.Context[open]; known && len(key) > len(open) && strings.EqualFold(key[:len(open)], open) {
			return nil, nil
		}
	}
	return nil, fmt.Errorf("condition key %s: %s is not known to have it", key, r.Action)
}
