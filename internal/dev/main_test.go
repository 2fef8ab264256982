package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnknownEnvironment(t *testing.T) {
	for _, args := range [][]string{{"deploy", "prod"}, {"diff", ""}, {"deploy"}, {"deploy", "staging", "production"}, {"deploy", "staging; id"}} {
		cmd := command()
		cmd.SetArgs(args)
		err := cmd.Execute()
		want := `ENV: is "` + strings.Join(args[1:], " ") + `", want staging or production: make deploy ENV=staging`
		if err == nil || err.Error() != want {
			t.Errorf("%q: error is %v, want %s", args, err, want)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	// Output comes in pieces that do not end where lines end.
	for _, piece := range []string{
		"npm warn something\nstaging  Initializing the back", "end...\n",
		"         aws_kms_key.monitoring_key_BA5080B2 (monitoring/key): Creation complete after 8s [id=1]\n",
		"staging  aws_secretsmanager_secret.app-secrets_secret_CE86DAB4 (app-secrets/secret): Import complete [id=2]\n",
		"         Apply complete! Resources: 1 imported, 25 added, 0 changed, 0 destroyed.\n",
	} {
		if _, err := p.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	want := `    Initializing the backend...
    created   aws_kms_key                          monitoring/key
    imported  aws_secretsmanager_secret            app-secrets/secret
    Apply complete! Resources: 1 imported, 25 added, 0 changed, 0 destroyed.
`
	if out.String() != want {
		t.Errorf("shows:\n%s\nwant:\n%s", out.String(), want)
	}
	if !strings.Contains(p.everything(), "npm warn something") {
		t.Error("what is not shown is lost")
	}
}

// TestKeptLog plants links where the log could be guessed to be.
func TestKeptLog(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"infra-local-aws.log", "infra-local-aws", "moto.log"} {
		if err := os.Symlink(victim, filepath.Join(temporary, name)); err != nil {
			t.Fatal(err)
		}
	}
	first, err := keptLog()
	if err != nil {
		t.Fatal(err)
	}
	second, err := keptLog()
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("%s is there twice", first)
	}
	for _, path := range []string{first, second} {
		info, err := os.Lstat(filepath.Dir(path))
		if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v; want a private folder", filepath.Dir(path), info, err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s is there already", path)
		}
	}
}
