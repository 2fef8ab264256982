package terraform

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

const platform = runtime.GOOS + "_" + runtime.GOARCH

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// script is a program that answers `version -json`, as terraform does.
func script(version string) string {
	return fmt.Sprintf("#!/bin/sh\necho '{\"terraform_version\":\"%s\"}'\n", version)
}

// isolate takes away the user's own configuration and puts one folder on PATH.
func isolate(t *testing.T) (home, bin string) {
	t.Helper()
	home, bin = t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("TF_CLI_CONFIG_FILE", "")
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	return home, bin
}

func TestFindMirror(t *testing.T) {
	const (
		unpacked = "registry.terraform.io/hashicorp/aws/%s/%s/terraform-provider-aws_v%s_x5"
		packed   = "registry.terraform.io/hashicorp/aws/terraform-provider-aws_%s_%s.zip"
	)
	tests := []struct {
		name  string
		files []string
		want  string // version; "" when the folder is no mirror
	}{
		{"unpacked", []string{fmt.Sprintf(unpacked, "5.100.0", "linux_amd64", "5.100.0")}, "5.100.0"},
		{"packed", []string{fmt.Sprintf(packed, "5.100.0", "linux_amd64")}, "5.100.0"},
		{"lowest version", []string{fmt.Sprintf(packed, "5.99.0", "linux_amd64")}, "5.99.0"},
		{"newest of several", []string{
			fmt.Sprintf(packed, "5.99.1", "linux_amd64"),
			fmt.Sprintf(unpacked, "5.100.0", "linux_amd64", "5.100.0"),
			fmt.Sprintf(packed, "6.0.0", "linux_amd64"),
		}, "5.100.0"},
		{"too old", []string{fmt.Sprintf(unpacked, "5.98.0", "linux_amd64", "5.98.0"), fmt.Sprintf(packed, "5.98.0", "linux_amd64")}, ""},
		{"too new", []string{fmt.Sprintf(unpacked, "6.0.0", "linux_amd64", "6.0.0"), fmt.Sprintf(packed, "6.0.0", "linux_amd64")}, ""},
		{"other platform", []string{fmt.Sprintf(unpacked, "5.100.0", "darwin_arm64", "5.100.0"), fmt.Sprintf(packed, "5.100.0", "darwin_arm64")}, ""},
		{"other provider", []string{"registry.terraform.io/hashicorp/google/5.100.0/linux_amd64/terraform-provider-google_v5.100.0"}, ""},
		{"platform folder without provider", []string{"registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/LICENSE.txt"}, ""},
		{"not a version", []string{fmt.Sprintf(unpacked, "latest", "linux_amd64", "latest"), fmt.Sprintf(packed, "latest", "linux_amd64")}, ""},
		{"empty", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, file := range test.files {
				write(t, filepath.Join(root, file), "")
			}
			got, ok := findMirror([]string{filepath.Join(root, "missing"), root}, "linux_amd64", io.Discard)
			want := mirror{}
			if test.want != "" {
				want = mirror{path: root, version: test.want}
			}
			if got != want || ok != (test.want != "") {
				t.Errorf("findMirror = %v, %v, want %v", got, ok, want)
			}
		})
	}

	t.Run("first suitable root wins", func(t *testing.T) {
		unsuitable, first, second := t.TempDir(), t.TempDir(), t.TempDir()
		write(t, filepath.Join(unsuitable, fmt.Sprintf(packed, "4.0.0", "linux_amd64")), "")
		write(t, filepath.Join(first, fmt.Sprintf(packed, "5.99.0", "linux_amd64")), "")
		write(t, filepath.Join(second, fmt.Sprintf(packed, "5.100.0", "linux_amd64")), "")
		got, _ := findMirror([]string{unsuitable, first, second}, "linux_amd64", io.Discard)
		if want := (mirror{path: first, version: "5.99.0"}); got != want {
			t.Errorf("findMirror = %v, want %v", got, want)
		}
	})
}

func TestMirrorRoots(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	tests := []struct{ name, xdg, data string }{
		{"default", "", "/home/me/.local/share/terraform/plugins"},
		{"XDG_DATA_HOME", "/data", "/data/terraform/plugins"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("XDG_DATA_HOME", test.xdg)
			want := []string{"/home/me/.terraform.d/plugins", test.data, "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"}
			got := mirrorRoots()
			if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
				t.Fatalf("mirrorRoots = %q, want it to start with %q", got, want)
			}
			for _, root := range got[len(want):] {
				if filepath.Dir(root) != "/opt" {
					t.Errorf("mirrorRoots has %s, want a folder of /opt", root)
				}
			}
		})
	}

	dir := t.TempDir()
	write(t, filepath.Join(dir, "b", "x"), "")
	write(t, filepath.Join(dir, "a", "x"), "")
	if got, want := subfolders(dir), []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}; !slices.Equal(got, want) {
		t.Errorf("subfolders = %q, want %q", got, want)
	}
}

