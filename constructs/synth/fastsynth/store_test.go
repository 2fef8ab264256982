package fastsynth_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every type, every module and every export of the AWS provider is what is in its
// archive.
func TestStoreIsTheArchive(t *testing.T) {
	provider, err := wholeProvider()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	describe(t, provider, dir)
	scripts := filepath.Dir(one(t, fullCache, "store.js"))
	out, err := exec.CommandContext(t.Context(), "node", "--max-old-space-size=4096", "testdata/compare.js", scripts, provider, dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "23208 types, 2144 files, ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// describe puts what compare.js needs to know of an archive into a folder.
func describe(t *testing.T, archive, dir string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	digests := map[string]string{}
	for r := tar.NewReader(gz); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content := make([]byte, header.Size)
		if _, err := io.ReadFull(r, content); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(header.Name, "package/")
		digests[name] = fmt.Sprintf("%x", sha256.Sum256(content))
		if name == ".jsii" || name == "lib/index.js" {
			write(filepath.Base(name), content)
		}
	}
	list, err := json.Marshal(digests)
	if err != nil {
		t.Fatal(err)
	}
	write("digests.json", list)
}

// pack returns a package archive with these files.
func pack(files map[string]string) ([]byte, error) {
	var buffer bytes.Buffer
	gz := gzip.NewWriter(&buffer)
	w := tar.NewWriter(gz)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		header := &tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}
		if target, ok := strings.CutPrefix(files[name], "link to "); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if header.Size > 0 {
			if _, err := w.Write([]byte(files[name])); err != nil {
				return nil, err
			}
		}
	}
	if err := errors.Join(w.Close(), gz.Close()); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// archive is an archive that can be packed.
func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	packed, err := pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// index returns the index of a store, without the digest.
func index(t *testing.T, store string) (index map[string]any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(store, "index"))
	if err != nil {
		t.Fatal(err)
	}
	_, doc, _ := bytes.Cut(content, []byte("\n"))
	if err := json.Unmarshal(doc, &index); err != nil {
		t.Fatal(err)
	}
	return index
}

// example is a package that qualifies.
func example() map[string]string {
	manifest, _ := json.Marshal(map[string]any{
		"name": "example", "version": "1.0.0", "jsiiVersion": "5.6.17 (build x)",
		"readme": strings.Repeat("so much to say ", 400_000),
		"types":  map[string]any{"example.thing.Thing": map[string]any{"fqn": "example.thing.Thing", "kind": "class", "docs": `{"[\"`}},
	})
	return map[string]string{
		"package.json":      `{"name":"example","version":"1.0.0","main":"lib/index.js","dependencies":{"cdktf":"^0.21.0"}}`,
		".jsii":             string(manifest),
		"README.md":         "not a module",
		"lib/index.js":      "\"use strict\";\nexports.thing = void 0;\nexports.thing = require(\"./thing\");\n",
		"lib/lazy-index.js": "Object.defineProperty(exports, 'thing', { get: function () { return require('./thing'); } });\n",
		"lib/thing.js":      "const cdktf = require(\"cdktf\"); // it requires cdktf\nexports.Thing = class {};\n",
		strings.Repeat("a-long-folder-name/", 12) + "thing.js": "exports.x = 1;\n",
	}
}

