// Package fastsynth makes CDK for Terraform programs that are written in Go start
// several times faster, in a fraction of the memory, with the same output.
//
//	func main() {
//		if err := fastsynth.Enable(); err != nil {
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(1)
//		}
//		app := cdktf.NewApp(nil)
//		…
//	}
//
// # Why
//
// CDK for Terraform is written in JavaScript. Its Go packages are generated: each
// call of them is sent by a library called jsii to a Node process, which does the
// work. Before the first call, that process loads the whole package of a Terraform
// provider, however little of it the program uses. For the AWS provider that is a
// description of 23,208 types, 119 MB of JSON, and 1,400 modules: two to three
// seconds and a gigabyte of memory, of which a program needs a hundredth.
//
// # How
//
// Enable makes Node load a script of this package before jsii's own program. When
// jsii loads a package that qualifies, the script serves it from a cache in the
// user's cache directory, from which single types and single modules can be read
// when they are used. docs/fast-synth.md describes every step.
//
// # When it does nothing
//
// Whatever is not as expected leaves jsii as it is, and the program is as slow as
// without this package: another version of the jsii runtime than 1.112.0 and
// 1.119.0, a cache directory that cannot be written or that other users can write,
// Windows, a large package that does not promise that its modules can be loaded one
// by one (what "cdktf get" makes is not served). One line on standard error says so, with
// the reason. The environment variable FASTSYNTH switches it off without a word
// (off, 0, false, no), or makes it say what it does (debug).
package fastsynth

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/aws/jsii-runtime-go"
	jsiiruntime "github.com/aws/jsii-runtime-go/runtime"
)

const (
	// jsii gives Node this option when the user has no NODE_OPTIONS.
	jsiiNodeOptions = "--max-old-space-size=4069"

	silenceEndOfLife = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
)

// errUnsupported means that this system has no files with owners.
var errUnsupported = errors.New("not supported on " + runtime.GOOS)

var (
	mutex   sync.Mutex
	enabled bool      // a client of ours was made
	told    sync.Once // why there is none
)

// Enable makes jsii start fast. Call it before anything of jsii or cdktf is called;
// importing their packages is fine. Calling it again does nothing, unless jsii.Close
// has been called: then the next start of jsii is fast, too.
//
// The only error is that Node is missing, without which no call of jsii can work.
// When Enable cannot make jsii faster, it leaves jsii as it is, says why on standard
// error, once, and returns nil.
func Enable() error {
	mutex.Lock()
	defer mutex.Unlock()
	if err := checkNode(); err != nil {
		return err
	}
	if off() {
		return nil
	}
	if enabled && jsiiStarted() {
		return nil
	}
	err := start()
	enabled = err == nil
	if err != nil {
		told.Do(func() { fmt.Fprintf(os.Stderr, "fastsynth: jsii starts as usual: %v; FASTSYNTH=off hides this\n", err) })
	}
	return nil
}

func off() bool {
	switch strings.ToLower(os.Getenv("FASTSYNTH")) {
	case "off", "0", "false", "no":
		return true
	}
	return false
}

// checkNode looks for Node where jsii does.
func checkNode() error {
	if os.Getenv("JSII_RUNTIME") != "" {
		return nil // a command line of the user's own
	}
	node := os.Getenv("JSII_NODE")
	if node == "" {
		node = "node"
	}
	if _, err := exec.LookPath(node); err != nil {
		return fmt.Errorf("starting jsii: %w: install Node.js 20 or newer, from your package manager or https://nodejs.org", err)
	}
	return nil
}

// start prepares the cache directory and a jsii client that loads our script.
func start() error {
	if os.Getenv("JSII_RUNTIME") != "" {
		return errors.New("JSII_RUNTIME is set")
	}
	if jsiiStarted() {
		return errors.New("jsii has been called before fastsynth.Enable")
	}
	dir, err := prepareCache()
	if err != nil {
		return err
	}
	return newClient(nodeEnvironment(dir, os.LookupEnv))
}

// jsiiStarted tells whether the Node process runs already. jsii does not tell, but
// the goroutine that reads Node's messages does. jsii.Close waits for its last
// statement, after which it may still be there for a moment.
func jsiiStarted() bool {
	for range 10 {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !strings.Contains(string(stacks), "/internal/kernel/process.(*Process).consumeStderr") {
			return false
		}
		time.Sleep(100 * time.Microsecond)
	}
	return true
}

// nodeEnvironment returns what to change in the environment of the Node process.
func nodeEnvironment(dir string, lookup func(string) (string, bool)) map[string]string {
	options, ok := lookup("NODE_OPTIONS")
	if !ok {
		options = jsiiNodeOptions
	}
	// Inside quotes, which Node understands since version 12, a backslash escapes.
	preload := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(dir + "/" + preloadScript)
	env := map[string]string{"NODE_OPTIONS": options + ` "--require=` + preload + `"`}
	if _, ok := lookup(silenceEndOfLife); !ok {
		// Node 20 works, and jsii would say on every start that it is old.
		env[silenceEndOfLife] = "20"
	}
	return env
}

// newClient replaces jsii's client by one whose Node process gets env.
//
// jsii copies the environment for Node when its client is made, which is while the
// program's packages are initialized: before main, so that changing the
// environment in main is too late. Closing a client that has not been used loses
// nothing, and makes jsii create another one with the environment of that moment.
func newClient(env map[string]string) (err error) {
	restore, err := setenv(env)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("making a jsii client: %v", r)
		}
		restore()
		if err != nil {
			jsii.Close() // the next call makes a client with the user's environment
		}
	}()
	if err != nil {
		return err
	}
	jsii.Close()
	jsiiruntime.IsAnonymousProxy(nil) // any function that needs a client does
	return nil
}

// setenv changes the environment and returns what changes it back.
func setenv(env map[string]string) (restore func(), err error) {
	var undo []func()
	restore = func() {
		for _, f := range undo {
			f()
		}
	}
	for name, value := range env {
		if old, ok := os.LookupEnv(name); ok {
			undo = append(undo, func() { _ = os.Setenv(name, old) })
		} else {
			undo = append(undo, func() { _ = os.Unsetenv(name) })
		}
		if err := os.Setenv(name, value); err != nil {
			return restore, err
		}
	}
	return restore, nil
}
