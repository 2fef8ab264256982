package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packed is an npm package with a program, and with a script that leaves a file behind
// when npm runs it.
func packed(t *testing.T, version, left string) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	w := tar.NewWriter(zipped)
	for _, file := range []struct{ name, text string }{
		{"package.json", fmt.Sprintf(`{"name": "cdktf-cli", "version": %q, "bin": {"cdktf": "cdktf.js"}, "scripts": {"postinstall": "echo > %s"}}`, version, left)},
		{"cdktf.js", "#!/usr/bin/env node\nconsole.log(\"" + version + "\");\n"},
	} {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + file.name, Mode: 0o755, Size: int64(len(file.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(file.text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []io.Closer{w, zipped} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return archive.Bytes()
}

// TestInstallCDKTF has npm install from a registry of the test: what the lock file says
// and nothing else, once, and without running what packages bring.
func TestInstallCDKTF(t *testing.T) {
	left := filepath.Join(t.TempDir(), "left-behind")
	packages := map[string][]byte{"1.0.0": packed(t, "1.0.0", left), "1.0.1": packed(t, "1.0.1", left)}
	sum := func(version string) string {
		s := sha512.Sum512(packages[version])
		return "sha512-" + base64.StdEncoding.EncodeToString(s[:])
	}
	asked := 0
	var registry *httptest.Server
	registry = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/cdktf-cli" { // which versions there are
			fmt.Fprintf(w, `{"name": "cdktf-cli", "dist-tags": {"latest": "1.0.1"}, "versions": {"1.0.1": {"name": "cdktf-cli", "version": "1.0.1",
				"bin": {"cdktf": "cdktf.js"}, "dist": {"tarball": "%s/1.0.1", "integrity": %q}}}}`, registry.URL, sum("1.0.1"))
			return
		}
		_, _ = w.Write(packages[strings.TrimPrefix(r.URL.Path, "/")]) // npm may have gone
	}))
	defer registry.Close()
	t.Setenv("npm_config_registry", registry.URL)
	t.Setenv("npm_config_cache", t.TempDir())
	t.Setenv("npm_config_fetch_retries", "0")
	oldPackage, oldLock := cdktfPackage, cdktfLock
	defer func() { cdktfPackage, cdktfLock = oldPackage, oldLock }()

	install := func(wanted, checksum string) (tools, program string, err error) {
		cdktfPackage = []byte(`{"private": true, "dependencies": {"cdktf-cli": "` + wanted + `"}}`)
		cdktfLock = []byte(`{"lockfileVersion": 3, "requires": true, "packages": {
			"": {"dependencies": {"cdktf-cli": "1.0.0"}},
			"node_modules/cdktf-cli": {"version": "1.0.0", "resolved": "` + registry.URL + `/1.0.0", "integrity": "` + checksum + `",
				"hasInstallScript": true, "bin": {"cdktf": "cdktf.js"}}}}`)
		tools = t.TempDir()
		program, err = installCDKTF(t.Context(), tools, io.Discard)
		return tools, program, err
	}
	tools, program, err := install("1.0.0", sum("1.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "1.0.0" {
		t.Errorf("the program prints %q, %v", out, err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("npm ran the script of a package (%v)", err)
	}
	before := asked
	if again, err := installCDKTF(t.Context(), tools, io.Discard); err != nil || again != program || asked != before {
		t.Errorf("the second time: %s, %v, and %d questions to the registry", again, err, asked-before)
	}

	for what, tt := range map[string]struct{ wanted, checksum string }{
		"another checksum than the package has":   {"1.0.0", sum("1.0.1")},
		"another version than the lock file says": {"1.0.1", sum("1.0.0")},
	} {
		tools, _, err := install(tt.wanted, tt.checksum)
		if err == nil || !strings.Contains(err.Error(), "npm ci") {
			t.Errorf("%s: error is %v, want npm's refusal", what, err)
		}
		if there, _ := filepath.Glob(filepath.Join(tools, "cdktf-*", "*")); len(there) > 0 {
			t.Errorf("%s: left behind %v", what, there)
		}
	}
}

// TestLockedIsInstallable has npm read the committed files, as for an installation: each
// package that package.json wants, directly or not, is in the lock file.
func TestLockedIsInstallable(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{"package.json": cdktfPackage, "package-lock.json": cdktfLock} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--dry-run", "--offline", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("npm ci: %v\n%s", err, out)
	}
}
