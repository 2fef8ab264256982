// Package doctest runs the commands of Markdown documents in bash, against a local AWS
// that holds what exists already and, applied by Terraform, the operations stacks. A
// document is one session, and a block that sets the variables begins a fresh shell, as
// for somebody who came to that section by a link. A command counts as wrong when it
// fails, when it prints nothing although the document shows a result, when it names
// something that does not exist, and when it changes AWS without asking first.
package doctest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Document is a Markdown file.
type Document struct {
	// Path is where it was read from.
	Path string
	// Text is its whole content.
	Text string
	// Blocks are its bash blocks, in order.
	Blocks []Block

	otherSamples bool // For chose another environment than the one of the samples
	asks         bool // what changes AWS has to ask first
}

// Block is a fenced bash block.
type Block struct {
	// Line is the line of its opening fence, from 1.
	Line int
	// Heading is the heading above it, with the one of the section around that:
	// "Rollback / Image".
	Heading string
	// Code is what is between the fences.
	Code string
	// Sample is the text block that follows directly, the expected output.
	Sample string
	// HasSample tells an empty sample from none.
	HasSample bool
	// NotRun is why the block cannot run, from the comment above it. "" when it can.
	NotRun string
	// NeedsV2 says that the block has a command that only version 2 of the AWS CLI
	// knows. With version 1 only its syntax is checked.
	NeedsV2 bool
	// Answers are what the reader answers to the block's questions: words that bash
	// expands, each an answer.
	Answers string
	// Typed is the sql or redis block that follows directly, typed into the session that
	// the block opens.
	Typed string
	// UntilCtrlC says that the block goes on until the reader interrupts it.
	UntilCtrlC bool
	// WithoutAWS says that the block is about resources of the reader's own: the AWS CLI
	// answers it by itself, as AWS's APIs are described. A command, option or name in a
	// query that is not there is a problem.
	WithoutAWS bool
}

// Opening is the block that sets the variables: it works in a fresh shell.
const Opening = "source docs/ops.sh"

// opens says whether the block begins a fresh shell.
func (b Block) opens() bool { return strings.TrimSpace(b.Code) == Opening }

// NoOutput is the sample of a block that prints nothing.
const NoOutput = "(no output)"

var (
	fence   = regexp.MustCompile("^(\\s*)```+\\s*([a-z]*)")
	note    = regexp.MustCompile(`^\s*<!-- (not run|needs|answers|until|run): (.+) -->\s*$`)
	badNote = regexp.MustCompile(`<!-- (?:not run|needs|answers|until|run)\b`)
	title   = regexp.MustCompile(`^(#+) (.*)$`)
)

// Read reads a document.
func Read(path string) (Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Document{}, err
	}
	doc, err := Parse(string(text))
	doc.Path = path
	if err != nil {
		return doc, fmt.Errorf("%s: %w", path, err)
	}
	return doc, nil
}

// Parse finds the bash blocks of a document. A fence that is never closed, a comment
// that belongs to no block and a reason that is missing are errors.
func Parse(text string) (Document, error) {
	doc := Document{Text: text}
	p := reader{doc: &doc, last: -1}
	for i, line := range strings.Split(text, "\n") {
		p.line(i+1, line)
	}
	if p.open != nil {
		p.fail(p.open.line, "a fence that is never closed")
	}
	p.pending(0, "")
	return doc, errors.Join(p.errs...)
}

type reader struct {
	doc      *Document
	errs     []error
	headings [7]string
	open     *opened
	last     int // index of the bash block that a sample may follow; -1: none
	comment  *comment
}

// typed are the languages of blocks that are typed into a session.
var typed = []string{"sql", "redis"}

type opened struct {
	line         int
	indent, lang string
	lines        []string
	comment      comment
}

// A comment says how the block below it is run.
type comment struct {
	line       int
	notRun     string
	answers    string
	needsV2    bool
	untilCtrlC bool
	withoutAWS bool
}

func (p *reader) fail(line int, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
}

