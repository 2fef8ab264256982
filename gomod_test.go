package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/version"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestGoLine: who imports the constructs needs the Go that go.mod names, so it names
// none newer than the newest that a dependency needs. (Older is not possible: the go
// command refuses it.) That the constructs do with it, only that Go can say: CI runs their
// tests with it, whatever is installed here.
func TestGoLine(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	must(t, err)
	var mod struct {
		Go      string
		Require []struct{ Path string }
	}
	must(t, json.Unmarshal(out, &mod))
	args := []string{"list", "-m", "-json"}
	for _, r := range mod.Require {
		args = append(args, r.Path)
	}
	out, err = exec.CommandContext(t.Context(), "go", args...).Output()
	must(t, err)
	newest, of := "1.22", ""
	for list := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct{ Path, GoVersion string }
		if err := list.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if version.Compare("go"+m.GoVersion, "go"+newest) > 0 {
			newest, of = m.GoVersion, m.Path
		}
	}
	if version.Compare("go"+mod.Go, "go"+newest) > 0 {
		t.Errorf("go.mod says go %s, but its dependencies need no more than go %s (%s): write that", mod.Go, newest, of)
	}
	const file, step = ".github/workflows/ci.yml", `run: GOTOOLCHAIN="go$(go list -m -f '{{.GoVersion}}')" go test ./constructs/...`
	workflow, err := os.ReadFile(file)
	must(t, err)
	if !strings.Contains(string(workflow), step+"\n") {
		t.Errorf("%s has no step %q: nothing tries go %s", file, step, mod.Go)
	}
}
