package events

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/smithy-go"
)

const anyEvent = `{"id": "1", "account": "123456789012", "source": "shop", "time": "2026-11-23T02:08:44Z",
	"region": "ap-southeast-2", "resources": [], "detail-type": "order", "detail": {}}`

// TestGrammar compares what we refuse of a pattern with what EventBridge refuses.
func TestGrammar(t *testing.T) {
	client := eventBridge(t)
	is := func(values ...any) Pattern { return Pattern{"detail": Pattern{"state": Is(values...)}} }
	operator := func(name string, operand any) Pattern { return is(map[string]any{name: operand}) }
	for _, tt := range []struct {
		pattern Pattern
		want    string // "" is valid
	}{
		{is("a", 1, 2.5, true, nil), ""},
		{is(Prefix("a"), Suffix("b"), Wildcard(`a*b\*c\\d*`), Exists(false)), ""},
		{is(AnythingBut("a", "b"), AnythingBut(1, 2)), ""},
		{is(Numeric("<", 5), Numeric(">=", -1.5, "<", 7), Numeric("=", 5e9)), ""},
		{operator("anything-but", "a"), ""},
		{operator("anything-but", map[string]any{"prefix": "a"}), ""},
		{operator("anything-but", map[string]any{"wildcard": []any{"a*", "*b"}}), ""},
		{operator("prefix", map[string]any{"equals-ignore-case": "a"}), ""},
		{operator("equals-ignore-case", "a"), ""},
		{operator("cidr", "10.0.0.0/8"), ""},
		{operator("cidr", "2001:db8::/32"), ""},
		{Pattern{"source": Is("a"), "$or": Either(Pattern{"region": Is("b")}, Pattern{"detail": Pattern{"c": Is("d")}})}, ""},
		{Pattern{"detail": Pattern{"a": Is("b"), "$or": Either(Pattern{"c": Is("d")}, Pattern{"$or": Either(Pattern{"e": Is("f")}, Pattern{"g": Is("h")})})}}, ""},

		{Pattern{}, "Pattern: is empty, want at least one field"},
		{Pattern{"detail": Pattern{}}, `Pattern["detail"]: is empty, want at least one field`},
		{Pattern{"source": "aws.ecs"}, `Pattern["source"]: is "aws.ecs", want a list of values, Is("aws.ecs"), or a Pattern`},
		{is(), `Pattern["detail"]["state"]: is empty, want at least one value`},
		{is(Is("a")), `Pattern["detail"]["state"][0]: is [a], want a text, a number, true, false, nil or an operator`},
		{is(map[string]any{}), `Pattern["detail"]["state"][0]: is 0 operators, want one operator`},
		{is(map[string]any{"prefix": "a", "suffix": "b"}), `Pattern["detail"]["state"][0]: is 2 operators, want one operator`},
		{operator("regex", "a"), `Pattern["detail"]["state"][0]: is "regex", want an operator: one of prefix, cidr, suffix (the nearest of 8)`},
		{operator("prefix", 3), `["prefix"]: is 3, want a text, or {"equals-ignore-case": text}`},
		{operator("suffix", map[string]any{"wildcard": "a"}), `["suffix"]: is map[wildcard:a], want a text`},
		{operator("equals-ignore-case", []any{"a"}), `["equals-ignore-case"]: is [a], want a text`},
		{operator("wildcard", "a**b"), `["wildcard"]: is "a**b", want a text, in which no "*" follows another`},
		{operator("wildcard", `a\b`), `["wildcard"]: is "a\\b", want a text`},
		{operator("wildcard", `a\`), `["wildcard"]: is "a\\", want a text`},
		{operator("exists", "true"), `["exists"]: is "true", want true or false`},
		{operator("anything-but", []any{"a", 1}), `["anything-but"]: is [a 1], want a text, a number`},
		{operator("anything-but", []any{}), `["anything-but"]: is [], want a text, a number`},
		{operator("anything-but", map[string]any{"numeric": []any{">", 1}}), `["anything-but"]: is map[numeric:[> 1]], want`},
		{operator("anything-but", map[string]any{"wildcard": "**"}), `["anything-but"]: is map[wildcard:**], want`},
		{operator("numeric", []any{">"}), `["numeric"]: is [>], want comparisons`},
		{operator("numeric", []any{"!=", 3}), `["numeric"]: is [!= 3], want comparisons`},
		{operator("numeric", []any{">", "3"}), `["numeric"]: is [> 3], want comparisons`},
		{operator("numeric", []any{">", 6e9}), `["numeric"]: is [> 6e+09], want comparisons`},
		{operator("numeric", []any{"<", 3, ">", 1}), `["numeric"]: is [< 3 > 1], want comparisons`},
		{operator("numeric", []any{">", 7, "<", 4}), `["numeric"]: is [> 7 < 4], want comparisons`},
		{operator("cidr", "10.0.0.1"), `["cidr"]: is "10.0.0.1", want a range of addresses`},
		{
			Pattern{"source": Is("a"), "$or": Either(Pattern{"source": Is("b")}, Pattern{"region": Is("c")})},
			`Pattern: is "source", want each field either in "$or" or beside it, not both`,
		},
		{
			Pattern{"detail": Pattern{"a": Is("b")}, "$or": Either(Pattern{"region": Is("c")}, Pattern{"detail": Pattern{"a": Is("d")}})},
			`Pattern: is "detail.a", want each field either`,
		},
	} {
		text, err := tt.pattern.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := tt.pattern.validate(); err != nil {
			got = err.Error()
		}
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: we say %q, want %q", text, got, tt.want)
		}
		_, err = client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: &text, Event: aws.String(anyEvent)})
		var refused smithy.APIError
		if errors.As(err, &refused) != (tt.want != "") || refused != nil && refused.ErrorCode() != "InvalidEventPatternException" {
			t.Errorf("%s: EventBridge says %v, want it to refuse it: %v", text, err, tt.want != "")
		}
	}
}

// What EventBridge takes, but can never match or is too long.
func TestPatternsThatNeverMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern Pattern
		want    string
	}{
		{Pattern{"detailtype": Is("order")}, `Pattern: is "detailtype", want a field that events have: one of detail-type, detail, time (the nearest of 9)`},
		{Pattern{"source": Is(strings.Repeat("x", 2048))}, "Pattern: is 2063 characters of JSON, want at most 2048: make two rules of it"},
		{Pattern{"detail": Pattern{"$or": Is(Pattern{"a": Is("b")})}}, `Pattern["detail"]["$or"]: is 1 patterns, want at least two patterns, of which one has to match`},
		{Pattern{"detail": Pattern{"$or": Is("a", "b")}}, `Pattern["detail"]["$or"][0]: is "a", want a Pattern` + "\n" + `Pattern["detail"]["$or"][1]: is "b", want a Pattern`},
		{Pattern{"source": Is(make(chan int))}, "Pattern: is no JSON, want values that JSON has: writing the pattern as JSON: json: unsupported type: chan int"},
	} {
		if err := tt.pattern.validate(); err == nil || err.Error() != tt.want {
			t.Errorf("error is %v, want %s", err, tt.want)
		}
	}
}
