package report

import (
	"strings"
	"testing"
	"time"
)

func consoleFor(terminal bool, env map[string]string) (*Console, *strings.Builder, *time.Time) {
	var out strings.Builder
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return newConsole(&out, terminal, func() int { return 40 }, func(key string) string { return env[key] }, func() time.Time { return now }), &out, &now
}

// TestConsoleOnAPipe wants plain lines, and no line twice that says nothing new.
func TestConsoleOnAPipe(t *testing.T) {
	t.Parallel()
	c, out, now := consoleFor(false, nil)
	c.Phase(5, 5, "Wait and check")
	c.Live("backend", "1 of 2 running", 0)
	c.Live("backend", "1 of 2 running", 5*time.Second)
	*now = now.Add(repeatAfter)
	c.Live("backend", "1 of 2 running", 30*time.Second)
	c.Live("backend", "2 of 2 running", 35*time.Second)
	c.Warn("careful")
	c.Fail("it failed")
	want := `[5/5] Wait and check
  backend (0s): 1 of 2 running
  backend (30s): 1 of 2 running
  backend (35s): 2 of 2 running
  warning: careful
Error: it failed
`
	if out.String() != want {
		t.Errorf("got:\n%s", out)
	}
}

// TestConsoleOnATerminal wants live lines that are drawn over, colors, and no line
// that is wider than the terminal.
func TestConsoleOnATerminal(t *testing.T) {
	t.Parallel()
	c, out, _ := consoleFor(true, nil)
	c.Live("backend", "one", 0)
	c.Live("frontend", "two", 0)
	c.Live("backend", strings.Repeat("x", 100)+"\x1b[2J", 0)
	c.Info("event")
	c.Settle()
	c.Warn("careful")
	text := out.String()
	shows(t, text, upAndClear+upAndClear+"  event\n", yellow+"  warning: careful"+plain)
	for _, line := range strings.Split(strings.NewReplacer(upAndClear, "", yellow, "", plain, "").Replace(text), "\n") {
		if len([]rune(line)) > 40 || strings.ContainsRune(line, '\x1b') {
			t.Errorf("line %q", line)
		}
	}
	quiet, out, _ := consoleFor(true, map[string]string{"NO_COLOR": "1"})
	quiet.Warn("careful")
	if strings.Contains(out.String(), yellow) {
		t.Error("NO_COLOR is ignored")
	}
}

func TestConsoleInGitHubActions(t *testing.T) {
	t.Parallel()
	c, out, _ := consoleFor(false, map[string]string{"GITHUB_ACTIONS": "true"})
	c.Fail("100 %\nof it")
	shows(t, out.String(), "::error title=omc::100 %25%0Aof it\n")
}

// Nothing that an application, AWS or a file says reaches the terminal itself.
func TestForeignTextIsHarmless(t *testing.T) {
	t.Parallel()
	const foreign = "\x1b[31mred\x1b[0m \x1b]0;title\a \u009b2J back\b\r \u202etxt"
	const want = `red \x1b]0;title\a \u009b2J back\b\r \u202etxt`
	for _, terminal := range []bool{true, false} {
		c, out, _ := consoleFor(terminal, map[string]string{"NO_COLOR": "1"})
		c.width = func() int { return 200 }
		c.Phase(1, 1, foreign)
		c.Info(foreign)
		c.Warn(foreign)
		c.Live("backend", foreign, 0)
		c.Fail(foreign)
		if n := strings.Count(out.String(), want); n != 5 {
			t.Errorf("terminal %v: %d of 5 in %q", terminal, n, out)
		}
	}
	var text strings.Builder
	Page{Title: foreign, Columns: []string{"A"}, Rows: [][]string{{foreign}}, Notes: []string{foreign}}.WriteText(&text)
	if n := strings.Count(text.String(), want); n != 3 {
		t.Errorf("%d of 3 in %q", n, text.String())
	}
	if got := printable("two\n\tlines é"); got != "two\n\tlines é" {
		t.Errorf("%q", got)
	}
}

// shows fails the test unless text has each part.
func shows(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}
