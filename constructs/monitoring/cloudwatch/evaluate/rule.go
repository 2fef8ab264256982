package evaluate

import (
	"fmt"
	"slices"
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
	// op is AND, OR, NOT, TRUE, FALSE, or the state that alarm is asked for.
	op    string
	alarm string
	args  []*ruleNode
}

// Limits of a rule; see PutCompositeAlarm.
const (
	maxRuleLength   = 10240
	maxRuleAlarms   = 100
	maxRuleElements = 500
)

// ParseRule parses an AlarmRule: TRUE, FALSE, ALARM(x), OK(x) and
// INSUFFICIENT_DATA(x), with NOT, AND and OR, which bind in this order, and
// parentheses. A name may be in quotation marks.
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
		name, err := p.name()
		return &ruleNode{op: word, alarm: name}, err
	}
	if !strings.HasPrefix(p.rest(), "(") {
		return nil, p.unexpected("ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or (")
	}
	p.at++
	p.elements++
	node, err := p.or()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p.rest(), ")") {
		return nil, p.unexpected(`")"`)
	}
	p.at++
	return node, nil
}

// name takes an alarm's name or ARN in parentheses.
func (p *ruleParser) name() (string, error) {
	if !strings.HasPrefix(p.rest(), "(") {
		return "", p.unexpected(`"(" and the name of an alarm`)
	}
	p.at++
	rest := p.rest()
	name, length := "", 0
	if strings.HasPrefix(rest, `"`) {
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			return "", fmt.Errorf("at %d: the name has no closing quotation mark", p.at+1)
		}
		name, length = rest[1:end+1], end+2
	} else {
		length = max(0, strings.IndexByte(rest, ')'))
		name = strings.TrimSpace(rest[:length])
		if strings.ContainsAny(name, `"(`) {
			return "", fmt.Errorf("at %d: %q has to be in quotation marks", p.at+1, name)
		}
	}
	if name == "" {
		return "", p.unexpected("the name of an alarm")
	}
	p.at += length
	if !strings.HasPrefix(p.rest(), ")") {
		return "", p.unexpected(`")"`)
	}
	p.at++
	p.elements++
	if !slices.Contains(p.alarms, name) {
		p.alarms = append(p.alarms, name)
	}
	return name, nil
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
	}
	return state(n.alarm) == cloudwatch.State(n.op)
}
