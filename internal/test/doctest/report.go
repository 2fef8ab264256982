package doctest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ohmycoins/infra/stacks/environment"
)

// MaxNotRun is the share of blocks that may stay unexecuted.
const MaxNotRun = 0.15

// Run of a document for one environment.
type Run struct {
	Document string
	// Environment is "" for a document that does not choose one.
	Environment string
	Results     []Result
	Took        time.Duration
}

// Documents returns the documents whose commands are run: README.md, docs/*.md and the
// READMEs of the constructs.
func Documents(projectDir string) ([]Document, error) {
	var paths []string
	for _, pattern := range []string{"README.md", "docs/*.md", "constructs/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(projectDir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	var docs []Document
	for _, path := range paths {
		doc, err := Read(path)
		if err != nil {
			return nil, err
		}
		if rel, err := filepath.Rel(projectDir, path); err == nil {
			doc.Path = rel
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// RunAll runs documents: those that choose an environment once for each, the others
// once. Environments, and what chooses none, are worked on at the same time, documents
// one after the other.
func (a *Account) RunAll(ctx context.Context, docs []Document) ([]Run, error) {
	var runs []Run
	var mu sync.Mutex
	var group errgroup.Group
	for _, env := range append(environment.Names(), "") {
		group.Go(func() error {
			for _, doc := range docs {
				if len(doc.Blocks) == 0 || doc.HasEnvironment() != (env != "") {
					continue
				}
				begin := time.Now()
				results, err := a.Run(ctx, doc.For(env, a.alarms[env]))
				mu.Lock()
				runs = append(runs, Run{doc.Path, env, results, time.Since(begin)})
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return runs, err
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return strings.Compare(a.Document, b.Document) })
	return runs, nil
}

// Counts are how many blocks of the documents did and did not run. A block counts
// once, however many environments it ran for.
type Counts struct {
	Run, NotRun, Failed int
}

// Count counts the blocks.
func Count(runs []Run) Counts {
	var c Counts
	seen := map[string]bool{}
	for _, run := range runs {
		for _, r := range run.Results {
			key := fmt.Sprintf("%s:%d", run.Document, r.Block.Line)
			if r.Status == Failed {
				c.Failed++
			}
			if seen[key] {
				continue
			}
			seen[key] = true
			switch r.Status {
			case Skipped, Syntax:
				c.NotRun++
			default:
				c.Run++
			}
		}
	}
	return c
}

// Share is the share of blocks that did not run.
func (c Counts) Share() float64 {
	if c.Run+c.NotRun == 0 {
		return 1
	}
	return float64(c.NotRun) / float64(c.Run+c.NotRun)
}

// String implements fmt.Stringer.
func (c Counts) String() string {
	return fmt.Sprintf("%d blocks ran, %d did not (%.0f %%, at most %.0f %% may)", c.Run, c.NotRun, 100*c.Share(), 100*MaxNotRun)
}

// Report prints what became of each procedure: its commands, pass or fail, and time.
func Report(out io.Writer, runs []Run) {
	doubled := map[string]bool{}
	for _, run := range runs {
		fmt.Fprintf(out, "\n%s", run.Document)
		if run.Environment != "" {
			fmt.Fprintf(out, " for %s", run.Environment)
		}
		fmt.Fprintf(out, " (%.0f s)\n", run.Took.Seconds())
		for _, group := range byHeading(run.Results) {
			fmt.Fprintf(out, "  %-11s %6.1f s  %s\n", group.status, group.took.Seconds(), group.heading)
			for _, r := range group.results {
				for _, line := range r.describe() {
					fmt.Fprintf(out, "  %22s%s\n", "", line)
				}
				for _, d := range r.Doubles {
					doubled[d] = true
				}
			}
		}
	}
	fmt.Fprintf(out, "\nStand-ins, for what the local AWS lacks\n")
	for _, service := range slices.Sorted(maps.Keys(doubleReasons)) {
		var calls []string
		for _, d := range slices.Sorted(maps.Keys(doubled)) {
			if name, ok := strings.CutPrefix(d, service+":"); ok {
				calls = append(calls, name)
			}
		}
		if len(calls) > 0 {
			fmt.Fprintf(out, "  %s: %s (%s)\n", service, doubleReasons[service], strings.Join(calls, ", "))
		}
	}
	fmt.Fprintf(out, "  https: nothing listens at the application's domains: a stand-in answers there as the application does\n")
	fmt.Fprintf(out, "\n%v\n", Count(runs))
}

type procedure struct {
	heading string
	status  Status
	took    time.Duration
	results []Result
}

// byHeading groups consecutive blocks under one heading. The worst status counts.
func byHeading(results []Result) []procedure {
	rank := map[Status]int{Skipped: 0, Syntax: 1, Passed: 2, Failed: 3}
	var list []procedure
	for _, r := range results {
		if len(list) == 0 || list[len(list)-1].heading != r.Block.Heading {
			list = append(list, procedure{heading: r.Block.Heading, status: r.Status})
		}
		p := &list[len(list)-1]
		p.results = append(p.results, r)
		p.took += r.Took
		if rank[r.Status] > rank[p.status] {
			p.status = r.Status
		}
	}
	return list
}

// describe says in lines what a block did: its commands, and who answered them where
// that was not the local AWS.
func (r Result) describe() []string {
	text := fmt.Sprintf("line %d: ", r.Block.Line)
	if r.Status == Skipped || r.Status == Syntax {
		text += fmt.Sprintf("%s: %s: ", r.Status, r.Reason)
	}
	text += strings.Join(r.Block.commands(), ", ")
	if len(r.Doubles) > 0 {
		text += fmt.Sprintf(" (stand-in: %s)", strings.Join(r.Doubles, ", "))
	}
	lines := []string{text}
	for _, problem := range r.Problems {
		lines = append(lines, "FAILED: "+strings.ReplaceAll(problem, "\n", "; "))
	}
	return lines
}

// commandStart finds the beginning of commands: "aws ecs wait services-stable",
// "omc secrets check", "curl".
var commandStart = regexp.MustCompile(`(?m)(?:^|[|;&(]|\bxargs -r|\btimeout [0-9]+|\bdo|\bthen)[ \t]*` +
	`(aws (?:[a-z0-9-]+ wait [a-z0-9-]+|[a-z0-9-]+ [a-z0-9-]+)|omc (?:secrets|alarms) [a-z]+|omc [a-z]+|` +
	`(?:git|make|docker|gh|cdktf|go|npm) [a-z]+|metric AWS/[A-Za-z]+|curl|jq)\b`)

// commands returns the commands of a block, each once.
func (b Block) commands() []string {
	var list []string
	for _, m := range commandStart.FindAllStringSubmatch(b.Code, -1) {
		if !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	if len(list) == 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(b.Code), "\n")
		list = append(list, first)
	}
	return list
}