func TestBuild(t *testing.T) {
	tests := []struct {
		name   string
		change func(files map[string]string)
		want   string // regular expression; "" for a package that qualifies
	}{
		{"qualifies", func(map[string]string) {}, ""},
		{"no lazy index", func(f map[string]string) { delete(f, "lib/lazy-index.js") }, "no lazy-index.js"},
		{"no index", func(f map[string]string) { delete(f, "lib/index.js") }, "no lazy-index.js"},
		{"no package.json", func(f map[string]string) { delete(f, "package.json") }, "no lazy-index.js"},
		{"no manifest", func(f map[string]string) { delete(f, ".jsii") }, "the manifest is small"},
		{"small manifest", func(f map[string]string) { f[".jsii"] = `{"name":"example","types":{}}` }, "the manifest is small"},
		{"manifest cut off", func(f map[string]string) { f[".jsii"] = f[".jsii"][:len(f[".jsii"])-1] }, "not one JSON object"},
		{"compressed manifest", func(f map[string]string) {
			f[".jsii"] = `{"schema":"jsii/file-redirect","compression":"gzip","filename":".jsii.gz"}`
		}, "the manifest is small"},
		{"other package's manifest", func(f map[string]string) { f[".jsii"] = strings.Replace(f[".jsii"], "1.0.0", "1.0.1", 1) }, "not this package's"},
		{"old jsii", func(f map[string]string) { f[".jsii"] = strings.Replace(f[".jsii"], "5.6.17", "1.18.0", 1) }, "made by jsii 1.18.0"},
		{"type twice", func(f map[string]string) {
			f[".jsii"] = strings.Replace(f[".jsii"], `"types":{`, `"types":{"example.thing.Thing":{},`, 1)
		}, "two types example.thing.Thing"},
		{"reads files", func(f map[string]string) { f["lib/thing.js"] += `require("fs");` }, "a module needs fs"},
		{"knows its folder", func(f map[string]string) { f["lib/thing.js"] += `const here = __dirname;` }, "uses __dirname"},
		{"computed require", func(f map[string]string) { f["lib/thing.js"] += `require("./" + name);` }, `lib/thing.js has require\("./" \+`},
		{"require.resolve", func(f map[string]string) { f["lib/thing.js"] += `require.resolve("cdktf");` }, "has require.resolve"},
		{"dynamic import", func(f map[string]string) { f["lib/thing.js"] += `import("cdktf");` }, "uses import"},
		{"native module", func(f map[string]string) { f["lib/thing.node"] = "x" }, "contains lib/thing.node"},
		{"bundled package", func(f map[string]string) { f["node_modules/x/package.json"] = "{}" }, "contains node_modules/x/package.json"},
		{"link", func(f map[string]string) { f["lib/link.js"] = "link to thing.js" }, "entry of type 2"},
		{"outside", func(f map[string]string) { f["../../thing.js"] = "" }, "the archive holds"},
		{"exports map", func(f map[string]string) {
			f["package.json"] = strings.Replace(f["package.json"], `{`, `{"exports":"./lib/index.js",`, 1)
		}, "redefines how modules are found"},
		{"index does more", func(f map[string]string) { f["lib/index.js"] += "register();\n" }, `index.js has the line register`},
		{"lazy index does more", func(f map[string]string) { f["lib/lazy-index.js"] += "register();\n" }, `lazy-index.js has the line register`},
		{"indexes differ", func(f map[string]string) {
			f["lib/lazy-index.js"] = strings.Replace(f["lib/lazy-index.js"], "./thing", "./other", 1)
		}, "differ in thing"},
		{"lazy index has more", func(f map[string]string) {
			f["lib/lazy-index.js"] += strings.ReplaceAll(f["lib/lazy-index.js"], "thing", "other")
		}, "differ"},
	}
	dir := t.TempDir()
	for i, test := range tests {
		files := example()
		test.change(files)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".tgz")), archive(t, files), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "node", "testdata/builds.js", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := filepath.Join(dir, fmt.Sprint(i))
			index := index(t, store)
			refused, _ := index["refused"].(string)
			if test.want == "" {
				if refused != "" || index["typeCount"] != 1.0 || index["main"] != "lib/index.js" || len(index["files"].([]any)) != 5 {
					t.Errorf("index is %v", index)
				}
				return
			}
			if !regexp.MustCompile(test.want).MatchString(refused) {
				t.Errorf("refused with %q, want %q", refused, test.want)
			}
			if _, err := os.Stat(filepath.Join(store, "data")); err == nil {
				t.Error("data of a refused package was left")
			}
		})
	}
}

func TestBuildOfADamagedArchive(t *testing.T) {
	whole := archive(t, example())
	for name, damaged := range map[string][]byte{
		"cut off":    whole[:len(whole)-100],
		"altered":    slices.Concat(whole[:200], []byte("nonsense"), whole[208:]),
		"no archive": []byte("nonsense"),
		"empty":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			file, store := filepath.Join(t.TempDir(), "archive.tgz"), t.TempDir()
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			stdin, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			cmd := exec.CommandContext(t.Context(), "node", "node/build.js", store)
			cmd.Stdin = stdin
			out, err := cmd.CombinedOutput()
			if _, missing := os.Stat(filepath.Join(store, "index")); err == nil || len(out) == 0 || !errors.Is(missing, fs.ErrNotExist) {
				t.Errorf("%v, says %q, index: %v, want a failure", err, out, missing)
			}
		})
	}
}
