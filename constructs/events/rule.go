package events

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Rule is an event, whom it is told to, and what the message says. Title and Where may
// contain values of the event, by their paths: "<$.detail.reason>".
type Rule struct {
	// Key is the rule's stable name, part of its Terraform address. In AWS it is called
	// "<Config.Name>-<Key>".
	Key string
	// Severity says how soon somebody has to act, and so who is told.
	Severity monitoring.Severity
	// Pattern says which events match.
	Pattern Pattern
	// ReadCalls also matches calls of CloudTrail that only read, such as GetSecretValue:
	// without it EventBridge leaves them out. Such patterns name a source and calls, since
	// the reading calls of an account are many. Default: false.
	ReadCalls bool
	// Title says what has happened: "A backup of <$.detail.resourceArn> failed".
	Title string
	// Where says what it has happened to, where the title does not. Region, account and
	// time are in every message. Default: nothing more.
	Where string
	// First says what to do first, in a sentence or two.
	First string
	// Runbook is the anchor of the event's section in the runbook. Default: the message
	// links to the runbook as a whole.
	Runbook string
}

// Rules implements [Source].
func (r Rule) Rules() []Rule { return []Rule{r} }

// Validate implements [Source].
func (r Rule) Validate() error {
	var p problems.Problems
	if !problems.IsKey(r.Key) {
		p.Want("Key", r.Key, "a key that matches %s", problems.KeyPattern)
	}
	if !problems.IsKey(string(r.Severity)) {
		p.Want("Severity", string(r.Severity), "a severity that Topics has, such as critical or warning")
	}
	for _, problem := range problems.List(r.Pattern.validate()) {
		p.Add(problem)
	}
	if strings.TrimSpace(r.Title) == "" {
		p.Want("Title", r.Title, "what has happened")
	}
	if strings.TrimSpace(r.First) == "" {
		p.Want("First", r.First, "what to do first")
	}
	for _, text := range []struct{ field, value, without string }{
		{"Title", r.Title, placeholder.ReplaceAllString(r.Title, "")},
		{"Where", r.Where, placeholder.ReplaceAllString(r.Where, "")},
		{"First", r.First, r.First},
	} {
		switch {
		case strings.ContainsAny(text.value, "\r\n"):
			p.Want(text.field, text.value, "one line")
		case strings.ContainsAny(text.without, "<>"):
			p.Want(text.field, text.value, `no "<" and ">" other than around the path of a value ("<$.detail.reason>"), which EventBridge cannot escape`)
		}
	}
	return p.Err()
}

// placeholder is a value of the event in a text. Paths have what EventBridge takes of
// JSONPath (user guide, "Input transformation"), of which wildcards make lists.
var placeholder = regexp.MustCompile(`<(\$(?:\.[A-Za-z0-9_/-]+(?:\[\d+\])?)+)>`)

// message is what a rule sends: lines of text with placeholders, and the paths of the
// values that stand for them.
type message struct {
	Template string
	Paths    map[string]string
}

// message returns the message of a rule, which is called name in AWS. EventBridge wants
// each line in quotes.
func (r Rule) message(name, runbookURL string) message {
	lines := []string{strings.ToUpper(string(r.Severity)) + ": " + r.Title}
	if r.Where != "" {
		lines = append(lines, "Where: "+r.Where)
	}
	lines = append(lines, "In <$.region>, account <$.account>, at <$.time>", "First: "+r.First)
	if link := r.link(runbookURL); link != "" {
		lines = append(lines, "Runbook: "+link)
	}
	lines = append(lines, "Rule: "+name)
	m := message{Paths: map[string]string{}}
	for i, line := range lines {
		line = placeholder.ReplaceAllStringFunc(line, func(found string) string {
			return "<" + m.name(found[1:len(found)-1]) + ">"
		})
		lines[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(line) + `"`
	}
	m.Template = strings.Join(lines, "\n")
	return m
}

// name returns the placeholder's name for a path: "detail_reason" for
// "$.detail.reason".
func (m message) name(path string) string {
	name := strings.NewReplacer(".", "_", "/", "_", "[", "_", "]", "").Replace(strings.TrimPrefix(path, "$."))
	unique := name
	for n := 2; m.Paths[unique] != "" && m.Paths[unique] != path; n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	m.Paths[unique] = path
	return unique
}

func (r Rule) link(runbookURL string) string {
	if runbookURL == "" || r.Runbook == "" {
		return runbookURL
	}
	return runbookURL + "#" + r.Runbook
}

// description is that of the rule in AWS.
func (r Rule) description(runbookURL string) string {
	if link := r.link(runbookURL); link != "" {
		return r.First + " Runbook: " + link
	}
	return r.First
}

// validateLengths reports what is too long for AWS together with Name and RunbookURL.
func (r Rule) validateLengths(p *problems.Problems, at string, c Config) {
	tooLong := func(field, what string, n, most int) {
		if n > most {
			p.Want(at+field, problems.Text(fmt.Sprintf("%d characters", n)), "at most %d: that is what AWS allows for %s", most, what)
		}
	}
	if name := c.ruleName(r); !token.Is(name) {
		tooLong(".Key", "the name of the rule, "+name, len(name), maxName)
	}
	if text := r.description(c.RunbookURL); !token.Is(text) {
		tooLong(".First", "the description of the rule", utf8.RuneCountInString(text), maxDescription)
	}
	m := r.message(c.ruleName(r), c.RunbookURL)
	if !token.Is(m.Template) {
		tooLong(".Title", "the message", len(m.Template), maxTemplate)
	}
	if len(m.Paths) > maxPaths {
		p.Want(at+".Title", problems.Text(fmt.Sprintf("%d values of the event", len(m.Paths))), "at most %d in a message", maxPaths)
	}
	for _, name := range problems.SortedKeys(m.Paths) {
		tooLong(".Title", "the path of a value", len(m.Paths[name]), maxPath)
	}
}
