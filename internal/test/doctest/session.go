package doctest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Status is what became of a block.
type Status string

// What can become of a block.
const (
	Passed Status = "passed"
	Failed Status = "failed"
	// Skipped: the document says why the block cannot run.
	Skipped Status = "not run"
	// Syntax: only the syntax was checked.
	Syntax Status = "syntax only"
)

// Result is what became of a block.
type Result struct {
	Block  Block
	Status Status
	// Problems are why it failed.
	Problems []string
	// Reason is why it did not run.
	Reason string
	Stdout string
	Stderr string
	Took   time.Duration
	// Doubles are the calls that a stand-in answered instead of the local AWS.
	Doubles []string
}

// sessionTimeout bounds one document's session, whatever its commands wait for. A busy
// machine needs ten times as long as an idle one.
const sessionTimeout = 30 * time.Minute

// Run runs the blocks of a document in one bash session with "set -euo pipefail" in
// a folder of its own. A block that sets the variables begins a fresh shell. Where a
// block fails, the following ones go on with the variables and functions that were set
// before it.
func (a *Account) Run(ctx context.Context, doc Document) ([]Result, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "doctest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's temporary folder
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	// Who makes a call is told by the session and the index of the block.
	caller := fmt.Sprintf("session%d-", a.sessions.Add(1))
	results := make([]Result, len(doc.Blocks))
	run := make([]bool, len(doc.Blocks))
	for i, b := range doc.Blocks {
		results[i] = Result{Block: b}
		r := &results[i]
		switch {
		case b.NotRun != "":
			r.Status, r.Reason = Skipped, b.NotRun
		case b.NeedsV2 && a.cli.version < 2:
			r.Status, r.Reason = Syntax, "needs version 2 of the AWS CLI"
		case b.WithoutAWS && a.cli.socket == "":
			r.Status, r.Reason = Syntax, "needs an AWS CLI that loads plugins"
		case b.WithoutAWS:
			r.runWithoutAWS(ctx, dir, strings.ReplaceAll(b.Code, "ACCOUNT_ID", a.id), append(a.environ(caller), "HOME="+home))
		default:
			run[i] = true
		}
		if err := checkSyntax(ctx, b.Code); err != nil {
			run[i], r.Status = false, Failed
			r.Problems = append(r.Problems, err.Error())
		}
	}
	environ := append(a.environ(caller), "HOME="+home)
	docs, err := filepath.Abs(filepath.Join(a.projectDir, "docs"))
	if err != nil {
		return nil, err
	}
	for first := 0; first < len(run); {
		next, err := session(ctx, dir, docs, caller, environ, doc.Blocks, run, first, results)
		if err != nil {
			return results, fmt.Errorf("%s: %w", doc.Path, err)
		}
		first = next
	}
	for i := range results {
		if run[i] {
			calls, doubled, unknown := a.calls.of(caller + strconv.Itoa(i))
			results[i].judge(doubled, unknown)
			if doc.asks && results[i].Block.Answers == "" {
				results[i].changes(calls)
			}
			if results[i].Status == Passed && !doc.otherSamples {
				results[i].compareSample()
			}
		}
	}
	return results, nil
}

// withoutAWS has the AWS CLI answer by itself, and looks for what a query does not find.
const withoutAWS = `set -euo pipefail
export DOCTEST_WITHOUT_AWS=1
aws() {
	local answer
	answer=$(command aws "$@" --output json)
	case "$* $answer" in *--query*null*) echo "the query finds nothing: aws $*: $answer" >&2; return 1 ;; esac
}
`

// runWithoutAWS runs a block's code in a shell of its own.
func (r *Result) runWithoutAWS(ctx context.Context, dir, code string, environ []string) {
	begin := time.Now()
	cmd := exec.CommandContext(ctx, "bash", "-c", withoutAWS+code)
	cmd.Dir, cmd.Env = dir, environ
	out, err := cmd.CombinedOutput()
	r.Status, r.Took = Passed, time.Since(begin)
	if err != nil {
		r.Status = Failed
		r.Problems = append(r.Problems, fmt.Sprintf("%v: %s", err, lastLines(string(out), 5)))
	}
}

func checkSyntax(ctx context.Context, code string) error {
	cmd := exec.CommandContext(ctx, "bash", "-n")
	cmd.Stdin = strings.NewReader(code)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("syntax: %s", strings.TrimSpace(string(out)))
	}
	return nil
}