func TestCLIConfigContent(t *testing.T) {
	_, bin := isolate(t)
	write(t, filepath.Join(bin, "terraform"), script("1.11.4"))
	root := t.TempDir()
	project := t.TempDir()
	tools := filepath.Join(project, ".tools", "terraform")
	src := sources{mirrorRoots: []string{root}}

	inst, err := setup(t.Context(), project, nil, src)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tools, "cli.tfrc")
	if inst.CLIConfig != path || inst.cacheLock == "" {
		t.Fatalf("setup = %+v, want CLIConfig %q and a lock for the cache", inst, path)
	}
	wantFile(t, path, fmt.Sprintf(`plugin_cache_dir = %q
plugin_cache_may_break_dependency_lock_file = true
provider_installation {
  direct {}
}
`, filepath.Join(tools, "plugins")))
	if info, err := os.Stat(filepath.Join(tools, "plugins")); err != nil || !info.IsDir() {
		t.Errorf("cache folder: %v, %v", info, err)
	}

	write(t, filepath.Join(root, "registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.100.0_"+platform+".zip"), "")
	if _, err := setup(t.Context(), project, nil, src); err != nil {
		t.Fatal(err)
	}
	mirrored := fmt.Sprintf(`provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["registry.terraform.io/hashicorp/aws"]
  }
  direct {
    exclude = ["registry.terraform.io/hashicorp/aws"]
  }
}
`, root)
	wantFile(t, path, mirrored)

	// Each write makes a new file, so the same file was not written.
	before, _ := os.Stat(path)
	if _, err := setup(t.Context(), project, nil, src); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) {
		t.Error("the CLI configuration was rewritten with the same content")
	}
	write(t, path, "edited")
	if _, err := setup(t.Context(), project, nil, src); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, mirrored)
	if names := readDir(tools); !slices.Equal(names, []string{"cli.tfrc", "plugins"}) {
		t.Errorf("%s holds %q: temporary files were left", tools, names)
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", path, got, err, want)
	}
}

func TestUserConfig(t *testing.T) {
	const ours = "OURS"
	tests := []struct {
		name   string
		env    string // in the working folder unless it is ours or ""
		exists bool
		rc     bool   // ~/.terraformrc exists
		want   string // ours, "" or the file
	}{
		{name: "nothing", want: ours},
		{name: "variable names a file", env: "user.tfrc", exists: true, want: "user.tfrc"},
		{name: "variable and home file", env: "user.tfrc", exists: true, rc: true, want: "user.tfrc"},
		{name: "variable names a missing file", env: "user.tfrc", want: ours},
		{name: "variable names a missing file, home file", env: "user.tfrc", rc: true, want: ours},
		{name: "variable names a folder", env: ".", want: ours},
		{name: "home file", rc: true, want: ""},
		{name: "variable names ours", env: ours, want: ours},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home, bin := isolate(t)
			write(t, filepath.Join(bin, "terraform"), script("1.11.4"))
			project, cwd := t.TempDir(), t.TempDir()
			t.Chdir(cwd)
			path := map[string]string{
				"": "", ours: filepath.Join(project, ".tools/terraform/cli.tfrc"), "user.tfrc": filepath.Join(cwd, "user.tfrc"),
			}
			switch test.env {
			case ours:
				write(t, path[ours], "stale")
				t.Setenv("TF_CLI_CONFIG_FILE", path[ours])
			default:
				t.Setenv("TF_CLI_CONFIG_FILE", test.env) // relative: it must become absolute
			}
			if test.exists {
				write(t, path["user.tfrc"], "# user\n")
			}
			if test.rc {
				write(t, filepath.Join(home, ".terraformrc"), "# home\n")
			}

			inst, err := setup(t.Context(), project, nil, sources{})
			if err != nil {
				t.Fatal(err)
			}
			if inst.CLIConfig != path[test.want] {
				t.Errorf("CLIConfig = %q, want %q", inst.CLIConfig, path[test.want])
			}
			if test.exists {
				wantFile(t, path["user.tfrc"], "# user\n")
			}
			content, err := os.ReadFile(path[ours])
			if wrote := err == nil; wrote != (test.want == ours) || string(content) == "stale" {
				t.Errorf("our file holds %q, %v; want it only when it is used", content, err)
			}
			env := inst.Environ()
			if got, want := slices.Contains(env, "TF_CLI_CONFIG_FILE="+inst.CLIConfig), test.want != ""; got != want {
				t.Errorf("Environ = %q, has the configuration: %v, want %v", env, got, want)
			}
		})
	}
}

