// Package token knows cdktf's tokens: strings and numbers that stand for
// references which only Terraform can resolve. It is plain Go.
package token

import (
	"math"
	"strings"
)

// Is reports whether s contains a reference, so that nothing can be said about
// its value. "${" begins references of Terraform too; cdktf marks elements of
// lists with "#{".
func Is(s string) bool { return strings.Contains(s, "${") || strings.Contains(s, "#{TfToken[") }

// IsNumber reports whether f stands for a reference: cdktf writes such numbers as
// doubles with a marker in their top 16 bits, elements of lists with another one.
func IsNumber(f float64) bool {
	marker := math.Float64bits(f) >> 48
	return marker == 0xfdff || marker == 0xfbff
}

// Escape protects text that Terraform would take for a reference, such as
// CloudWatch's own "${LABEL}".
func Escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }
