package fastsynth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// program is testdata/synth, built once; TestMain also fills caches with it. Most tests
// run it with some of the AWS provider, which does all that the whole one does, in a
// fraction of the time.
var (
	program   string
	whole     result // of the program with an empty cache and the whole provider
	some      string // the archive of some of the provider
	stock     result // of the program without fastsynth
	bareStock result // the same for a stack without a provider
	warmCache string // the cache directory of a program that ran with it
	fullCache string // the same, with the whole provider
	jsiiCache string // the package cache of jsii, which all tests share
	unpacked  string // the one of the program with the whole provider
)

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "fastsynth-test-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "synth")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", program, "./testdata/synth").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the test program: %w\n%s", err, out)
	}
	fullCache, unpacked = filepath.Join(dir, "new", "cache"), filepath.Join(dir, "unpacked")
	whole = runBinary(program, []string{"XDG_CACHE_HOME=" + fullCache, "FASTSYNTH=debug", "JSII_RUNTIME_PACKAGE_CACHE_ROOT=" + unpacked}, filepath.Join(dir, "whole"))
	if whole.err != nil {
		return 1, fmt.Errorf("synth with the whole provider: %w\n%s", whole.err, whole.stderr)
	}
	if some, err = someOfTheProvider(dir); err != nil {
		return 1, err
	}
	jsiiCache = filepath.Join(dir, "jsii")
	warmCache = filepath.Join(dir, "warm")
	stock = run(filepath.Join(dir, "out"), "FASTSYNTH=off")
	bareStock = runBare(filepath.Join(dir, "bare"), "FASTSYNTH=off")
	filled := run(filepath.Join(dir, "out"), "XDG_CACHE_HOME="+warmCache)
	for name, r := range map[string]result{"stock": stock, "bare": bareStock, "fast": filled} {
		if r.err != nil {
			return 1, fmt.Errorf("%s synth: %w\n%s", name, r.err, r.stderr)
		}
	}
	return m.Run(), nil
}

// wholeProvider returns the archive of the AWS provider.
func wholeProvider() (string, error) {
	out, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cdktf/cdktf-provider-aws-go/aws/v19").Output()
	if err != nil {
		return "", err
	}
	archives, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "jsii", "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("archives are %v, %w, want one", archives, err)
	}
	return archives[0], nil
}

// someOfTheProvider makes an archive that has what the programs use of the provider.
func someOfTheProvider(dir string) (string, error) {
	provider, err := wholeProvider()
	if err != nil {
		return "", err
	}
	scripts, err := filepath.Glob(filepath.Join(fullCache, "fastsynth", "*"))
	if err != nil || len(scripts) != 1 {
		return "", fmt.Errorf("scripts are in %v, %w, want one folder", scripts, err)
	}
	out, err := exec.CommandContext(context.Background(), "node", "testdata/some.js", scripts[0], provider,
		"provider", "cloudwatchMetricAlarm", "dataAwsLb", "wafv2WebAcl", "s3Bucket").Output()
	if err != nil {
		return "", fmt.Errorf("reading some of the provider: %w", err)
	}
	var files map[string]string
	if err := json.Unmarshal(out, &files); err != nil {
		return "", err
	}
	archive, err := pack(files)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, filepath.Base(provider))
	return file, os.WriteFile(file, archive, 0o600)
}

type result struct {
	files          map[string]string
	stdout, stderr string
	err            error
}

// run runs the program with nothing in its environment but env and what is needed.
func run(outdir string, env ...string) result { return runProgram(env, outdir) }

// runBare does it for a stack without a provider. That is enough for what is
// decided before any package is loaded.
func runBare(outdir string, env ...string) result { return runProgram(env, outdir, "bare") }

func runProgram(env []string, outdir string, args ...string) result {
	return runBinary(program, append([]string{"ARCHIVE=" + some}, env...), outdir, args...)
}

func runBinary(program string, env []string, outdir string, args ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{outdir}, args...)...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "JSII_RUNTIME_PACKAGE_CACHE_ROOT=" + jsiiCache,
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1",
	}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	r := result{files: map[string]string{}}
	// Node goes on for a moment after the program, to keep compiled code. It inherits
	// this pipe, whose end comes when the last process has closed it.
	ended, inherited, err := os.Pipe()
	if err != nil {
		return result{err: err}
	}
	defer ended.Close()
	cmd.ExtraFiles = []*os.File{inherited}
	r.err = errors.Join(cmd.Run(), inherited.Close())
	if _, err := io.Copy(io.Discard, ended); err != nil {
		r.err = errors.Join(r.err, err)
	}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	if r.err == nil {
		r.err = filepath.WalkDir(outdir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(outdir, path)
			content, err := os.ReadFile(path)
			r.files[rel] = string(content)
			return err
		})
	}
	return r
}

// check fails the test unless the program did what it does without fastsynth.
func check(t *testing.T, got result) {
	t.Helper()
	checkSame(t, got, stock)
}

func checkBare(t *testing.T, got result) {
	t.Helper()
	checkSame(t, got, bareStock)
}

func checkSame(t *testing.T, got, want result) {
	t.Helper()
	if got.err != nil {
		t.Fatalf("program failed: %v\n%s", got.err, got.stderr)
	}
	if len(want.files) == 0 || !maps.Equal(got.files, want.files) {
		t.Errorf("files differ: got %v, want %v", slices.Collect(maps.Keys(got.files)), slices.Collect(maps.Keys(want.files)))
	}
	if got.stdout != want.stdout {
		t.Errorf("output is %q, want %q", got.stdout, want.stdout)
	}
}

const served = "@cdktf/provider-aws: served from "

func wantStderr(t *testing.T, got result, want string) {
	t.Helper()
	if !strings.Contains(got.stderr, want) {
		t.Errorf("stderr does not say %q:\n%s", want, got.stderr)
	}
}

// wantReason wants one line on standard error, which begins and goes on like this.
func wantReason(t *testing.T, got result, begin, reason string) {
	t.Helper()
	line, rest, _ := strings.Cut(got.stderr, "\n")
	if rest != "" || !strings.HasPrefix(line, begin) || !strings.Contains(line, reason) || !strings.HasSuffix(line, "; FASTSYNTH=off hides this") {
		t.Errorf("stderr is %q, want one line: %s... %s", got.stderr, begin, reason)
	}
}

func TestStock(t *testing.T) {
	if stock.stderr != "" || !strings.Contains(stock.stdout, "There is already a Construct with name 'example'") {
		t.Errorf("stdout %q, stderr %q", stock.stdout, stock.stderr)
	}
	if !strings.Contains(stock.files["stacks/example/cdk.tf.json"], "aws_wafv2_web_acl") {
		t.Errorf("files are %v", stock.files)
	}
}

// warm returns a copy of the warm cache, below a folder with this name.
func warm(t *testing.T, folder string) string {
	t.Helper()
	cache := filepath.Join(t.TempDir(), folder)
	if err := os.CopyFS(cache, os.DirFS(warmCache)); err != nil {
		t.Fatal(err)
	}
	// CopyFS adds permissions for others.
	err := filepath.WalkDir(cache, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chmod(path, 0o700))
	})
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// one returns the only file that the pattern matches below the cache directory.
func one(t *testing.T, cache, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "fastsynth", "*", pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v, want one %s", found, err, pattern)
	}
	return found[0]
}

func TestColdCache(t *testing.T) {
	check(t, whole)
	wantStderr(t, whole, served)
	if entries, err := os.ReadDir(unpacked); err != nil || len(entries) != 2 {
		t.Errorf("jsii unpacked %v, %v, want only constructs and cdktf", entries, err)
	}

	err := filepath.WalkDir(filepath.Join(fullCache, "fastsynth"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s, want nothing for others", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWarmCacheIsSilent(t *testing.T) {
	got := run(t.TempDir(), "XDG_CACHE_HOME="+warm(t, "cache"))
	check(t, got)
	if got.stderr != "" {
		t.Errorf("stderr is %q, want nothing", got.stderr)
	}
}

func TestTwoAtOnceOnAColdCache(t *testing.T) {
	cache := t.TempDir()
	var results [2]result
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = run(t.TempDir(), "XDG_CACHE_HOME="+cache, "FASTSYNTH=debug") })
	}
	wg.Wait()
	for _, got := range results {
		check(t, got)
		wantStderr(t, got, served)
	}
	one(t, cache, "stores/*") // no temporary folder is left
}

