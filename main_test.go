package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProgram builds the program and runs it as an operator's "go run ." would:
// with the environments as they are, and with a mistake in each.
func TestProgram(t *testing.T) {
	t.Parallel()
	written := []string{
		"cdktf.out/manifest.json",
		"cdktf.out/stacks/production/assets/*/check.zip",
		"cdktf.out/stacks/production/cdk.tf.json",
		"cdktf.out/stacks/staging/cdk.tf.json",
	}
	tests := []struct {
		name    string
		mistake map[string]string // in the file of the environment
		stderr  string
		status  int
		files   []string
	}{
		{
			name:  "as it is",
			files: written,
		},
		{
			name:    "a warning",
			mistake: map[string]string{"production": `"ohmycoins-prod-app-secrets"="ohmycoins-staging-app-secrets"`},
			stderr: `warning: production/app-secrets: Name: is "ohmycoins-staging-app-secrets", want another name: staging/app-secrets has the same for its secret, and one overwrites the other if both are made in one account and region
`,
			files: written,
		},
		{
			name: "mistakes in environments",
			mistake: map[string]string{
				"staging":    "DeleteImmediately: true,=RecoveryDays: 3,",
				"production": `TimeoutMinutes: 20=TimeoutMinutes: -1`,
			},
			stderr: `staging: Secret.RecoveryDays: is 3, want 0 (DeleteImmediately, or the default of 30) or 7 to 30
production: Deployment.TimeoutMinutes: is -1, want 0 (the default of 15) or 1 to 1440
`,
			status: 1,
		},
		{
			name: "mistakes",
			mistake: map[string]string{
				"staging":    `Critical: Recipients{Emails: []string{"oncall@example.com"=Critical: Recipients{Emails: []string{"not-an-email"`,
				"production": `Emails: []string{"platform@example.com"}=Emails: nil`,
			},
			stderr: `staging/monitoring: Notify["critical"][0]: is "not-an-email", want an e-mail address ("name@example.com")
production/monitoring: Notify["warning"]: is empty, want at least one target for backend/cpu-high, backend/memory-high, backend/tasks-below-desired and 50 more
`,
			status: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program := filepath.Join(t.TempDir(), "infra")
			build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay(t, tt.mistake), "-o", program, ".")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("building: %v\n%s", err, out)
			}
			var stdout, stderr strings.Builder
			run := exec.CommandContext(t.Context(), program)
			run.Dir, run.Stdout, run.Stderr = dir, &stdout, &stderr
			run.Env = append(os.Environ(), "CDKTF_OUTDIR=", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
			err := run.Run()
			if status := run.ProcessState.ExitCode(); status != tt.status {
				t.Errorf("exit status is %d, want %d: %v", status, tt.status, err)
			}
			if diff := cmp.Diff(tt.stderr, stderr.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
			if stdout.String() != "" {
				t.Errorf("stdout is %q, want nothing", stdout.String())
			}
			var files []string
			must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					rel, _ := filepath.Rel(dir, path)
					rel = assetHash.ReplaceAllString(rel, "assets/*/")
					files = append(files, filepath.ToSlash(rel))
				}
				return err
			}))
			if diff := cmp.Diff(tt.files, files); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// assetHash is the folder of an asset, named after what is in it.
var assetHash = regexp.MustCompile(`assets/[0-9a-f]+/`)

// overlay returns a file for go build -overlay that puts mistakes, "old=new" by
// environment, into the sources.
func overlay(t *testing.T, mistakes map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for env, mistake := range mistakes {
		file, err := filepath.Abs(filepath.Join("stacks", "environment", env+".go"))
		must(t, err)
		source, err := os.ReadFile(file)
		must(t, err)
		before, after, _ := strings.Cut(mistake, "=")
		changed := strings.Replace(string(source), before, after, 1)
		if changed == string(source) {
			t.Fatalf("%s does not contain %q", file, before)
		}
		replace[file] = filepath.Join(dir, env+".go")
		must(t, os.WriteFile(replace[file], []byte(changed), 0o600))
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	path := filepath.Join(dir, "overlay.json")
	must(t, os.WriteFile(path, content, 0o600))
	return path
}
