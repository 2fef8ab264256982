package evaluate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Rule is a parsed AlarmRule of a composite alarm.
type Rule struct {
	root *ruleNode
	// Alarms are the alarms that it watches, by name or ARN as they are written, in
	// order, each once.
	Alarms []string
}

type ruleNode struct {
	// op is AND, OR, NOT, TRUE, FALSE, AT_LEAST, or the state that alarm is asked for.
	op    string
	alarm string
	args  []*ruleNode
	// least is how many args of AT_LEAST have to hold.
	least int
}

// Limits of a rule; see PutCompositeAlarm.
const (
	maxRuleLength   = 10240
	maxRuleAlarms   = 100
	maxRuleElements = 500
)

// ParseRule parses an AlarmRule: TRUE, FALSE, ALARM(x), OK(x), INSUFFICIENT_DATA(x),
// AT_LEAST(2, ALARM, (x, y, z)) and AT_LEAST(50%, NOT OK, (x, y)), with NOT, AND and
// OR, which bind in this order, and parentheses. A name may be in quotation marks, in
// which a backslash stands before a quotation mark; one with spaces, parentheses or
// commas has to be. See the user guide, "Composite alarms".
func ParseRule(text string) (Rule, error) {
	if len(text) > maxRuleLength {
		return Rule{}, fmt.Errorf("has %d characters, want at most %d", len(text), maxRuleLength)
	}
	p := &ruleParser{text: text}
	root, err := p.or()
	if err != nil {
		return Rule{}, err
	}
	if p.rest() != "" {
		return Rule{}, p.unexpected("AND, OR or the end")
	}
	switch {
	case len(p.alarms) > maxRuleAlarms:
		return Rule{}, fmt.Errorf("watches %d alarms, want at most %d", len(p.alarms), maxRuleAlarms)
	case p.elements > maxRuleElements:
		return Rule{}, fmt.Errorf("has %d elements, want at most %d", p.elements, maxRuleElements)
	}
	return Rule{root: root, Alarms: p.alarms}, nil
}

type ruleParser struct {
	text     string
	at       int
	depth    int
	elements int
	alarms   []string
}

// rest skips space and returns what is left.
func (p *ruleParser) rest() string {
	trimmed := strings.TrimLeft(p.text[p.at:], " \t\r\n")
	p.at = len(p.text) - len(trimmed)
	return trimmed
}

// word returns the next word without taking it.
func (p *ruleParser) word() string {
	rest := p.rest()
	return rest[:span(rest, func(c byte) bool { return isLetter(c) || c == '_' })]
}

func (p *ruleParser) unexpected(want string) error {
	rest := p.rest()
	if rest == "" {
		return fmt.Errorf("at %d: is the end, want %s", p.at+1, want)
	}
	found := p.word()
	if found == "" {
		found = string([]rune(rest)[:1])
	}
	return fmt.Errorf("at %d: is %q, want %s", p.at+1, found, want)
}

func (p *ruleParser) or() (*ruleNode, error) { return p.joined("OR", p.and) }

func (p *ruleParser) and() (*ruleNode, error) { return p.joined("AND", p.not) }

func (p *ruleParser) joined(op string, operand func() (*ruleNode, error)) (*ruleNode, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	node := &ruleNode{op: op, args: []*ruleNode{first}}
	for p.word() == op {
		p.at += len(op)
		next, err := operand()
		if err != nil {
			return nil, err
		}
		node.args = append(node.args, next)
	}
	if len(node.args) == 1 {
		return first, nil
	}
	return node, nil
}

func (p *ruleParser) not() (*ruleNode, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("at %d: nested more than %d deep", p.at+1, maxDepth)
	}
	defer func() { p.depth-- }()
	switch word := p.word(); word {
	case "NOT":
		p.at += len(word)
		arg, err := p.not()
		return &ruleNode{op: "NOT", args: []*ruleNode{arg}}, err
	case "TRUE", "FALSE":
		p.at += len(word)
		p.elements++
		return &ruleNode{op: word}, nil
	case string(cloudwatch.InAlarm), string(cloudwatch.OK), string(cloudwatch.InsufficientData):
		p.at += len(word)
		if err := p.take("("); err != nil {
			return nil, err
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		return &ruleNode{op: word, alarm: name}, p.take(")")
	case "AT_LEAST":
		p.at += len(word)
		return p.atLeast()
	}
	if !strings.HasPrefix(p.rest(), "(") {
		return nil, p.unexpected("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE, NOT or (")
	}
	p.at++
	p.elements++
	node, err := p.or()
	if err != nil {
		return nil, err
	}
	return node, p.take(")")
}