func TestDamagedCache(t *testing.T) {
	truncate := func(t *testing.T, file string) {
		info, err := os.Stat(file)
		if err == nil {
			err = os.Truncate(file, info.Size()/2)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// alter changes every 1,000th byte, so that it hits what is read.
	alter := func(t *testing.T, file string) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(content); i += 1000 {
			content[i] ^= 1
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// folder puts a folder that is not empty in the place of a file.
	folder := func(t *testing.T, file string) {
		if err := errors.Join(os.Remove(file), os.MkdirAll(filepath.Join(file, "folder"), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(t *testing.T, file string) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	type damage struct {
		file string
		do   func(*testing.T, string)
		want string
	}
	// What happened to the store, the compiled code and the scripts, which are read
	// independently of each other.
	for name, damages := range map[string][]damage{
		"truncated": {
			{"stores/*/data", truncate, "the data has the wrong size"},
			{"code/*", truncate, "it is damaged"},
			{"build.js", truncate, served},
		},
		"altered": {
			{"stores/*/data", alter, "a piece of the data is damaged"},
			{"code/*", alter, "it is damaged"},
			{"preload.js", alter, served},
		},
		"missing data": {
			{"stores/*/data", remove, "no such file"},
			{"code/*", folder, "illegal operation on a directory"},
			{"preload.js", folder, served},
		},
		"truncated index":      {{"stores/*/index", truncate, "the index is damaged"}},
		"altered index":        {{"stores/*/index", alter, "the index is damaged"}},
		"folder for the index": {{"stores/*/index", folder, "illegal operation on a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			cache := warm(t, "cache")
			before := map[string][]byte{}
			for _, d := range damages {
				file := one(t, cache, d.file)
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				before[file] = content
				d.do(t, file)
			}
			got := run(t.TempDir(), "XDG_CACHE_HOME="+cache, "FASTSYNTH=debug")
			check(t, got)
			wantStderr(t, got, served)
			for _, d := range damages {
				wantStderr(t, got, d.want)
			}
			for file, content := range before {
				if filepath.Base(filepath.Dir(file)) == "code" {
					// Made anew after the program has ended, and never twice the same.
					if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
						t.Errorf("%s was not made again: %v", file, err)
					}
				} else if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, content) {
					t.Errorf("%s was not made again: %v", file, err)
				}
			}
		})
	}
}

func TestUnusableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inWay := t.TempDir() // a file is in the place of the directory
	if err := os.WriteFile(filepath.Join(inWay, "fastsynth"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shared := t.TempDir() // others can write
	if err := os.Mkdir(filepath.Join(shared, "fastsynth"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(shared, "fastsynth"), 0o777); err != nil {
		t.Fatal(err)
	}
	sharedParent := filepath.Join(t.TempDir(), "parent")
	if err := os.Mkdir(sharedParent, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(sharedParent, 0o777); err != nil {
		t.Fatal(err)
	}
	linked := t.TempDir()
	if err := os.Symlink(t.TempDir(), filepath.Join(linked, "fastsynth")); err != nil {
		t.Fatal(err)
	}
	var settings []string
	for _, test := range []struct {
		name, cache, want string
	}{
		{"none", "", "neither $XDG_CACHE_HOME nor $HOME are defined"},
		{"not a directory", file, "not a directory"},
		{"file in the way", inWay, "is not a directory"},
		{"link in the way", linked, "is not a directory"},
		{"no such file system", "/proc/fastsynth-test", "no such file"},
		{"others can write", shared, "can be written by other users"},
		{"others can write to the parent", sharedParent, "can be written by other users"},
		{"relative", "relative", "path in $XDG_CACHE_HOME is relative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			setting := "XDG_CACHE_HOME=" + test.cache
			got := runProgram([]string{setting}, t.TempDir(), "nothing")
			if got.err != nil {
				t.Error(got.err)
			}
			wantReason(t, got, "fastsynth: jsii starts as usual: ", test.want)
			settings = append(settings, setting)
		})
	}
	// A program works after each of them, and hears of the first.
	got := runProgram(nil, t.TempDir(), append([]string{"bare"}, settings...)...)
	checkBare(t, got)
	wantReason(t, got, "fastsynth: jsii starts as usual: ", "")
}

// Where only the scripts could be written, the kernel must notice that it cannot
// make a store, before it has spent time on it.
func TestStoreCannotBeWritten(t *testing.T) {
	cache := warm(t, "cache")
	stores := one(t, cache, "stores")
	if err := os.RemoveAll(stores); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stores, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.TempDir(), "XDG_CACHE_HOME="+cache)
	check(t, got)
	wantReason(t, got, "fastsynth: @cdktf/provider-aws: loading as usual: ", "not a directory")
}

func TestBuildFailsOnce(t *testing.T) {
	cache := warm(t, "cache")
	index := one(t, cache, "stores/*/index")
	store := filepath.Dir(index)
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store+".failed", []byte("out of luck\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.TempDir(), "XDG_CACHE_HOME="+cache)
	check(t, got)
	wantReason(t, got, "fastsynth: @cdktf/provider-aws: loading as usual: ", "the last attempt failed")
}

func TestPathWithSpaces(t *testing.T) {
	cache := warm(t, `with "quotes", \ and some spaces`)
	got := run(filepath.Join(t.TempDir(), "out here"), "XDG_CACHE_HOME="+cache, "FASTSYNTH=debug")
	check(t, got)
	wantStderr(t, got, served)
	if strings.Contains(got.stderr, "making") {
		t.Errorf("the store was made again:\n%s", got.stderr)
	}
}

// The user's options reach Node, and fastsynth still works.
func TestNodeOptions(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.js")
	code := `if (/program\.js$/.test(process.argv[1])) process.on("exit", () => {
		require("fs").writeFileSync(__dirname + "/report", process.env.NODE_OPTIONS + " " + process.title);
	});`
	if err := os.WriteFile(report, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	options := "--title=given --require " + report
	got := run(t.TempDir(), "XDG_CACHE_HOME="+warm(t, "cache"), "FASTSYNTH=debug", "NODE_OPTIONS="+options)
	if want := fmt.Sprintf("NODE_OPTIONS=%q\n", options); !strings.HasPrefix(got.stdout, want) {
		t.Errorf("stdout is %q, want it to start with %q", got.stdout, want)
	}
	got.stdout = stock.stdout
	check(t, got)
	wantStderr(t, got, served)
	var content []byte
	for range 100 { // Node ends after the program
		content, _ = os.ReadFile(filepath.Join(filepath.Dir(report), "report"))
		if len(content) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	// Programs that the kernel starts must not see our option.
	if want := options + " given"; string(content) != want {
		t.Errorf("Node reports %q, want %q", content, want)
	}
}

func TestOff(t *testing.T) {
	home := t.TempDir()
	got := runProgram([]string{"HOME=" + home, "XDG_CACHE_HOME=" + home}, t.TempDir(),
		"bare", "FASTSYNTH=off", "FASTSYNTH=OFF", "FASTSYNTH=0", "FASTSYNTH=false", "FASTSYNTH=no")
	checkBare(t, got)
	if got.stderr != "" {
		t.Errorf("stderr is %q, want nothing", got.stderr)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("home holds %v, %v, want nothing", entries, err)
	}
}

// Settings of jsii that fastsynth does not know about are left to jsii.
func TestJSIISettings(t *testing.T) {
	for setting, want := range map[string]string{
		"JSII_RUNTIME_PACKAGE_CACHE=disabled": "JSII_RUNTIME_PACKAGE_CACHE switches caches off",
	} {
		got := runBare(t.TempDir(), "XDG_CACHE_HOME="+warm(t, "cache"), setting)
		checkBare(t, got)
		wantReason(t, got, "fastsynth: jsii starts as usual: ", want)
	}
}

// A program that replaced how Node finds modules, as Yarn does, would not find
// what is unpacked only when Node looks for it.
func TestOtherWayToFindModules(t *testing.T) {
	script := filepath.Join(t.TempDir(), "resolver.js")
	code := `
		const Module = require("module"), path = require("path"), fs = require("fs"), node = Module._resolveFilename;
		Module._resolveFilename = function (request, parent, ...rest) {
			if (!/^\.\.?\//.test(request) || !parent?.filename) return node.call(this, request, parent, ...rest);
			const base = path.resolve(path.dirname(parent.filename), request);
			const found = [base, base + ".js", base + "/index.js"].find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
			if (!found) throw new Error("cannot find " + request);
			return found;
		};`
	if err := os.WriteFile(script, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.TempDir(), "XDG_CACHE_HOME="+warm(t, "cache"), "FASTSYNTH=debug", "NODE_OPTIONS=--max-old-space-size=4069 --require "+script)
	_, got.stdout, _ = strings.Cut(got.stdout, "\n") // says what NODE_OPTIONS are
	want := stock
	_, want.stdout, _ = strings.Cut(stock.stdout, "\n")
	if got.err != nil || !maps.Equal(got.files, want.files) || got.stdout != want.stdout {
		t.Errorf("%v, stdout %q, want %q\n%s", got.err, got.stdout, want.stdout, got.stderr)
	}
	wantStderr(t, got, "@cdktf/provider-aws: unpacking as usual: cannot find ./")
}

// cdktf asks Terraform for its version. With fastsynth it asks once, and early, but
// nobody can tell from what it then says.
func TestTerraformVersion(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		want   string // on standard error
		calls  int
	}{
		"new enough": {"echo Terraform v1.11.4", "", 1},
		"slow":       {"sleep 0.5; echo Terraform v1.11.4", "", 1},
		"too old":    {"echo Terraform v1.3.9", "terraform version 1.3.9 is lower than the required version", 1},
		"no version": {"echo Terraform", "Could not determine version of terraform", 1},
		"fails":      {"echo out of luck >&2; exit 3", "out of luck", 3}, // again for each error
	} {
		t.Run(name, func(t *testing.T) {
			bin, temporary := t.TempDir(), t.TempDir()
			calls := filepath.Join(bin, "calls")
			script := "#!/bin/sh\necho called >>" + calls + "\n" + test.script + "\n"
			if err := os.WriteFile(filepath.Join(bin, "terraform"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			run := func(mode string) result {
				return runProgram([]string{
					"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"),
					"XDG_CACHE_HOME=" + warmCache, "FASTSYNTH=" + mode, "TMPDIR=" + temporary,
				}, t.TempDir(), "data")
			}
			want := run("off")
			if err := os.Remove(calls); err != nil {
				t.Fatal(err)
			}
			got := run("on")
			if !maps.Equal(got.files, want.files) || fmt.Sprint(got.err) != fmt.Sprint(want.err) || firstLines(got.stderr) != firstLines(want.stderr) {
				t.Errorf("got %v, %q, want %v, %q", got.err, firstLines(got.stderr), want.err, firstLines(want.stderr))
			}
			if !strings.Contains(got.stderr, test.want) || test.want == "" && got.err != nil {
				t.Errorf("%v, stderr is %q, want %q in it", got.err, got.stderr, test.want)
			}
			if content, err := os.ReadFile(calls); strings.Count(string(content), "called") != test.calls {
				t.Errorf("%v, terraform was called %q, want %d times", err, content, test.calls)
			}
			if left, err := filepath.Glob(filepath.Join(temporary, "fastsynth-*")); err != nil || len(left) > 0 {
				t.Errorf("%v, %v is left", err, left)
			}
		})
	}
}

// firstLines returns what a panic says before the stack traces.
func firstLines(stderr string) string {
	text, _, _ := strings.Cut(stderr, "\ngoroutine ")
	return text
}

// jsii.Close ends Node; what starts it again is as fast.
func TestAgain(t *testing.T) {
	got := runProgram([]string{"XDG_CACHE_HOME=" + warm(t, "cache"), "FASTSYNTH=debug"}, t.TempDir(), "again")
	if n := strings.Count(got.stderr, served); n != 2 {
		t.Errorf("served %d times, want twice:\n%s", n, got.stderr)
	}
	_, got.stdout, _ = strings.Cut(got.stdout, "\n") // says once more what NODE_OPTIONS are
	check(t, got)
}

// A program leaves nothing in the temporary folder, even if it never closes jsii,
// and removes what one that was killed has left.
func TestTemporaryFolder(t *testing.T) {
	temporary := t.TempDir()
	dead := exec.CommandContext(t.Context(), "true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	cache := warm(t, "cache")
	stores := one(t, cache, "stores")
	abandoned := []string{
		filepath.Join(temporary, fmt.Sprintf("fastsynth-%d-archive.tgz", dead.Process.Pid)),
		filepath.Join(stores, fmt.Sprintf("tmp-%d-abcdef", dead.Process.Pid), "data"),
	}
	inUse := []string{
		filepath.Join(temporary, fmt.Sprintf("fastsynth-%d-archive.tgz", os.Getpid())),
		filepath.Join(stores, fmt.Sprintf("tmp-%d-abcdef", os.Getpid()), "data"),
		filepath.Join(temporary, "fastsynth.txt"),
	}
	for _, file := range append(abandoned, inUse...) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	check(t, run(t.TempDir(), "XDG_CACHE_HOME="+cache, "TMPDIR="+temporary))
	for _, file := range abandoned {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", file, err)
		}
	}
	for _, file := range inUse {
		if err := os.Remove(file); err != nil {
			t.Errorf("a file in use: %v", err)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}

// There is compiled code for each value of NODE_OPTIONS, but not for each that ever was.
func TestCodeIsPruned(t *testing.T) {
	cache := warm(t, "cache")
	synth := func() { checkBare(t, runBare(t.TempDir(), "XDG_CACHE_HOME="+cache)) }
	synth() // what was compiled in another folder is not used as it is
	used := one(t, cache, "code/*")
	folder := filepath.Dir(used)
	age := func(file string, days int) {
		if err := os.Chtimes(file, time.Time{}, time.Now().AddDate(0, 0, -days)); err != nil {
			t.Fatal(err)
		}
	}
	for days := 2; days <= 6; days++ {
		file := filepath.Join(folder, fmt.Sprintf("%d-days", days))
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		age(file, days)
	}
	age(used, 10)
	synth() // with what was not used for the longest time
	runBare(t.TempDir(), "XDG_CACHE_HOME="+cache, "NODE_OPTIONS=--title=other")
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	slices.SortFunc(left, func(a, b string) int { return len(a) - len(b) })
	if len(left) != 4 || !slices.Equal(left[:2], []string{"2-days", "3-days"}) || !slices.Contains(left, filepath.Base(used)) {
		t.Errorf("files are %v, want the last 4 that were used: 2-days, 3-days, %s and a new one", left, filepath.Base(used))
	}
}

func TestUnknownRuntime(t *testing.T) {
	cache := warm(t, "cache")
	preload := one(t, cache, "preload.js")
	dir := t.TempDir()
	for _, file := range []string{"bin/jsii-runtime.js", "lib/program.js"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		code := `console.log("untouched", typeof fastsynth, require("module").prototype._compile.toString().includes("patch"));`
		if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "--preserve-symlinks", "--require", preload, path)
		cmd.Env = append(os.Environ(), "FASTSYNTH=")
		out, err := cmd.CombinedOutput()
		// There are two programs, but one reason is enough.
		says := strings.Contains(string(out), " is not known, only 1.112.0 and 1.119.0 are; FASTSYNTH=off hides this\n")
		if err != nil || !strings.Contains(string(out), "untouched undefined false") || says != (file == "lib/program.js") {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

func TestNodeMissing(t *testing.T) {
	for _, env := range [][]string{{"PATH=" + t.TempDir()}, {"JSII_NODE=/does/not/exist"}, {"PATH=" + t.TempDir(), "FASTSYNTH=off"}} {
		got := run(t.TempDir(), append(env, "HOME="+t.TempDir())...)
		var exit *exec.ExitError
		if !errors.As(got.err, &exit) || exit.ExitCode() != 1 {
			t.Fatalf("%v: error is %v, want exit status 1", env, got.err)
		}
		if strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "starting jsii: ") || !strings.Contains(got.stderr, "install Node.js 20 or newer") {
			t.Errorf("%v: stderr is %q, want one line that says what to install", env, got.stderr)
		}
	}
}
