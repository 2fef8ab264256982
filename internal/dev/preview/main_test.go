package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/stacks/environment"
)

func TestPreview(t *testing.T) {
	for _, env := range environment.All() {
		t.Run(env.Name, func(t *testing.T) {
			dir := t.TempDir()
			var out bytes.Buffer
			if err := run(&out, []string{env.Name}, dir); err != nil {
				t.Fatal(err)
			}
			page := filepath.Join(dir, "preview", env.Name+".html")
			for _, want := range []string{"alb/5xx-high", "postgres/storage-low", "goes off", "is over", "tells " + env.Notify.Critical.Emails[0], page} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in the output:\n%s", want, &out)
				}
			}
			html, err := os.ReadFile(page)
			if err != nil || !strings.Contains(string(html), "<h1>"+env.Prefix+"</h1>") {
				t.Errorf("error %v; the page does not have the title of %s", err, env.Prefix)
			}
		})
	}
}

func TestPreviewRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"ENV: want staging or production":            {},
		`ENV: is "prod", want staging or production`: {"prod"},
	} {
		dir := t.TempDir()
		if err := run(&bytes.Buffer{}, args, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Error("something was written")
		}
	}
}
