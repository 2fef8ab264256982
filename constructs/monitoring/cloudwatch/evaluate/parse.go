package evaluate

import (
	"fmt"
	"slices"
	"strconv"
)

// expression is a parsed piece of metric math: a number, a text, an id, a
// function or operator with arguments, or a list in brackets.
type expression struct {
	kind expressionKind
	// text is the id, the function, the operator or the text.
	text   string
	number float64
	args   []*expression
	at     int
	// grouped: it is in parentheses.
	grouped bool
}

func (e *expression) bareNegation() bool { return e.kind == negation && !e.grouped }

type expressionKind int

const (
	numberExpression expressionKind = iota
	textExpression
	idExpression
	callExpression
	operatorExpression
	negation
	listExpression
	wordExpression // REPEAT, LINEAR
)

// binary operators from the loosest to the tightest. AWS does not say how it
// groups a^b^c, a<b<c and -a^b: those are errors.
var precedence = [][]string{
	{"OR", "||"},
	{"AND", "&&"},
	{"==", "!=", "<=", ">=", "<", ">"},
	{"+", "-"},
	{"*", "/"},
	{"^"},
}

const (
	comparisonLevel = 2
	powerLevel      = 5
)

func parseMath(text string) (*expression, error) {
	lexemes, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &mathParser{lexemes: lexemes}
	e, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != endLexeme {
		return nil, p.unexpected(t, "an operator or the end")
	}
	return e, nil
}

// mathParser reads an expression by recursive descent.
type mathParser struct {
	lexemes []lexeme
	// depth counts what is nested, so that a text of brackets cannot exhaust the
	// stack.
	depth int
}

const maxDepth = 200

func (p *mathParser) peek() lexeme { return p.lexemes[0] }

func (p *mathParser) next() lexeme {
	t := p.lexemes[0]
	if t.kind != endLexeme {
		p.lexemes = p.lexemes[1:]
	}
	return t
}

// accept takes the next lexeme if it is one of these symbols or words.
func (p *mathParser) accept(texts ...string) (lexeme, bool) {
	t := p.peek()
	if (t.kind == symbolLexeme || t.kind == wordLexeme) && slices.Contains(texts, t.text) {
		return p.next(), true
	}
	return lexeme{}, false
}

func (p *mathParser) unexpected(t lexeme, want string) error {
	return fmt.Errorf("at %d: is %s, want %s", t.at+1, t, want)
}

func (p *mathParser) binary(level int) (*expression, error) {
	if level == len(precedence) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for chained := false; ; chained = true {
		t, ok := p.accept(precedence[level]...)
		if !ok {
			return left, nil
		}
		if chained && (level == comparisonLevel || level == powerLevel) {
			return nil, fmt.Errorf("at %d: a second %s, want parentheses: AWS does not say which comes first", t.at+1, t)
		}
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		if level == powerLevel && (left.bareNegation() || right.bareNegation()) {
			return nil, fmt.Errorf("at %d: - beside ^, want parentheses: AWS does not say which comes first", t.at+1)
		}
		left = &expression{kind: operatorExpression, text: operatorNames(t.text), args: []*expression{left, right}, at: t.at}
	}
}

func operatorNames(text string) string {
	switch text {
	case "&&":
		return "AND"
	case "||":
		return "OR"
	}
	return text
}

func (p *mathParser) unary() (*expression, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("at %d: nested more than %d deep", p.peek().at+1, maxDepth)
	}
	defer func() { p.depth-- }()
	if t, ok := p.accept("-"); ok {
		arg, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &expression{kind: negation, text: "-", args: []*expression{arg}, at: t.at}, nil
	}
	t := p.next()
	switch {
	case t.kind == numberLexeme:
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, p.unexpected(t, "a number")
		}
		return &expression{kind: numberExpression, text: t.text, number: v, at: t.at}, nil
	case t.kind == stringLexeme:
		return &expression{kind: textExpression, text: t.text[1 : len(t.text)-1], at: t.at}, nil
	case t.kind == wordLexeme:
		return p.word(t)
	case t.text == "(":
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		if _, ok := p.accept(")"); !ok {
			return nil, p.unexpected(p.peek(), `")"`)
		}
		e.grouped = true
		return e, nil
	case t.text == "[":
		args, err := p.arguments("]")
		return &expression{kind: listExpression, text: "[]", args: args, at: t.at}, err
	}
	return nil, p.unexpected(t, "a number, an id or a function")
}

func (p *mathParser) word(t lexeme) (*expression, error) {
	if _, ok := p.accept("("); ok {
		args, err := p.arguments(")")
		return &expression{kind: callExpression, text: t.text, args: args, at: t.at}, err
	}
	if c := t.text[0]; c >= 'a' && c <= 'z' {
		return &expression{kind: idExpression, text: t.text, at: t.at}, nil
	}
	if t.text == "REPEAT" || t.text == "LINEAR" {
		return &expression{kind: wordExpression, text: t.text, at: t.at}, nil
	}
	return nil, p.unexpected(t, "an id, which begins with a lower case letter, or a function with its arguments")
}

func (p *mathParser) arguments(end string) ([]*expression, error) {
	if _, ok := p.accept(end); ok {
		return nil, nil
	}
	var args []*expression
	for {
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, e)
		if _, ok := p.accept(end); ok {
			return args, nil
		}
		if _, ok := p.accept(","); !ok {
			return nil, p.unexpected(p.peek(), fmt.Sprintf(`"," or %q`, end))
		}
	}
}