// take takes a sign.
func (p *ruleParser) take(sign string) error {
	if !strings.HasPrefix(p.rest(), sign) {
		return p.unexpected(strconv.Quote(sign))
	}
	p.at += len(sign)
	return nil
}

// atLeast takes what follows AT_LEAST: (2, ALARM, (a, b)).
func (p *ruleParser) atLeast() (*ruleNode, error) {
	if err := p.take("("); err != nil {
		return nil, err
	}
	rest := p.rest()
	at, digits := p.at+1, rest[:span(rest, isDigit)]
	number, err := strconv.Atoi(digits)
	if err != nil {
		return nil, p.unexpected("a whole number, or one with %")
	}
	p.at += len(digits)
	percent := strings.HasPrefix(p.rest(), "%")
	if percent {
		p.at++
	}
	if err := p.take(","); err != nil {
		return nil, err
	}
	not := p.word() == "NOT"
	if not {
		p.at += len("NOT")
	}
	state := p.word()
	if !slices.Contains(states, cloudwatch.State(state)) {
		return nil, p.unexpected("ALARM, OK or INSUFFICIENT_DATA")
	}
	p.at += len(state)
	if err := p.take(","); err != nil {
		return nil, err
	}
	node := &ruleNode{op: "AT_LEAST"}
	seen := map[string]bool{}
	for sign := "("; sign == "(" || strings.HasPrefix(p.rest(), ","); sign = "," {
		if err := p.take(sign); err != nil {
			return nil, err
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("at %d: AT_LEAST names %q twice, want each alarm once: AWS does not say how often it counts", at, name)
		}
		seen[name] = true
		arg := &ruleNode{op: state, alarm: name}
		if not {
			arg = &ruleNode{op: "NOT", args: []*ruleNode{arg}}
		}
		node.args = append(node.args, arg)
	}
	switch n := len(node.args); {
	case percent && (number < 1 || number > 100):
		return nil, fmt.Errorf("at %d: AT_LEAST has %d%%, want 1%% to 100%%", at, number)
	case percent:
		node.least = (number*n + 99) / 100 // no part of an alarm can be in a state
	case number < 1 || number > n:
		return nil, fmt.Errorf("at %d: AT_LEAST has %d, want 1 to %d, which is how many alarms it names", at, number, n)
	default:
		node.least = number
	}
	if err := p.take(")"); err != nil {
		return nil, err
	}
	return node, p.take(")")
}

// name takes an alarm's name or ARN.
func (p *ruleParser) name() (string, error) {
	rest := p.rest()
	name, length := "", 0
	if strings.HasPrefix(rest, `"`) {
		if name, length = unquote(rest); length == 0 {
			return "", fmt.Errorf("at %d: the name has no closing quotation mark", p.at+1)
		}
	} else {
		length = span(rest, func(c byte) bool { return !strings.ContainsRune(" \t\r\n(),\"", rune(c)) })
		name = rest[:length]
	}
	if name == "" {
		return "", p.unexpected("the name of an alarm")
	}
	at := p.at
	p.at += length
	if next := p.rest(); next != "" && !strings.ContainsRune("),", rune(next[0])) {
		return "", fmt.Errorf("at %d: the name %q goes on after its end; one with spaces, parentheses or commas has to be in quotation marks", at+1, name)
	}
	p.elements++
	if !slices.Contains(p.alarms, name) {
		p.alarms = append(p.alarms, name)
	}
	return name, nil
}

// unquote returns what is in quotation marks at the begin of a text, and how long it is
// with them; 0 where they do not end.
func unquote(text string) (name string, length int) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return out.String(), i + 1
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		out.WriteByte(text[i])
	}
	return "", 0
}

// True says whether the rule holds with these states of the alarms.
func (r Rule) True(state func(alarm string) cloudwatch.State) bool { return r.root.holds(state) }

func (n *ruleNode) holds(state func(string) cloudwatch.State) bool {
	switch n.op {
	case "TRUE":
		return true
	case "FALSE":
		return false
	case "NOT":
		return !n.args[0].holds(state)
	case "AND":
		return !slices.ContainsFunc(n.args, func(a *ruleNode) bool { return !a.holds(state) })
	case "OR":
		return slices.ContainsFunc(n.args, func(a *ruleNode) bool { return a.holds(state) })
	case "AT_LEAST":
		hits := 0
		for _, a := range n.args {
			if a.holds(state) {
				hits++
			}
		}
		return hits >= n.least
	}
	return state(n.alarm) == cloudwatch.State(n.op)
}
