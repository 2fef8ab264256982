package evaluate

import (
	"fmt"
	"strings"
)

// lexeme is a piece of an expression of metric math.
type lexeme struct {
	kind lexemeKind
	text string
	at   int // bytes before it
}

type lexemeKind int

const (
	endLexeme lexemeKind = iota
	numberLexeme
	wordLexeme
	stringLexeme
	symbolLexeme
)

func (t lexeme) String() string {
	if t.kind == endLexeme {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

// symbols are listed longest first.
var symbols = []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ","}

// lex splits an expression into its lexemes.
func lex(text string) ([]lexeme, error) {
	var lexemes []lexeme
	for at := 0; at < len(text); {
		rest := text[at:]
		t := lexeme{at: at}
		switch c := rest[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			at++
			continue
		case c == '"' || c == '\'':
			end := strings.IndexByte(rest[1:], c)
			if end < 0 {
				return nil, fmt.Errorf("at %d: the text that begins with %c has no end", at+1, c)
			}
			t.kind, t.text = stringLexeme, rest[:end+2]
		case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
			t.kind, t.text = numberLexeme, rest[:span(rest, func(c byte) bool { return isDigit(c) || c == '.' })]
		case isLetter(c):
			t.kind, t.text = wordLexeme, rest[:span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' })]
		default:
			for _, s := range symbols {
				if strings.HasPrefix(rest, s) {
					t.kind, t.text = symbolLexeme, s
					break
				}
			}
			if t.text == "" {
				return nil, fmt.Errorf("at %d: %q is not part of any expression", at+1, []rune(rest)[0])
			}
		}
		lexemes = append(lexemes, t)
		at += len(t.text)
	}
	return append(lexemes, lexeme{at: len(text)}), nil
}

func span(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
