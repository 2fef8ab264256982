// Package token knows cdktf's tokens: strings and numbers that stand for
// references which only Terraform can resolve. It is plain Go.
package token

import (
	"math"
	"regexp"
	"strings"
)

// Is reports whether s contains a reference, so that nothing can be said about
// its value. "${" begins references of Terraform too; cdktf marks elements of
// lists with "#{".
func Is(s string) bool {
	references, _ := scan(s)
	return references || strings.Contains(s, "#{TfToken[")
}

// IsLone reports whether "${" or "%{" stands somewhere in s and begins nothing that
// Terraform understands: a reference that ends, or a directive. For the characters
// themselves Terraform wants "$${" and "%%{".
func IsLone(s string) bool {
	_, lone := scan(s)
	return lone
}

var directive = regexp.MustCompile(`^~?\s*(if|else|endif|for|endfor)\b`)

func scan(s string) (references, lone bool) {
	for i := 0; i+1 < len(s); i++ {
		mark := s[i]
		if mark != '$' && mark != '%' || s[i+1] != '{' {
			continue
		}
		if i > 0 && s[i-1] == mark {
			continue // escaped
		}
		inside := s[i+2:]
		end := closing(inside)
		switch {
		case end < 0 || strings.TrimSpace(inside[:end]) == "":
			lone = true
		case mark == '%' && !directive.MatchString(inside):
			lone = true
		default:
			references = true
			i += 2 + end
		}
	}
	return references, lone
}

// closing returns where the "}" is that ends what s begins in, or -1. Braces in
// strings do not count.
func closing(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}

// IsNumber reports whether f stands for a reference: cdktf writes such numbers as
// doubles with a marker in their top 16 bits, elements of lists with another one.
func IsNumber(f float64) bool {
	marker := math.Float64bits(f) >> 48
	return marker == 0xfdff || marker == 0xfbff
}

// Escape protects text that Terraform would take for a reference, such as
// CloudWatch's own "${LABEL}".
func Escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }
