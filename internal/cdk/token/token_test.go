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