func TestEnviron(t *testing.T) {
	inst := &Installation{ExecPath: "/x/terraform", CLIConfig: "/p/cli.tfrc"}
	for users, gogc := range map[string]string{"": "400", "off": "off"} {
		t.Setenv("GOGC", users)
		want := []string{"CHECKPOINT_DISABLE=1", "GOGC=" + gogc, "TERRAFORM_BINARY_NAME=/x/terraform", "TF_CLI_CONFIG_FILE=/p/cli.tfrc"}
		if got := inst.Environ(); !slices.Equal(got, want) {
			t.Errorf("Environ = %q, want %q", got, want)
		}
	}
}

func TestSetupProjectFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for _, dir := range []string{file, filepath.Join(t.TempDir(), "missing")} {
		if _, err := Setup(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("Setup(%q) = %v, want an error that names it", dir, err)
		}
	}
}

// server is a releases site with the pinned terraform, signed by a key of its own.
type server struct {
	url, key string
	requests int
}

func newServer(t *testing.T, archive []byte, tamper func(path string, body []byte) []byte) *server {
	t.Helper()
	entity, err := openpgp.NewEntity("test", "", "test@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	armored, err := armor.Encode(&key, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(entity.Serialize(armored), armored.Close()); err != nil {
		t.Fatal(err)
	}

	base := "terraform_" + pinnedTerraform
	zipName := base + "_" + platform + ".zip"
	sums := fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), zipName)
	var signature bytes.Buffer
	if err := openpgp.DetachSign(&signature, entity, strings.NewReader(sums), nil); err != nil {
		t.Fatal(err)
	}
	index := fmt.Sprintf(`{"name": "terraform", "version": %q, "shasums": "%[2]s_SHA256SUMS", "shasums_signature": "%[2]s_SHA256SUMS.sig",
		"builds": [{"name": "terraform", "version": %[1]q, "os": %[3]q, "arch": %[4]q, "filename": %[5]q, "url": "/terraform/%[6]s/%[7]s"}]}`,
		pinnedTerraform, base, runtime.GOOS, runtime.GOARCH, zipName, pinnedTerraform, zipName)

	files := map[string][]byte{
		"index.json":             []byte(index),
		base + "_SHA256SUMS":     []byte(sums),
		base + "_SHA256SUMS.sig": signature.Bytes(),
		zipName:                  archive,
	}
	s := &server{key: key.String()}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests++
		name, ok := strings.CutPrefix(r.URL.Path, "/terraform/"+pinnedTerraform+"/")
		body, found := files[name]
		if !ok || !found {
			http.NotFound(w, r)
			return
		}
		switch filepath.Ext(name) {
		case ".json":
			w.Header().Set("Content-Type", "application/json")
		case ".zip":
			w.Header().Set("Content-Type", "application/zip")
		}
		if tamper != nil {
			body = tamper(name, body)
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(site.Close)
	s.url = site.URL
	return s
}

