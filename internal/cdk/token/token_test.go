package token

import (
	"math"
	"testing"
)

func TestIs(t *testing.T) {
	for s, want := range map[string]bool{
		"${aws_lb.a.arn_suffix}": true, "a-${var.b}": true, "${TfToken[TOKEN.1]}": true, "#{TfToken[TOKEN.1]}": true,
		"": false, "a": false, "$a": false, "#{a}": false,
	} {
		if Is(s) != want {
			t.Errorf("Is(%q) is %v", s, !want)
		}
	}
}

func TestIsNumber(t *testing.T) {
	// What cdktf makes of its fifth token (tokens/private/encoding.js), alone and as
	// an element of a list.
	for _, marker := range []uint64{0xfdff, 0xfbff} {
		if token := math.Float64frombits(marker<<48 + 5); !IsNumber(token) {
			t.Errorf("%v is not a token", token)
		}
	}
	for _, number := range []float64{0, 1, -1, 80, 10 << 30, math.MaxFloat64, -math.MaxFloat64} {
		if IsNumber(number) {
			t.Errorf("%v is a token", number)
		}
	}
}

func TestEscape(t *testing.T) {
	if got, want := Escape("now ${LAST}"), "now $${LAST}"; got != want {
		t.Errorf("Escape is %q, want %q", got, want)
	}
}

func TestIsLone(t *testing.T) {
	for s, want := range map[string]struct{ lone, reference bool }{
		"":                            {},
		"100 % { $5 } $":              {},
		"$${a}":                       {},
		"%%{a}":                       {},
		"$":                           {},
		"a $":                         {},
		"${var.a}":                    {reference: true},
		"a-${var.b}-${var.c}":         {reference: true},
		`${join("}", var.a)}`:         {reference: true},
		`${merge({}, {a = "\"}"})}`:   {reference: true},
		"%{ if var.a }b%{~ endif }":   {reference: true},
		"%{for a in b}%{endfor}":      {reference: true},
		"${":                          {lone: true},
		"%{":                          {lone: true},
		"${}":                         {lone: true},
		"${ }":                        {lone: true},
		"${a":                         {lone: true},
		`${"}`:                        {lone: true},
		"%{http_code}":                {lone: true},
		"${var.a} and ${":             {lone: true, reference: true},
		"$${a} and ${":                {lone: true},
		"#{TfToken[TOKEN.1]} and %{a": {lone: true, reference: true},
	} {
		if IsLone(s) != want.lone || Is(s) != want.reference {
			t.Errorf("%q: lone is %v, reference %v, want %v, %v", s, IsLone(s), Is(s), want.lone, want.reference)
		}
	}
}