// session runs the blocks from first on, until one fails. It returns the index of
// the block to go on with.
func session(ctx context.Context, dir, docs, caller string, environ []string, blocks []Block, run []bool, first int, results []Result) (int, error) {
	state := filepath.Join(dir, "state")
	if blocks[first].opens() {
		if err := os.Remove(state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	last := len(blocks)
	if i := slices.IndexFunc(blocks[first+1:], Block.opens); i >= 0 {
		last = first + 1 + i
	}
	var script strings.Builder
	// State that bash will not set again, such as its own read-only variables, is
	// nothing that a document sets.
	fmt.Fprintf(&script, "if [ -f %q ]; then source %q 2>/dev/null || true; fi\nset -euo pipefail\n", state, state)
	name := func(i int, what string) string { return filepath.Join(dir, fmt.Sprintf("%d.%s", i, what)) }
	for i := first; i < last; i++ {
		if !run[i] {
			continue
		}
		fmt.Fprintf(&script, "export AWS_EXECUTION_ENV=%s%d\n", caller, i)
		fmt.Fprintf(&script, "printf '%%s' \"$EPOCHREALTIME\" >%q\nexec >%q 2>%q\n", name(i, "begin"), name(i, "out"), name(i, "err"))
		input(&script, blocks[i], name(i, "typed"))
		if blocks[i].UntilCtrlC {
			fmt.Fprintf(&script, untilCtrlC, blocks[i].Code, name(i, "out"))
		} else {
			script.WriteString(blocks[i].Code)
		}
		// What is left of the answers was never asked for.
		fmt.Fprintf(&script, "\ncat >%q\nexec 0</dev/null\n", name(i, "left"))
		fmt.Fprintf(&script, "{ declare -p; declare -f; } >%q\n", state)
		fmt.Fprintf(&script, "printf '%%s' \"$EPOCHREALTIME\" >%q\n", name(i, "end"))
	}
	work := filepath.Join(dir, "work")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return 0, err
	}
	// Commands that read a document find it where they would in the project.
	if err := os.Symlink(docs, filepath.Join(work, "docs")); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, err
	}
	for i := first; i < last; i++ {
		if err := os.WriteFile(name(i, "typed"), []byte(blocks[i].Typed), 0o600); err != nil {
			return 0, err
		}
	}
	file := filepath.Join(dir, "script.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", file)
	cmd.Dir, cmd.Env = work, environ
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	for i := first; i < last; i++ {
		if !run[i] {
			continue
		}
		r := &results[i]
		stdout, _ := os.ReadFile(name(i, "out"))
		stderr, _ := os.ReadFile(name(i, "err"))
		r.Stdout, r.Stderr = string(stdout), string(stderr)
		begin, started := clock(name(i, "begin"))
		end, ended := clock(name(i, "end"))
		if ended {
			r.Took = end.Sub(begin)
			if left, _ := os.ReadFile(name(i, "left")); len(left) > 0 {
				r.Problems = append(r.Problems, fmt.Sprintf("it never asked for %q", strings.TrimSpace(string(left))))
			}
			continue
		}
		if !started {
			return 0, fmt.Errorf("line %d was never reached: %w", r.Block.Line, err)
		}
		r.Took = time.Since(begin)
		r.Status = Failed
		why := "it ended the session"
		if err != nil {
			why = err.Error()
		}
		if ctx.Err() != nil {
			return 0, fmt.Errorf("line %d did not end: %w", r.Block.Line, context.Cause(ctx))
		}
		r.Problems = append(r.Problems, why+": "+lastLines(r.Stderr, 6))
		return i + 1, nil
	}
	return last, nil
}

// input makes what the reader types the standard input: the answers, or the statements
// of a session.
func input(script *strings.Builder, b Block, typed string) {
	switch {
	case b.Answers != "":
		fmt.Fprintf(script, "exec 0< <(printf '%%s\\n' %s)\n", b.Answers)
	case b.Typed != "":
		fmt.Fprintf(script, "exec 0<%q\n", typed)
	default:
		script.WriteString("exec 0</dev/null\n")
	}
}

// untilCtrlC is a script that interrupts commands as Ctrl-C does, once they have printed
// something to a file, or after a minute. Job control gives them a group of their own,
// in which the signal is not ignored.
const untilCtrlC = `set -m
{
%[1]s
} & job=$!
for _ in {1..600}; do
  if [ -s %[2]q ] || ! kill -0 "$job" 2>/dev/null; then break; fi
  sleep 0.1
done
kill -INT -- "-$job" 2>/dev/null || true
wait "$job" || true
set +m`

// clock reads a time that bash wrote.
func clock(file string) (time.Time, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(strings.Replace(string(text), ",", ".", 1), 64)
	return time.UnixMicro(int64(seconds * 1e6)), err == nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// judge compares what a block did with what the document says of it.
func (r *Result) judge(doubled, unknown []string) {
	r.Doubles = doubled
	for _, name := range unknown {
		r.Problems = append(r.Problems, name+" does not exist")
	}
	if r.Status != Failed && r.Block.HasSample {
		wants := strings.TrimSpace(r.Block.Sample)
		switch {
		case wants == NoOutput && !empty(r.Stdout):
			r.Problems = append(r.Problems, "it printed "+strconv.Quote(lastLines(r.Stdout, 3))+", the document says that it prints nothing")
		case wants != NoOutput && wants != "" && empty(r.Stdout):
			r.Problems = append(r.Problems, "it printed nothing, the document shows "+strconv.Quote(lastLines(wants, 1)))
		}
	}
	r.Status = Passed
	if len(r.Problems) > 0 {
		r.Status = Failed
	}
}

// reads are the beginnings of the names of calls that change nothing. A message that was
// received is in its queue again after a moment.
var reads = regexp.MustCompile(`^(?:(?:Batch)?Get|Describe|List|Filter|Head|Lookup|StartQuery$|ExecuteCommand$|ReceiveMessage$)`)

// changes complains about calls that change something in a block that asks nothing. Roles
// and policies are made on a quiet day, by a guide and not by a runbook.
func (r *Result) changes(calls []string) {
	for _, action := range calls {
		if service, name, _ := strings.Cut(action, ":"); service != "iam" && !reads.MatchString(name) {
			r.Problems = append(r.Problems, action+" changes something, and the block does not ask first (confirm, ask)")
			r.Status = Failed
		}
	}
}

// compareSample compares the form of what a block printed with the sample.
func (r *Result) compareSample() {
	if !r.Block.HasSample || strings.TrimSpace(r.Block.Sample) == NoOutput {
		return
	}
	if problems := compareSample(r.Block.Code, r.Block.Sample, r.Stdout); len(problems) > 0 {
		r.Problems, r.Status = problems, Failed
	}
}

// empty says whether there is nothing in an output: the AWS CLI prints "None" or an
// empty list for a query that matches nothing.
func empty(output string) bool {
	for _, word := range strings.Fields(output) {
		if word != "None" && strings.Trim(word, "[]{},|+-") != "" && word != "null" && word != "null," {
			return false
		}
	}
	return true
}
