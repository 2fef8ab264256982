package doctest

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ohmycoins/infra/internal/filelock"
)

// engine is what answers in sessions of the console: a real PostgreSQL, and samples of
// Redis, in one Node process.
type engine struct {
	dir    string
	socket string
	server *exec.Cmd
	input  io.Closer // closing it ends the server
}

//go:embed console/package.json console/package-lock.json console/console.js
var consoleFiles embed.FS

//go:embed console/session-manager-plugin
var sessionPlugin []byte

// consoleVersion names the folder of an installation: a changed file gets a new one.
const consoleVersion = "pglite-0.5.16"

// startEngine installs PostgreSQL below projectDir, where it is not there yet, and starts it.
func startEngine(ctx context.Context, projectDir string, progress io.Writer) (*engine, error) {
	modules, err := installPGlite(ctx, projectDir, progress)
	if err != nil {
		return nil, fmt.Errorf("installing PostgreSQL for the tests: %w", err)
	}
	e := &engine{}
	if e.dir, err = os.MkdirTemp("", "doctest-console-"); err != nil {
		return nil, err
	}
	e.socket = filepath.Join(e.dir, "socket")
	if err := e.start(modules); err != nil {
		return nil, errors.Join(fmt.Errorf("starting PostgreSQL for the tests: %w", err), e.close())
	}
	return e, nil
}

func (e *engine) start(modules string) error {
	program, err := consoleFiles.ReadFile("console/console.js")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"console.js": program, "package.json": []byte(`{"type": "module"}`)} {
		if err := os.WriteFile(filepath.Join(e.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	if err := os.Symlink(modules, filepath.Join(e.dir, "node_modules")); err != nil {
		return err
	}
	server := exec.Command("node", "console.js", e.socket) //nolint:noctx // closing its input ends it
	server.Dir, server.Stderr = e.dir, os.Stderr
	if e.input, err = server.StdinPipe(); err != nil {
		return err
	}
	output, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	e.server = server
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		return fmt.Errorf("it ended before it was ready, and said %q", line)
	}
	return nil
}

func (e *engine) close() error {
	if e.server != nil {
		_ = e.input.Close()
		_ = e.server.Wait() // it has nothing to say
	}
	return os.RemoveAll(e.dir)
}

// installPGlite returns the folder of the modules that the lock file names.
func installPGlite(ctx context.Context, projectDir string, progress io.Writer) (string, error) {
	dir, err := filepath.Abs(filepath.Join(projectDir, ".tools", consoleVersion))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := filelock.Lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	modules := filepath.Join(dir, "node_modules")
	marker := filepath.Join(dir, "installed") // written last
	if _, err := os.Stat(marker); err == nil {
		return modules, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", errors.New("npm is not on PATH: install Node.js 20 or newer, which brings it")
	}
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := consoleFiles.ReadFile("console/" + name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(progress, "installing PGlite into %s\n", dir)
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: check that npm reaches a registry: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return modules, os.WriteFile(marker, nil, 0o600)
}