func archive(t *testing.T, content string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range map[string]string{"terraform": content, "LICENSE.txt": "license"} {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFind(t *testing.T) {
	pinned := filepath.Join(".tools/terraform", pinnedTerraform, "terraform")
	tests := []struct {
		name     string
		onPath   string // what the program on PATH does; "" when there is none
		has      string // what the pinned program in the project does; "" when there is none
		want     string // BIN or PROJECT
		version  string
		download bool
		says     string
	}{
		{name: "on PATH", onPath: script("1.12.2"), want: "BIN", version: "1.12.2", says: "terraform 1.12.2 at BIN"},
		{name: "oldest", onPath: script("1.11.0"), want: "BIN", version: "1.11.0"},
		{
			name: "old", onPath: script("1.5.7"), want: "PROJECT", version: pinnedTerraform, download: true,
			says: "terraform 1.5.7 at BIN: want >= 1.11, < 2.0; installing terraform 1.11.4 into ",
		},
		{name: "too new", onPath: script("2.0.0"), want: "PROJECT", version: pinnedTerraform, download: true},
		{name: "prerelease", onPath: script("1.12.0-beta1"), want: "PROJECT", version: pinnedTerraform, download: true},
		{name: "broken", onPath: "#!/bin/sh\necho segfault >&2\nexit 3\n", want: "PROJECT", version: pinnedTerraform, download: true, says: "segfault"},
		{name: "none", want: "PROJECT", version: pinnedTerraform, download: true, says: "no terraform on PATH"},
		{
			name: "old, installed before", onPath: script("1.5.7"), has: script(pinnedTerraform), want: "PROJECT", version: pinnedTerraform,
			says: "terraform 1.5.7 at BIN: want >= 1.11, < 2.0; using terraform 1.11.4 at ",
		},
		{name: "old, installed before but broken", onPath: script("1.5.7"), has: "#!/bin/sh\nexit 1\n", want: "PROJECT", version: pinnedTerraform, download: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, bin := isolate(t)
			project := t.TempDir()
			paths := map[string]string{"BIN": filepath.Join(bin, "terraform"), "PROJECT": filepath.Join(project, pinned)}
			if test.onPath != "" {
				write(t, paths["BIN"], test.onPath)
			} else {
				t.Setenv("PATH", bin)
			}
			if test.has != "" {
				write(t, paths["PROJECT"], test.has)
			}
			site := newServer(t, archive(t, script(pinnedTerraform)), nil)
			src := sources{releasesURL: site.url, releasesKey: site.key}

			var progress strings.Builder
			inst, err := setup(t.Context(), project, &progress, src)
			if err != nil {
				t.Fatal(err)
			}
			if inst.ExecPath != paths[test.want] || inst.Version != test.version {
				t.Errorf("setup = %s at %s, want %s at %s", inst.Version, inst.ExecPath, test.version, paths[test.want])
			}
			if (site.requests > 0) != test.download {
				t.Errorf("%d requests, want a download: %v", site.requests, test.download)
			}
			if says := strings.ReplaceAll(test.says, "BIN", paths["BIN"]); !strings.Contains(progress.String(), says) {
				t.Errorf("progress = %q, want it to contain %q", progress.String(), says)
			}

			site.requests = 0
			again, err := setup(t.Context(), project, nil, src)
			if err != nil || again.ExecPath != inst.ExecPath || site.requests != 0 {
				t.Errorf("second setup = %+v, %v with %d requests, want the same without a request", again, err, site.requests)
			}
			if test.want == "PROJECT" {
				if names := readDir(filepath.Dir(paths["PROJECT"])); !slices.Equal(names, []string{"terraform"}) {
					t.Errorf("the folder holds %q, want terraform alone", names)
				}
			}
		})
	}
}

func TestInstallFails(t *testing.T) {
	tamper := func(suffix string) func(string, []byte) []byte {
		return func(name string, body []byte) []byte {
			if strings.HasSuffix(name, suffix) {
				return append(bytes.Clone(body), ' ')
			}
			return body
		}
	}
	other := newServer(t, nil, nil)
	tests := []struct {
		name   string
		tamper func(string, []byte) []byte
		key    string // "" is the right one
		path   string // below the site's URL
		want   string
	}{
		{name: "archive changed", tamper: tamper(".zip"), want: "checksum does not match"},
		{name: "checksums changed", tamper: tamper("SUMS"), want: "signature"},
		{name: "signed by another key", key: other.key, want: "signature"},
		{name: "not there", path: "/elsewhere", want: "404"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, bin := isolate(t)
			write(t, filepath.Join(bin, "terraform"), script("1.5.7"))
			site := newServer(t, archive(t, script(pinnedTerraform)), test.tamper)
			src := sources{releasesURL: site.url + test.path, releasesKey: site.key}
			if test.key != "" {
				src.releasesKey = test.key
			}
			project := t.TempDir()

			inst, err := setup(t.Context(), project, nil, src)
			if err == nil {
				t.Fatalf("setup = %+v, want an error", inst)
			}
			for _, want := range []string{
				fmt.Sprintf("terraform 1.5.7 at %s/terraform: want >= 1.11, < 2.0; installing 1.11.4 failed: ", bin),
				test.want,
				"; put a matching terraform on PATH",
			} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %q, want it to contain %q", err, want)
				}
			}
			if names := readDir(filepath.Join(project, ".tools/terraform", pinnedTerraform)); len(names) > 0 {
				t.Errorf("the failed installation left %q", names)
			}
		})
	}
}

func TestSetupCanceled(t *testing.T) {
	_, bin := isolate(t)
	write(t, filepath.Join(bin, "terraform"), script("1.11.4"))
	site := newServer(t, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := setup(ctx, t.TempDir(), nil, sources{releasesURL: site.url, releasesKey: site.key})
	if !errors.Is(err, context.Canceled) || site.requests != 0 {
		t.Errorf("setup = %v with %d requests, want context.Canceled and no request", err, site.requests)
	}
	if err != nil && strings.Contains(err.Error(), "install") {
		t.Errorf("error = %q, want it not to blame terraform", err)
	}
}
