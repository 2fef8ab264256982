// Package doctest runs the commands of Markdown documents. Each document is one bash
// session against a local AWS that holds what exists already and, applied by
// Terraform, the operations stacks. A command counts as wrong when it fails, when it
// prints nothing although the document shows a result, and when it names something
// that does not exist.
package doctest

import (
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
}

// NoOutput is the sample of a block that prints nothing.
const NoOutput = "(no output)"

var (
	fence   = regexp.MustCompile("^(\\s*)```+\\s*([a-z]*)")
	notRun  = regexp.MustCompile(`^\s*<!-- not run: (.+) -->\s*$`)
	needsV2 = regexp.MustCompile(`^\s*<!-- needs: aws-cli 2 -->\s*$`)
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

type opened struct {
	line         int
	indent, lang string
	lines        []string
	notRun       string
	needsV2      bool
}

type comment struct {
	line    int
	notRun  string
	needsV2 bool
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
			p.open.notRun, p.open.needsV2 = p.comment.notRun, p.comment.needsV2
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
	if p.comment != nil {
		p.fail(p.comment.line, "the comment is not directly above a bash block")
		p.comment = nil
	}
	if m := notRun.FindStringSubmatch(line); m != nil {
		p.comment = &comment{line: n, notRun: m[1]}
	} else if needsV2.MatchString(line) {
		p.comment = &comment{line: n, needsV2: true}
	} else if strings.Contains(line, "<!-- not run") || strings.Contains(line, "<!-- needs") {
		p.fail(n, "want <!-- not run: reason --> or <!-- needs: aws-cli 2 --> on a line of its own")
	}
}

func (p *reader) closeFence() {
	block := p.open
	p.open = nil
	code := strings.Join(block.lines, "\n")
	switch {
	case block.lang == "bash":
		p.doc.Blocks = append(p.doc.Blocks, Block{
			Line: block.line, Heading: p.heading(), Code: code,
			NotRun: block.notRun, NeedsV2: block.needsV2,
		})
		p.last = len(p.doc.Blocks) - 1
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

// environmentLine sets the environment that a document's commands are for.
var environmentLine = regexp.MustCompile(`(?m)^ENV=staging\b`)

// HasEnvironment says whether the document chooses its environment in a variable.
func (d Document) HasEnvironment() bool {
	for _, b := range d.Blocks {
		if environmentLine.MatchString(b.Code) {
			return true
		}
	}
	return false
}

// For returns the document with its ENV variable set to another environment.
func (d Document) For(environment string) Document {
	blocks := make([]Block, len(d.Blocks))
	for i, b := range d.Blocks {
		b.Code = environmentLine.ReplaceAllString(b.Code, "ENV="+environment)
		blocks[i] = b
	}
	d.otherSamples = d.HasEnvironment() && environment != "staging"
	d.Blocks = blocks
	return d
}
