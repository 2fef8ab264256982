// Command bench measures what fastsynth gains, and with -base what a change costs:
// go run ./internal/dev/bench -base main, in the root of the repository, on Linux.
//
// It runs the programs in turn (stock jsii, with fastsynth, the same work as a
// JavaScript program, and with fastsynth as of the commit that -base names), so that a
// busy machine is busy for all of them, and prints medians. Memory is the largest sum of the resident memory of a program and all
// the processes below it, sampled every 5 ms in runs that are not timed; memory
// that processes share counts for each of them.
//
// Everything is made in a temporary folder, which grows to some 3 GB: the user's
// caches are not touched.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed floor/floor.js
var floorProgram []byte

// What floor.js needs. The provider package asks for an older cdktf, but its Go
// module is used with this one too.
var floorPackages = []string{"cdktf@0.21.0", "@cdktf/provider-aws@19.65.1", "constructs@10.4.2"}

var (
	runs     = flag.Int("runs", 5, "timed runs of each program")
	coldRuns = flag.Int("cold-runs", 5, "timed runs with empty caches; 0 leaves them out")
	counts   = flag.String("alarms", "10,100,1000,5000", "numbers of alarms")
	base     = flag.String("base", "", "a commit to compare with, such as main")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	ctx context.Context
	dir string
}

// program is one way to do the work of a row.
type program struct {
	name string
	args []string
	mode string // FASTSYNTH
	// The folders of all caches, and of jsii's. An empty one is a new folder for
	// each run, which is not emptied and used again: after 2,000 files were deleted,
	// ext4 takes up to three times as long to make new ones.
	caches, jsii string
}

type measured struct {
	median time.Duration
	peak   int64 // bytes
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "infra-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's temporary folder
	b := &bench{ctx: ctx, dir: dir}
	floorFile, err := b.prepare()
	if err != nil {
		return err
	}
	if *base != "" {
		defer func() { err = errors.Join(err, b.removeBase()) }()
		if err := b.prepareBase(*base); err != nil {
			return err
		}
	}

	infra := []string{b.path("infra")}
	stock := program{name: "stock", args: infra, mode: "off", caches: b.path("warm"), jsii: b.path("warm", "jsii")}
	fast := stock
	fast.name, fast.mode = "fast", "on"
	before := fast.of("base", b.path("base-infra"))
	for _, program := range []program{before, stock, fast, fast} {
		if program.name == "" {
			continue
		}
		if _, err := b.once(program, false); err != nil {
			return err
		}
	}
	made, err := filepath.Glob(b.path("out", "stacks", "*", "cdk.tf.json"))
	if err != nil {
		return err
	}
	var stacks []string
	for i, file := range made {
		stacks = append(stacks, b.path(fmt.Sprintf("stack%d.json", i)))
		if err := os.Rename(file, stacks[i]); err != nil {
			return err
		}
	}

	js := func(args ...string) program {
		floor := stock
		floor.name, floor.args = "JavaScript", append([]string{"node", floorFile, b.path("out")}, args...)
		return floor
	}
	row := func(title, name string, args []string, floor program) error {
		stock := stock.of("stock", append([]string{b.path(name)}, args...)...)
		fast := fast.of("fast", stock.args...)
		return b.row(title, *runs, stock, fast, floor, fast.of("base", append([]string{b.path("base-" + name)}, args...)...))
	}
	head := "| work | stock | fast | JavaScript | stock / fast | fast / JavaScript | peak stock | peak fast | peak JavaScript | fast / stock |"
	if *base != "" {
		head += " " + *base + " | fast / " + *base + " |"
	}
	fmt.Println(head)
	fmt.Println("|---" + strings.Repeat("|--:", strings.Count(head, "|")-2) + "|")
	if err := row("both stacks, warm", "infra", nil, js(append([]string{"stacks"}, stacks...)...)); err != nil {
		return err
	}
	for count := range strings.SplitSeq(*counts, ",") {
		if err := row(count+" alarms, warm", "alarms", []string{count}, js("alarms", count)); err != nil {
			return err
		}
	}
	if *coldRuns == 0 {
		return nil
	}
	fast.caches, before.caches = "", ""
	if err := b.row("both stacks, only jsii's cache", *coldRuns, stock, fast, program{}, before); err != nil {
		return err
	}
	stock.caches, stock.jsii, fast.jsii, before.jsii = "", "", "", ""
	return b.row("both stacks, no caches", *coldRuns, stock, fast, program{}, before)
}

// of is another program that runs as p does. One that is not there, because there is no
// base or nothing of that name in it, is none.
func (p program) of(name string, args ...string) program {
	if _, err := os.Stat(args[0]); err != nil {
		return program{}
	}
	p.name, p.args = name, args
	return p
}

func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// prepare builds the Go programs and installs the JavaScript one.
func (b *bench) prepare() (floor string, err error) {
	for name, pkg := range map[string]string{"infra": ".", "alarms": "./internal/dev/bench/alarms"} {
		if err := b.command("", "go", "build", "-o", b.path(name), pkg); err != nil {
			return "", err
		}
	}
	folder := b.path("floor")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{"floor.js": floorProgram, "package.json": []byte(`{"private":true}`)} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return "", err
		}
	}
	install := append([]string{"npm", "install", "--legacy-peer-deps", "--no-audit", "--no-fund"}, floorPackages...)
	return filepath.Join(folder, "floor.js"), b.command(folder, install...)
}

