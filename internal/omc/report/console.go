package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Console reports to people: as text, with live lines where the output is a terminal
// and plain lines elsewhere.
type Console struct {
	to  io.Writer
	now func() time.Time
	// terminal says that lines can be rewritten, color that they can be colored.
	terminal, color bool
	// width returns how many characters fit on a line of the terminal.
	width func() int
	// annotate says that GitHub Actions reads the output.
	annotate bool

	mu    sync.Mutex
	order []string
	live  map[string]liveLine
	drawn int // live lines that are on the screen now
}

type liveLine struct {
	text    string
	printed time.Time // when it was printed last, on a plain output
}

// repeatAfter is how often a live line that is no news is printed all the same on a
// plain output, as a sign of life.
const repeatAfter = 30 * time.Second

// NewConsole returns a reporter that writes to file. The environment variables
// NO_COLOR, TERM and GITHUB_ACTIONS are respected.
func NewConsole(file *os.File, getenv func(string) string, now func() time.Time) *Console {
	width := func() int {
		columns, _, err := term.GetSize(int(file.Fd()))
		if err != nil || columns == 0 {
			return usualWidth
		}
		return columns
	}
	terminal := term.IsTerminal(int(file.Fd())) && getenv("TERM") != "dumb"
	return newConsole(file, terminal, width, getenv, now)
}

// usualWidth is how wide a terminal is that does not say so.
const usualWidth = 80

func newConsole(to io.Writer, terminal bool, width func() int, getenv func(string) string, now func() time.Time) *Console {
	return &Console{
		to: to, now: now, terminal: terminal, width: width,
		color:    terminal && getenv("NO_COLOR") == "",
		annotate: getenv("GITHUB_ACTIONS") == "true",
		live:     map[string]liveLine{},
	}
}

const (
	bold   = "\x1b[1m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	plain  = "\x1b[0m"
	// upAndClear moves to the line above and empties it.
	upAndClear = "\x1b[1A\x1b[2K"
)

// Phase prints a heading.
func (c *Console) Phase(number, of int, title string) {
	c.Settle()
	c.print(bold, fmt.Sprintf("[%d/%d] %s", number, of, title))
}

// Info prints a line.
func (c *Console) Info(text string) { c.print("", indent(text)) }

// Warn prints a line that stands out.
func (c *Console) Warn(text string) {
	c.print(yellow, indent("warning: "+text))
}

// Fail prints why the verb fails.
func (c *Console) Fail(text string) {
	c.Settle()
	c.print(red, "Error: "+text)
	c.annotateError(text)
}

// Live draws a line anew, or prints it when it is news.
func (c *Console) Live(key, text string, elapsed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, known := c.live[key]
	if !known {
		c.order = append(c.order, key)
	}
	line := printable(fmt.Sprintf("  %s (%s): %s", key, elapsed.Round(time.Second), text))
	if !c.terminal {
		now := c.now()
		if known && last.text == text && now.Sub(last.printed) < repeatAfter {
			return
		}
		fmt.Fprintln(c.to, line)
		c.live[key] = liveLine{text: text, printed: now}
		return
	}
	c.live[key] = liveLine{text: line}
	c.erase()
	c.draw()
}

// Settle leaves the live lines as they are and begins anew.
func (c *Console) Settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drawn, c.order = 0, nil
	clear(c.live)
}

// print prints a line above the live ones.
func (c *Console) print(color, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	text = printable(text)
	if c.color && color != "" {
		text = color + text + plain
	}
	fmt.Fprintln(c.to, text)
	c.draw()
}

func (c *Console) erase() {
	fmt.Fprint(c.to, strings.Repeat(upAndClear, c.drawn))
	c.drawn = 0
}

func (c *Console) draw() {
	if !c.terminal {
		return
	}
	for _, key := range c.order {
		fmt.Fprintln(c.to, cut(c.live[key].text, c.width()-1))
	}
	c.drawn = len(c.order)
}

// annotateError tells GitHub Actions.
func (c *Console) annotateError(text string) {
	if !c.annotate {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.to, "::error title=omc::%s\n", escapeCommand(text))
}

// escapeCommand makes text safe for a workflow command of GitHub Actions.
func escapeCommand(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// cut returns text without what does not fit, and without anything that moves the cursor.
func cut(text string, width int) string {
	runes := slices.DeleteFunc([]rune(text), func(r rune) bool { return r < ' ' })
	if width = max(width, 1); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return string(runes)
}
