package localaws

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

// TestEventPattern looks at which events match; constructs/events looks at which
// patterns are refused.
func TestEventPattern(t *testing.T) {
	t.Parallel()
	client := eventbridge.NewFromConfig(empty(t).Config())
	const event = `{"id": "1", "account": "123456789012", "source": "shop", "time": "2026-11-23T02:08:44Z", "region": "ap-southeast-2",
		"resources": ["a", "b"], "detail-type": "order", "detail": {"state": "Lost", "n": 5, "one": 1, "yes": true, "none": null, "ip": "10.1.2.3",
		"path": "a*b\\c", "empty": [], "in": {"x": "y"}, "items": [{"name": "web", "code": 0}, {"name": "proxy", "code": 137}]}}`
	for pattern, want := range map[string]bool{
		`{"source": ["other", "shop"]}`:    true,
		`{"source": ["Shop"]}`:             false,
		`{"resources": ["b"]}`:             true,
		`{"resources": ["c"]}`:             false,
		`{"detail": {"n": [5]}}`:           true,
		`{"detail": {"n": ["5"]}}`:         false,
		`{"detail": {"yes": [true]}}`:      true,
		`{"detail": {"one": [true]}}`:      false, // 1 is not true
		`{"detail": {"yes": [1]}}`:         false,
		`{"detail": {"none": [null]}}`:     true,
		`{"detail": {"missing": [null]}}`:  false,
		`{"detail": {"in": {"x": ["y"]}}}`: true,
		`{"detail": {"in": ["y"]}}`:        false,

		`{"detail": {"state": [{"prefix": "Lo"}]}}`:                           true,
		`{"detail": {"state": [{"prefix": "lo"}]}}`:                           false,
		`{"detail": {"state": [{"prefix": {"equals-ignore-case": "lo"}}]}}`:   true,
		`{"detail": {"state": [{"suffix": "st"}]}}`:                           true,
		`{"detail": {"state": [{"suffix": {"equals-ignore-case": "ST"}}]}}`:   true,
		`{"detail": {"n": [{"prefix": "5"}]}}`:                                false,
		`{"detail": {"state": [{"equals-ignore-case": "LOST"}]}}`:             true,
		`{"detail": {"state": [{"wildcard": "L*t"}]}}`:                        true,
		`{"detail": {"state": [{"wildcard": "L*x"}]}}`:                        false,
		`{"detail": {"path": [{"wildcard": "a\\**\\\\c"}]}}`:                  true,
		`{"detail": {"state": [{"wildcard": "L\\*t"}]}}`:                      false,
		`{"detail": {"state": [{"anything-but": "Found"}]}}`:                  true,
		`{"detail": {"state": [{"anything-but": ["Found", "Lost"]}]}}`:        false,
		`{"detail": {"missing": [{"anything-but": "x"}]}}`:                    false,
		`{"detail": {"n": [{"anything-but": [5, 6]}]}}`:                       false,
		`{"detail": {"n": [{"anything-but": [6]}]}}`:                          true,
		`{"detail": {"state": [{"anything-but": {"prefix": "L"}}]}}`:          false,
		`{"detail": {"state": [{"anything-but": {"suffix": ["x", "y"]}}]}}`:   true,
		`{"detail": {"state": [{"anything-but": {"wildcard": "L*"}}]}}`:       false,
		`{"detail": {"n": [{"numeric": [">", 4, "<=", 5]}]}}`:                 true,
		`{"detail": {"n": [{"numeric": ["=", 5]}]}}`:                          true,
		`{"detail": {"n": [{"numeric": ["<", 5]}]}}`:                          false,
		`{"detail": {"yes": [{"numeric": [">", 0]}]}}`:                        false,
		`{"detail": {"ip": [{"cidr": "10.0.0.0/8"}]}}`:                        true,
		`{"detail": {"ip": [{"cidr": "192.0.2.0/24"}]}}`:                      false,
		`{"detail": {"state": [{"cidr": "10.0.0.0/8"}]}}`:                     false,
		`{"detail": {"n": [{"exists": true}], "x": [{"exists": false}]}}`:     true,
		`{"detail": {"n": [{"exists": false}]}}`:                              false,
		`{"detail": {"in": [{"exists": false}]}}`:                             true, // it holds others
		`{"detail": {"in": [{"exists": true}]}}`:                              false,
		`{"detail": {"empty": [{"exists": true}]}}`:                           false,
		`{"detail": {"items": {"code": [137]}}}`:                              true,
		`{"detail": {"items": {"code": [137], "name": ["proxy"]}}}`:           true,
		`{"detail": {"items": {"code": [137], "name": ["web"]}}}`:             false, // not in one
		`{"$or": [{"source": ["x"]}, {"region": ["ap-southeast-2"]}]}`:        true,
		`{"$or": [{"source": ["x"]}, {"region": ["y"]}]}`:                     false,
		`{"source": ["shop"], "detail": {"$or": [{"n": [4]}, {"one": [1]}]}}`: true,
		`{"source": ["x"], "detail": {"$or": [{"n": [5]}, {"one": [1]}]}}`:    false,
	} {
		out, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: aws.String(event)})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if out.Result != want {
			t.Errorf("%s matches: %v, want %v", pattern, out.Result, want)
		}
	}
	for _, event := range []string{"", "{", "[]", `{"id": "1"}`} {
		_, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"source": ["a"]}`), Event: &event})
		wantRefused(t, fmt.Sprintf("the event %q", event), err, "ValidationException")
	}
}

// wantRefused wants an error of AWS.
func wantRefused(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != code {
		t.Errorf("%s gives %v, want %s", what, err, code)
	}
}

// TestEventLimits goes over each limit of rules and targets.
func TestEventLimits(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := eventbridge.NewFromConfig(empty(t).Config())
	rule := func(name string) *eventbridge.PutRuleInput {
		return &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source": ["shop"]}`)}
	}
	for what, tt := range map[string]struct {
		change func(*eventbridge.PutRuleInput)
		code   string
	}{
		"a long name":        {func(r *eventbridge.PutRuleInput) { r.Name = aws.String(strings.Repeat("x", 65)) }, "ValidationException"},
		"a name with spaces": {func(r *eventbridge.PutRuleInput) { r.Name = aws.String("a b") }, "ValidationException"},
		"a long description": {func(r *eventbridge.PutRuleInput) { r.Description = aws.String(strings.Repeat("x", 513)) }, "ValidationException"},
		"another state":      {func(r *eventbridge.PutRuleInput) { r.State = "ON" }, "ValidationException"},
		"a long pattern": {func(r *eventbridge.PutRuleInput) {
			r.EventPattern = aws.String(`{"source": ["` + strings.Repeat("x", 2048) + `"]}`)
		}, "LimitExceededException"},
		"a wrong pattern": {func(r *eventbridge.PutRuleInput) { r.EventPattern = aws.String(`{"source": [{"regex": "x"}]}`) }, "InvalidEventPatternException"},
	} {
		in := rule("limits")
		tt.change(in)
		_, err := client.PutRule(ctx, in)
		wantRefused(t, what, err, tt.code)
	}
	for i := range 300 {
		if _, err := client.PutRule(ctx, rule(fmt.Sprintf("rule-%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.PutRule(ctx, rule("one-more"))
	wantRefused(t, "the 301st rule", err, "LimitExceededException")
	if _, err := client.PutRule(ctx, rule("rule-7")); err != nil {
		t.Errorf("a rule that is there already: %v", err)
	}

	target := func(id string) types.Target {
		return types.Target{
			Id: &id, Arn: aws.String("arn:aws:sns:ap-southeast-2:123456789012:team"),
			DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:ap-southeast-2:123456789012:dead")},
			InputTransformer: &types.InputTransformer{InputPathsMap: map[string]string{"a": "$.detail.a"}, InputTemplate: aws.String("\"A: <a>\"\n\"B \\\"b\\\"\"")},
		}
	}
	put := func(targets ...types.Target) error {
		_, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("rule-1"), Targets: targets})
		return err
	}
	for what, change := range map[string]func(*types.Target){
		"a topic elsewhere": func(t *types.Target) { t.Arn = aws.String("arn:aws:sns:us-east-1:123456789012:team") },
		"a queue elsewhere": func(t *types.Target) { t.DeadLetterConfig.Arn = aws.String("arn:aws:sqs:us-east-1:123456789012:dead") },
		"a FIFO queue": func(t *types.Target) {
			t.DeadLetterConfig.Arn = aws.String("arn:aws:sqs:ap-southeast-2:123456789012:dead.fifo")
		},
		"a long template": func(t *types.Target) {
			t.InputTransformer.InputTemplate = aws.String(`"` + strings.Repeat("x", 8192) + `"`)
		},
		"lines without quotes":   func(t *types.Target) { t.InputTransformer.InputTemplate = aws.String("A: <a>") },
		"a quote that is alone":  func(t *types.Target) { t.InputTransformer.InputTemplate = aws.String(`"A "<a>"`) },
		"an unknown placeholder": func(t *types.Target) { t.InputTransformer.InputTemplate = aws.String(`"A: <b>"`) },
		"a wrong path":           func(t *types.Target) { t.InputTransformer.InputPathsMap["a"] = "$.detail['a']" },
		"a wrong key":            func(t *types.Target) { t.InputTransformer.InputPathsMap["AWS.a"] = "$.detail.a" },
		"many paths": func(t *types.Target) {
			for i := range 100 {
				t.InputTransformer.InputPathsMap[fmt.Sprintf("p%d", i)] = "$.detail.a"
			}
		},
	} {
		one := target("one")
		change(&one)
		wantRefused(t, what, put(one), "ValidationException")
	}
	if err := put(target("1"), target("2"), target("3"), target("4"), target("5")); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "the sixth target", put(target("6")), "LimitExceededException")
	if err := put(target("5")); err != nil {
		t.Errorf("a target that is there already: %v", err)
	}
}