// prepareBase builds the Go programs as of a commit.
func (b *bench) prepareBase(commit string) error {
	tree := b.path("before")
	if err := b.command("", "git", "worktree", "add", "--detach", tree, commit); err != nil {
		return err
	}
	for name, pkg := range map[string]string{"infra": ".", "alarms": "./internal/dev/bench/alarms"} {
		if _, err := os.Stat(filepath.Join(tree, pkg)); err != nil {
			continue // older than the benchmark
		}
		if err := b.command(tree, "go", "build", "-o", b.path("base-"+name), pkg); err != nil {
			return err
		}
	}
	return nil
}

// removeBase forgets the worktree, also after an interrupt.
func (b *bench) removeBase() error {
	if _, err := os.Stat(b.path("before")); err != nil {
		return nil
	}
	b.ctx = context.WithoutCancel(b.ctx)
	return b.command("", "git", "worktree", "remove", "--force", b.path("before"))
}

func (b *bench) command(dir string, args ...string) error {
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// row measures programs that do the same, in turn, and prints a line: stock, fast, floor,
// and base, which need not write what the others do.
func (b *bench) row(title string, runs int, programs ...program) error {
	times := make([][]time.Duration, len(programs))
	result := make([]measured, len(programs))
	var outputs []map[string]string
	for i := range runs + 1 {
		for p, program := range programs {
			if program.name == "" {
				continue
			}
			m, err := b.once(program, i == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", title, err)
			}
			if i > 0 {
				times[p] = append(times[p], m.median)
				continue
			}
			result[p].peak = m.peak
			files, err := readJSON(b.path("out", "stacks"))
			if err != nil {
				return err
			}
			if program.name != "base" {
				outputs = append(outputs, files)
			}
		}
	}
	for _, files := range outputs {
		if len(files) == 0 || fmt.Sprint(files) != fmt.Sprint(outputs[0]) {
			return fmt.Errorf("%s: the programs did not write the same", title)
		}
	}
	for p := range programs {
		if len(times[p]) > 0 {
			slices.Sort(times[p])
			result[p].median = times[p][len(times[p])/2]
		}
	}
	stock, fast, floor, before := result[0], result[1], result[2], result[3]
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |", title,
		seconds(stock.median), seconds(fast.median), seconds(floor.median),
		ratio(float64(stock.median), float64(fast.median)), ratio(float64(fast.median), float64(floor.median)),
		megabytes(stock.peak), megabytes(fast.peak), megabytes(floor.peak), ratio(float64(fast.peak), float64(stock.peak)))
	if *base != "" {
		fmt.Printf(" %s | %s |", seconds(before.median), ratio(float64(fast.median), float64(before.median)))
	}
	fmt.Println()
	return nil
}

// once runs a program. The time ends with the program; Node may still be tidying
// up, which must not disturb the next run.
func (b *bench) once(p program, sample bool) (measured, error) {
	if err := os.RemoveAll(b.path("out")); err != nil {
		return measured{}, err
	}
	for _, dir := range []*string{&p.caches, &p.jsii} {
		if *dir == "" {
			var err error
			if *dir, err = os.MkdirTemp(b.dir, "empty-"); err != nil {
				return measured{}, err
			}
		}
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(b.ctx, p.args[0], p.args[1:]...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HOME="+p.caches, "XDG_CACHE_HOME="+p.caches, "JSII_RUNTIME_PACKAGE_CACHE_ROOT="+p.jsii,
		"FASTSYNTH="+p.mode, "CDKTF_OUTDIR="+b.path("out"), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return measured{}, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var m measured
	var err error
	if sample {
		m.peak, err = peak(cmd.Process.Pid, done)
	} else {
		err = <-done
	}
	m.median = time.Since(start)
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s", p.name, err, stderr.String())
	}
	time.Sleep(500 * time.Millisecond)
	return m, nil
}

// peak samples the memory of a process and all below it until done says that it
// has ended. What a single sample shows does not count: in the moment between fork
// and exec, a new process seems to have all the memory of its parent.
func peak(root int, done <-chan error) (largest int64, err error) {
	var last int64
	for {
		select {
		case err := <-done:
			return largest, err
		case <-time.After(5 * time.Millisecond):
			now := resident(root)
			largest = max(largest, min(last, now))
			last = now
		}
	}
}

func resident(pid int) int64 {
	dir := fmt.Sprintf("/proc/%d", pid)
	statm, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return 0
	}
	var sum int64
	if fields := strings.Fields(string(statm)); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		sum = pages * int64(os.Getpagesize())
	}
	children, _ := filepath.Glob(dir + "/task/*/children")
	for _, file := range children {
		list, _ := os.ReadFile(file)
		for child := range strings.FieldsSeq(string(list)) {
			if pid, err := strconv.Atoi(child); err == nil {
				sum += resident(pid)
			}
		}
	}
	return sum
}

// readJSON reads the stacks. The JavaScript program copies no assets.
func readJSON(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "cdk.tf.json" {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	return files, err
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}
