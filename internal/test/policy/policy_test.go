package policy

import (
	"fmt"
	"strings"
	"testing"
)

const (
	self    = "arn:aws:iam::111122223333:role/self"
	bucket  = "arn:aws:s3:::bucket/key"
	account = "111122223333"
)

func parse(t *testing.T, statements string) Document {
	t.Helper()
	doc, err := Parse([]byte(`{"Version": "2012-10-17", "Statement": [` + statements + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func allow(rest string) string { return `{"Sid": "A", "Effect": "Allow", ` + rest + `}` }
func deny(rest string) string  { return `{"Sid": "D", "Effect": "Deny", ` + rest + `}` }

const get = `"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"`

// TestLogic follows the user guide's "Policy evaluation logic" and "Permissions
// boundaries for IAM entities".
func TestLogic(t *testing.T) {
	principal := func(arn string) string { return `"Principal": {"AWS": "` + arn + `"}, ` + get }
	for name, test := range map[string]struct {
		identity, boundary, resource string
		want                         bool
	}{
		"nothing allows it":                        {``, ``, ``, false},
		"allowed":                                  {allow(get), ``, ``, true},
		"an explicit deny wins":                    {allow(get) + "," + deny(get), ``, ``, false},
		"an explicit deny wins, whatever order":    {deny(get) + "," + allow(get), ``, ``, false},
		"a deny of something else":                 {allow(get) + "," + deny(`"Action": "s3:PutObject", "Resource": "*"`), ``, ``, true},
		"within the boundary":                      {allow(get), allow(`"Action": "s3:*", "Resource": "*"`), ``, true},
		"outside of the boundary":                  {allow(get), allow(`"Action": "sns:*", "Resource": "*"`), ``, false},
		"a boundary grants nothing":                {``, allow(get), ``, false},
		"denied by the boundary":                   {allow(get), allow(get) + "," + deny(get), ``, false},
		"the resource's policy is enough":          {``, ``, allow(principal(self)), true},
		"the resource's policy, for everybody":     {``, ``, allow(`"Principal": "*", ` + get), true},
		"the resource's policy, for somebody else": {``, ``, allow(principal(self + "2")), false},
		"the account's root grants nothing":        {``, ``, allow(principal("arn:aws:iam::" + account + ":root")), false},
		"denied by the resource's policy":          {allow(get), ``, deny(`"Principal": "*", ` + get), false},
		"a deny wins over the resource's policy":   {deny(get), ``, allow(principal(self)), false},
		"the resource's policy and a boundary":     {``, allow(`"Action": "sns:*", "Resource": "*"`), allow(principal(self)), false},
	} {
		role := Role{ARN: self, Policies: []Document{parse(t, test.identity)}}
		if test.boundary != "" {
			doc := parse(t, test.boundary)
			role.Boundary = &doc
		}
		var resource *Document
		if test.resource != "" {
			doc := parse(t, test.resource)
			resource = &doc
		}
		got, err := role.May(Request{Action: "s3:GetObject", Resource: bucket}, resource)
		if err != nil || got.Allowed != test.want || got.Why == "" {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, test.want)
		}
	}
}

// TestElements follows the "JSON policy element reference".
func TestElements(t *testing.T) {
	request := Request{Action: "s3:GetObject", Resource: bucket, Context: map[string][]string{
		"aws:username": {"ada"}, "aws:PrincipalTag/": nil, "aws:PrincipalTag/star": {"*"},
	}}
	for element, want := range map[string]bool{
		`"Action": "s3:getobject", "Resource": "*"`:                                                                                   true, // actions have no case
		`"Action": "S3:Get*", "Resource": "*"`:                                                                                        true,
		`"Action": "s3:Get?bject", "Resource": "*"`:                                                                                   true,
		`"Action": "s3:Get", "Resource": "*"`:                                                                                         false,
		`"Action": "*", "Resource": "*"`:                                                                                              true,
		`"Action": ["sns:Publish", "s3:GetObject"], "Resource": "*"`:                                                                  true,
		`"NotAction": "s3:GetObject", "Resource": "*"`:                                                                                false,
		`"NotAction": ["sns:*", "s3:Put*"], "Resource": "*"`:                                                                          true,
		`"Action": "*", "Resource": "arn:aws:s3:::bucket"`:                                                                            false,
		`"Action": "*", "Resource": "arn:aws:s3:::BUCKET/key"`:                                                                        false, // resources have
		`"Action": "*", "Resource": "arn:aws:s3:::buck*"`:                                                                             true,  // over slashes
		`"Action": "*", "Resource": "arn:aws:s3:::bucket/k?y"`:                                                                        true,
		`"Action": "*", "Resource": "arn:*:s3:::bucket/key"`:                                                                          true,
		`"Action": "*", "Resource": "arn:aws:*:*:*:*"`:                                                                                true,
		`"Action": "*", "Resource": "arn:aws:s3:ap*:::"`:                                                                              false, // never over the first colons
		`"Action": "*", "NotResource": "arn:aws:s3:::bucket/*"`:                                                                       false,
		`"Action": "*", "NotResource": ["arn:aws:s3:::other/*", "arn:aws:s3:::x"]`:                                                    true,
		`"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/key, 'key'}"`:                                             true,
		`"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}"`:                                                            false,
		`"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/star}"`:                                                   false, // taken literally
		`"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "ada"}}`:                                      true,
		`"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"AWS:UserName": "ada"}}`:                                      true, // keys have no case
		`"Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:username": "${aws:username}"}}`:                            true,
		`"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "ada"}, "Null": {"aws:username": "true"}}`:    false, // all operators
		`"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "ada", "aws:PrincipalTag/star": "other"}}`:    false, // all keys
		`"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": ["x", "ada"], "aws:PrincipalTag/star": "*"}}`: true,  // any value
	} {
		role := Role{Policies: []Document{parse(t, allow(element))}}
		if got, err := role.May(request, nil); err != nil || got.Allowed != want {
			t.Errorf("%s: %+v, %v; want %v", element, got, err, want)
		}
	}
	for resource, want := range map[string]bool{
		"arn:aws:logs:r:1:log-group:/ecs/app:log-stream:x": true, // the last part may have colons
		"arn:aws:logs:r:1:log-group:/ecs":                  false,
	} {
		role := Role{Policies: []Document{parse(t, allow(`"Action": "logs:Get", "Resource": "arn:aws:logs:r:1:log-group:/ecs/*"`))}}
		if got, err := role.May(Request{Action: "logs:Get", Resource: resource}, nil); err != nil || got.Allowed != want {
			t.Errorf("%s: %+v, %v; want %v", resource, got, err, want)
		}
	}
}

// TestConditions follows "Condition operators" and "Multivalued context keys".
func TestConditions(t *testing.T) {
	one := func(v string) []string { return []string{v} }
	const topic = "arn:aws:sns:ap-southeast-2:111122223333:topic"
	for _, test := range []struct {
		operator string
		values   []string // of the request
		want     string   // of the policy
		met      bool
	}{
		{"StringEquals", one("a"), `"a"`, true},
		{"StringEquals", one("A"), `"a"`, false},
		{"StringEquals", one("a"), `["b", "a"]`, true},
		{"StringEquals", one("ab"), `"a*"`, false}, // no wildcards
		{"StringEquals", one("a*"), `"a*"`, true},
		{"StringEquals", one("a*"), `"a${*}"`, true},
		{"StringEquals", nil, `"a"`, false},
		{"StringEqualsIfExists", nil, `"a"`, true},
		{"StringEqualsIfExists", one("b"), `"a"`, false},
		{"StringNotEquals", one("b"), `"a"`, true},
		{"StringNotEquals", one("a"), `["b", "a"]`, false}, // none of them
		{"StringNotEquals", nil, `"a"`, true},              // negated: a missing key meets it
		{"StringNotEqualsIfExists", nil, `"a"`, true},
		{"StringEqualsIgnoreCase", one("A"), `"a"`, true},
		{"StringNotEqualsIgnoreCase", one("A"), `"a"`, false},
		{"StringLike", one("abc"), `"a*c"`, true},
		{"StringLike", one("abc"), `"a?c"`, true},
		{"StringLike", one("ac"), `"a?c"`, false},
		{"StringLike", one("ABC"), `"a*c"`, false},
		{"StringLike", one("a*"), `"a${*}"`, true},
		{"StringLike", one("ab"), `"a${*}"`, false},
		{"StringNotLike", one("abc"), `"a*"`, false},
		{"StringNotLike", nil, `"a*"`, true},
		{"Bool", one("true"), `true`, true},
		{"Bool", one("True"), `"true"`, true},
		{"Bool", one("false"), `"true"`, false},
		{"Bool", nil, `"false"`, false},
		{"BoolIfExists", nil, `"false"`, true},
		{"Null", nil, `"true"`, true},
		{"Null", one("a"), `"true"`, false},
		{"Null", one("a"), `false`, true},
		{"Null", nil, `"false"`, false},
		{"NumericEquals", one("3.0"), `3`, true},
		{"NumericNotEquals", one("3"), `"3"`, false},
		{"NumericLessThan", one("2"), `"3"`, true},
		{"NumericLessThanEquals", one("3"), `"3"`, true},
		{"NumericGreaterThan", one("3"), `"3"`, false},
		{"NumericGreaterThanEquals", one("3"), `"3"`, true},
		{"NumericLessThan", one("x"), `"3"`, false},
		{"NumericLessThan", nil, `"3"`, false},
		{"ArnEquals", one(topic), `"` + topic + `"`, true},
		{"ArnEquals", one(topic), `"arn:aws:sns:*:111122223333:*"`, true}, // like ArnLike
		{"ArnLike", one(topic), `"arn:aws:sns:*:*:*:topic"`, false},       // part by part
		{"ArnNotEquals", one(topic), `"arn:aws:sns:*:*:other"`, true},
		{"ArnNotLike", nil, `"arn:aws:sns:*:*:other"`, true},
		{"ArnLike", one("no ARN"), `"arn:aws:sns:*:*:other"`, false},
		{"ForAllValues:StringEquals", []string{"a", "b"}, `["a", "b", "c"]`, true},
		{"ForAllValues:StringEquals", []string{"a", "x"}, `["a", "b", "c"]`, false},
		{"ForAllValues:StringEquals", nil, `"a"`, true}, // nothing is missing
		{"ForAllValues:StringNotEquals", []string{"a", "x"}, `["a", "b"]`, false},
		{"ForAllValues:StringNotEquals", []string{"x", "y"}, `["a", "b"]`, true},
		{"ForAnyValue:StringEquals", []string{"a", "x"}, `"a"`, true},
		{"ForAnyValue:StringEquals", []string{"y", "x"}, `"a"`, false},
		{"ForAnyValue:StringEquals", nil, `"a"`, false},
		{"ForAnyValue:StringEqualsIfExists", nil, `"a"`, true},
		{"ForAnyValue:StringNotEquals", []string{"a", "x"}, `"a"`, true}, // x is another one
		{"ForAnyValue:StringNotEquals", []string{"a"}, `"a"`, false},
		{"ForAnyValue:StringNotEquals", nil, `"a"`, false},
	} {
		condition := fmt.Sprintf(`"Action": "*", "Resource": "*", "Condition": {%q: {"k:x": %s}}`, test.operator, test.want)
		role := Role{Policies: []Document{parse(t, allow(condition))}}
		got, err := role.May(Request{Action: "k:y", Resource: "*", Context: map[string][]string{"k:x": test.values}}, nil)
		if err != nil || got.Allowed != test.met {
			t.Errorf("%s of %q with %s: %+v, %v; want %v", test.operator, test.values, test.want, got, err, test.met)
		}
	}
}

func TestAssume(t *testing.T) {
	trust := parse(t, allow(`"Principal": {"Federated": "arn:p"}, "Action": "sts:X", "Condition": {"StringEquals": {"p:sub": "me"}}`))
	for _, test := range []struct {
		who, sub string
		want     bool
	}{{"arn:p", "me", true}, {"arn:q", "me", false}, {"arn:p", "you", false}} {
		got, err := Assume(trust, Principal{"Federated": {test.who}}, Request{Action: "sts:X", Context: map[string][]string{"p:sub": {test.sub}}})
		if err != nil || got.Allowed != test.want {
			t.Errorf("%+v: %+v, %v", test, got, err)
		}
	}
}

// TestUnknown checks that what is not known is an error.
func TestUnknown(t *testing.T) {
	for text, want := range map[string]string{
		`{"Version": "2008-10-17", "Statement": []}`:                               `Version: is "2008-10-17"`,
		allow(`"Action": "s3:GetObject", "Resource": "*", "Extra": 1`):             "unknown field",
		allow(`"Action": "s3:GetObject", "Resource": "*", "NotPrincipal": "*"`):    "unknown field",
		allow(`"Resource": "*"`):                                                   "want either Action or NotAction",
		allow(`"Action": "a:b", "NotAction": "a:c", "Resource": "*"`):              "want either Action or NotAction",
		allow(`"Action": "a:b", "NotResource": "*", "Resource": "*"`):              "want either Resource or NotResource",
		allow(`"Action": "GetObject", "Resource": "*"`):                            `action "GetObject"`,
		allow(`"Action": "a:b", "Resource": "bucket"`):                             `resource "bucket"`,
		allow(`"Action": 3.5e, "Resource": "*"`):                                   "reading the policy",
		allow(`"Action": {"a": 1}, "Resource": "*"`):                               "want strings",
		`{"Sid": "A", "Effect": "allow", "Action": "a:b", "Resource": "*"}`:        `Effect: is "allow"`,
		allow(`"Action": "a:b", "Resource": "*", "Principal": {"Canonical": "x"}`): `kind "Canonical" is not known`,
		allow(`"Action": "a:b", "Condition": {"DateLessThan": {"a:b": "x"}}`):      `"DateLessThan" is not known`,
		allow(`"Action": "a:b", "Condition": {"NullIfExists": {"a:b": "true"}}`):   `"NullIfExists" is not known`,
		allow(`"Action": "a:b", "Condition": {"ForSome:Bool": {"a:b": "true"}}`):   `"ForSome:Bool" is not known`,
	} {
		if !strings.HasPrefix(text, `{"Version"`) {
			text = `{"Version": "2012-10-17", "Statement": [` + text + `]}`
		}
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", text, err, want)
		}
	}
	request := Request{Action: "a:b", Resource: "*", Context: map[string][]string{"k:several": {"a", "b"}, "k:none": nil, "aws:ResourceTag/": nil}}
	for element, want := range map[string]string{
		`"Condition": {"StringEquals": {"k:unknown": "x"}}`:               "condition key k:unknown: a:b is not known to have it",
		`"Condition": {"StringEquals": {"aws:RequestTag/x": "x"}}`:        "condition key aws:RequestTag/x",
		`"Condition": {"StringEquals": {"k:several": "x"}}`:               "want ForAllValues or ForAnyValue",
		`"Condition": {"Null": {"k:none": "maybe"}}`:                      "want true or false",
		`"Condition": {"StringEquals": {"k:none": "${k:unknown}"}}`:       "condition key k:unknown",
		`"Condition": {"StringEquals": {"k:none": "${k:none}"}}`:          "has no value in the request",
		`"Condition": {"StringEquals": {"k:none": "${k:several}"}}`:       "has several values",
		`"Condition": {"StringEquals": {"k:none": "${k:none"}}`:           "has no end",
		`"Condition": {"ForAllValues:ArnLike": {"k:several": "x"}}`:       `"x" is not an ARN`,
		`"Condition": {"ForAllValues:NumericEquals": {"k:several": "x"}}`: "",
		`"Principal": "*"`: "Principal belongs into a resource's policy",
	} {
		role := Role{Policies: []Document{parse(t, allow(`"Action": "a:b", "Resource": "*", `+element))}}
		_, err := role.May(request, nil)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error is %v, want %s", element, err, want)
		}
	}
	if got, err := (Role{Policies: []Document{parse(t, allow(`"Action": "a:b", "Resource": "*", "Condition": {"Null": {"aws:ResourceTag/x": "true"}}`))}}).May(request, nil); err != nil || !got.Allowed {
		t.Errorf("a tag that a resource does not have: %+v, %v", got, err)
	}
}
