// Package policy evaluates IAM policies as AWS does, so that a test can ask whether a
// role may make a request. It knows what the policies of this project use; anything
// else is an error, never a guess.
//
//   - [Parse] reads a policy, [Role.May] evaluates a request.
//   - [World.Ask] says what a call needs: actions, resources, context.
//     Its table is actions.go: a new action is one line there.
//
// The rules are those of the IAM user guide: "Policy evaluation logic", "JSON policy
// element reference", "Condition operators", "Multivalued context keys", "Policy
// variables", "Permissions boundaries".
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// version is the version of the policy language that has variables.
const version = "2012-10-17"

// Document is a policy.
type Document struct {
	Version   string
	ID        string `json:"Id"`
	Statement []Statement
	// Size is how many characters AWS counts: all but white space.
	Size int `json:"-"`
}

// Statement is a statement of a policy.
type Statement struct {
	Sid         string
	Effect      string
	Principal   Principal
	Action      List
	NotAction   List
	Resource    List
	NotResource List
	Condition   map[string]map[string]List
}

// A List is a string or several, as in IAM, which reads true and 3 as "true" and "3".
type List []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *List) UnmarshalJSON(data []byte) error {
	var items []any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if data[0] == '[' {
		if err := decoder.Decode(&items); err != nil {
			return err
		}
	} else {
		items = make([]any, 1)
		if err := decoder.Decode(&items[0]); err != nil {
			return err
		}
	}
	for _, item := range items {
		switch item := item.(type) {
		case string:
			*l = append(*l, item)
		case bool, json.Number:
			*l = append(*l, fmt.Sprint(item))
		default:
			return fmt.Errorf("%s: want strings", data)
		}
	}
	return nil
}

// Principal is whom a resource's policy is about: by kind, "AWS", "Service" or
// "Federated". "*" is {"AWS": "*"}.
type Principal map[string]List

// UnmarshalJSON implements json.Unmarshaler.
func (p *Principal) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = Principal{"AWS": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]List)(p))
}

// Parse reads a policy, and refuses what the evaluation does not know.
func Parse(text []byte) (Document, error) {
	var doc Document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		return Document{}, fmt.Errorf("reading the policy: %w", err)
	}
	for _, c := range text {
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			doc.Size++
		}
	}
	var errs []error
	if doc.Version != version {
		errs = append(errs, fmt.Errorf("Version: is %q, want %q", doc.Version, version)) //nolint:staticcheck // the element's name
	}
	for i, s := range doc.Statement {
		if err := s.validate(); err != nil {
			errs = append(errs, fmt.Errorf("statement %d (%s): %w", i+1, s.Sid, err))
		}
	}
	return doc, errors.Join(errs...)
}

func (s Statement) validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(s.Effect == "Allow" || s.Effect == "Deny", "Effect: is %q, want Allow or Deny", s.Effect)
	want((s.Action == nil) != (s.NotAction == nil), "want either Action or NotAction")
	want(s.Resource == nil || s.NotResource == nil, "want either Resource or NotResource")
	for kind := range s.Principal {
		want(slices.Contains([]string{"AWS", "Service", "Federated"}, kind), "Principal: kind %q is not known", kind)
	}
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		want(action == "*" || strings.Count(action, ":") == 1, "action %q: want service:Name", action)
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		want(resource == "*" || len(splitARN(resource)) == arnParts, "resource %q: want * or an ARN of %d parts", resource, arnParts)
	}
	for operator := range s.Condition {
		_, err := parseOperator(operator)
		want(err == nil, "%w", err)
	}
	return errors.Join(errs...)
}
