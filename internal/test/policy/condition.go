package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An operator is a condition operator, taken apart.
type operator struct {
	base     func(have, want string) (bool, error)
	negated  bool // true where no value of the policy is met
	set      string
	ifExists bool
	null     bool
}

// How a condition compares several values of a request.
const (
	forAll = "ForAllValues"
	forAny = "ForAnyValue"
)

func verbatim(compare func(have, want string) bool) func(string, string) (bool, error) {
	return func(have, want string) (bool, error) {
		literal, err := unescape(want)
		return err == nil && compare(have, literal), err
	}
}

func number(compare func(have, want float64) bool) func(string, string) (bool, error) {
	return func(have, want string) (bool, error) {
		h, err := strconv.ParseFloat(have, 64)
		if err != nil {
			return false, nil //nolint:nilerr // what is no number does not match
		}
		w, err := strconv.ParseFloat(want, 64)
		if err != nil {
			return false, fmt.Errorf("%q is not a number", want)
		}
		return compare(h, w), nil
	}
}

func like(have, want string) (bool, error) { return wildcard(want, have) }

// operators are the condition operators that are known. Negated ones have the
// comparison of what they negate.
var operators = map[string]operator{
	"StringEquals":              {base: verbatim(func(a, b string) bool { return a == b })},
	"StringNotEquals":           {base: verbatim(func(a, b string) bool { return a == b }), negated: true},
	"StringEqualsIgnoreCase":    {base: verbatim(strings.EqualFold)},
	"StringNotEqualsIgnoreCase": {base: verbatim(strings.EqualFold), negated: true},
	"StringLike":                {base: like},
	"StringNotLike":             {base: like, negated: true},
	// ArnEquals and ArnLike are the same.
	"ArnEquals":                {base: arnLike},
	"ArnNotEquals":             {base: arnLike, negated: true},
	"ArnLike":                  {base: arnLike},
	"ArnNotLike":               {base: arnLike, negated: true},
	"Bool":                     {base: verbatim(strings.EqualFold)},
	"NumericEquals":            {base: number(func(a, b float64) bool { return a == b })},
	"NumericNotEquals":         {base: number(func(a, b float64) bool { return a == b }), negated: true},
	"NumericLessThan":          {base: number(func(a, b float64) bool { return a < b })},
	"NumericLessThanEquals":    {base: number(func(a, b float64) bool { return a <= b })},
	"NumericGreaterThan":       {base: number(func(a, b float64) bool { return a > b })},
	"NumericGreaterThanEquals": {base: number(func(a, b float64) bool { return a >= b })},
	"Null":                     {null: true},
}

// parseOperator takes the name of an operator apart: "ForAnyValue:StringLikeIfExists".
func parseOperator(name string) (operator, error) {
	rest, set := name, ""
	if before, after, found := strings.Cut(name, ":"); found {
		if before != forAll && before != forAny {
			return operator{}, fmt.Errorf("condition operator %q is not known", name)
		}
		set, rest = before, after
	}
	base, ifExists := strings.CutSuffix(rest, "IfExists")
	op, known := operators[base]
	if !known || op.null && (ifExists || set != "") {
		return operator{}, fmt.Errorf("condition operator %q is not known", name)
	}
	op.set, op.ifExists = set, ifExists
	return op, nil
}

// meets reports whether the values of a context key meet a condition. No values means
// that the request does not have the key.
func (op operator) meets(values []string, want List) (bool, error) {
	if op.null {
		if len(want) != 1 || want[0] != "true" && want[0] != "false" {
			return false, fmt.Errorf("Null: is %q, want true or false", want) //nolint:staticcheck // the operator's name
		}
		return (len(values) == 0) == (want[0] == "true"), nil
	}
	if len(values) == 0 {
		switch {
		case op.ifExists, op.set == forAll:
			return true, nil
		case op.set == forAny:
			return false, nil
		default:
			return op.negated, nil
		}
	}
	if op.set == "" && len(values) > 1 {
		return false, fmt.Errorf("the request has the values %q: want %s or %s", values, forAll, forAny)
	}
	var failed error
	matches := func(value string) bool {
		found := slices.ContainsFunc(want, func(pattern string) bool {
			ok, err := op.base(value, pattern)
			if err != nil {
				failed = err
			}
			return ok
		})
		return found != op.negated
	}
	met := 0
	for _, value := range values {
		if matches(value) {
			met++
		}
	}
	if op.set == forAny {
		return met > 0, failed
	}
	return met == len(values), failed
}