func (p *reader) line(n int, line string) {
	if p.open != nil {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			p.closeFence()
			return
		}
		p.open.lines = append(p.open.lines, strings.TrimPrefix(line, p.open.indent))
		return
	}
	switch m := fence.FindStringSubmatch(line); {
	case m != nil:
		p.open = &opened{line: n, indent: m[1], lang: m[2]}
		if slices.Contains([]string{"sh", "shell", "console", "zsh"}, m[2]) {
			p.fail(n, "a block of %s would never run, want bash", m[2])
		}
		if p.comment != nil && m[2] == "bash" {
			p.open.comment = *p.comment
			p.comment = nil
		}
		p.pending(n, "")
	case strings.TrimSpace(line) == "": // between a block and its sample
	default:
		p.last = -1
		p.pending(n, line)
		if h := title.FindStringSubmatch(line); h != nil {
			level := len(h[1])
			p.headings[level] = h[2]
			clear(p.headings[level+1:])
		}
	}
}

// pending looks at a line that is no fence: a comment that the next block is for,
// or something that a comment must not be followed by.
func (p *reader) pending(n int, line string) {
	m := note.FindStringSubmatch(line)
	if p.comment != nil && m == nil {
		p.fail(p.comment.line, "the comment is not directly above a bash block")
		p.comment = nil
	}
	c := cmp.Or(p.comment, &comment{line: n})
	switch {
	case m != nil && m[1] == "not run":
		c.notRun = m[2]
	case m != nil && m[1] == "answers":
		c.answers = m[2]
	case m != nil && m[1]+m[2] == "needs"+"aws-cli 2":
		c.needsV2 = true
	case m != nil && m[1]+m[2] == "until"+"Ctrl-C":
		c.untilCtrlC = true
	case m != nil && m[1]+m[2] == "run"+"without AWS":
		c.withoutAWS = true
	case badNote.MatchString(line):
		p.fail(n, "want <!-- not run: reason -->, <!-- needs: aws-cli 2 -->, <!-- answers: words -->, <!-- until: Ctrl-C --> or <!-- run: without AWS --> on a line of its own")
		return
	default:
		return
	}
	p.comment = c
}

func (p *reader) closeFence() {
	block := p.open
	p.open = nil
	code := strings.Join(block.lines, "\n")
	switch {
	case block.lang == "bash":
		p.doc.Blocks = append(p.doc.Blocks, Block{
			Line: block.line, Heading: p.heading(), Code: code,
			NotRun: block.comment.notRun, NeedsV2: block.comment.needsV2,
			Answers: block.comment.answers, UntilCtrlC: block.comment.untilCtrlC,
			WithoutAWS: block.comment.withoutAWS,
		})
		p.last = len(p.doc.Blocks) - 1
	case slices.Contains(typed, block.lang) && p.last >= 0:
		p.doc.Blocks[p.last].Typed = code + "\n"
	case block.lang == "text" && p.last >= 0:
		p.doc.Blocks[p.last].Sample = code
		p.doc.Blocks[p.last].HasSample = true
		p.last = -1
	default:
		p.last = -1
	}
}

// heading is the path of headings below the document's own title.
func (p *reader) heading() string {
	var path []string
	for _, h := range p.headings[2:] {
		if h != "" {
			path = append(path, h)
		}
	}
	if len(path) == 0 {
		return p.headings[1]
	}
	return strings.Join(path, " / ")
}

// HasEnvironment says whether the document's commands are for an environment that the
// reader chooses.
func (d Document) HasEnvironment() bool { return slices.ContainsFunc(d.Blocks, Block.opens) }

// For returns the document as it is read for an environment: wherever it asks for one,
// the answer is its name. In the section of an alarm the answer is the alarm's name,
// which alarms has by the section's heading.
func (d Document) For(environment string, alarms map[string]string) Document {
	blocks := slices.Clone(d.Blocks)
	for i, b := range blocks {
		if b.opens() {
			blocks[i].Answers = cmp.Or(alarms[b.Heading], environment)
		}
	}
	d.asks = d.HasEnvironment()
	d.otherSamples = d.asks && environment != "staging"
	d.Blocks = blocks
	return d
}
