package evaluate

import (
	"fmt"
	"strings"
)

// token is a piece of an expression or an alarm rule.
type token struct {
	kind tokenKind
	text string
	at   int // bytes before it
}

type tokenKind int

const (
	endToken tokenKind = iota
	numberToken
	wordToken
	stringToken
	symbolToken
)

func (t token) String() string {
	if t.kind == endToken {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

// lex splits a text into tokens. Symbols are listed longest first.
func lex(text string, symbols []string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(text); {
		rest := text[at:]
		t := token{at: at}
		switch c := rest[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			at++
			continue
		case c == '"' || c == '\'':
			end := strings.IndexByte(rest[1:], c)
			if end < 0 {
				return nil, fmt.Errorf("at %d: the text that begins with %c has no end", at+1, c)
			}
			t.kind, t.text = stringToken, rest[:end+2]
		case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
			t.kind, t.text = numberToken, rest[:span(rest, func(c byte) bool { return isDigit(c) || c == '.' })]
		case isLetter(c):
			t.kind, t.text = wordToken, rest[:span(rest, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' })]
		default:
			for _, s := range symbols {
				if strings.HasPrefix(rest, s) {
					t.kind, t.text = symbolToken, s
					break
				}
			}
			if t.text == "" {
				return nil, fmt.Errorf("at %d: %q is not part of any expression", at+1, []rune(rest)[0])
			}
		}
		tokens = append(tokens, t)
		at += len(t.text)
	}
	return append(tokens, token{at: len(text)}), nil
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

// reader hands out tokens.
type reader struct {
	tokens []token
	// depth counts what is nested, so that a text of brackets cannot exhaust the
	// stack.
	depth int
}

const maxDepth = 200

func (r *reader) peek() token { return r.tokens[0] }

func (r *reader) next() token {
	t := r.tokens[0]
	if t.kind != endToken {
		r.tokens = r.tokens[1:]
	}
	return t
}

// accept takes the next token if it is one of these symbols or words.
func (r *reader) accept(texts ...string) (token, bool) {
	t := r.peek()
	if t.kind == symbolToken || t.kind == wordToken {
		for _, text := range texts {
			if t.text == text {
				return r.next(), true
			}
		}
	}
	return token{}, false
}

func (r *reader) expect(text string) error {
	if _, ok := r.accept(text); !ok {
		return r.unexpected(r.peek(), fmt.Sprintf("%q", text))
	}
	return nil
}

func (r *reader) unexpected(t token, want string) error {
	return fmt.Errorf("at %d: is %s, want %s", t.at+1, t, want)
}

// enter counts a level of nesting; leave it with r.depth--.
func (r *reader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("at %d: nested more than %d deep", r.peek().at+1, maxDepth)
	}
	return nil
}
