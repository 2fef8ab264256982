package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/test/browser"
	"github.com/ohmycoins/infra/stacks/environment"
)

var (
	line    = regexp.MustCompile(`<path class="line [^>]* d="`)
	undrawn = regexp.MustCompile(`<path class="line [^>]* d=""`)
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
			if !strings.HasSuffix(out.String(), ": "+page+"\n") {
				t.Errorf("the path of the page is not the end of the output:\n%s", &out)
			}
			html, err := os.ReadFile(page)
			if err != nil || !strings.Contains(string(html), "<h1>"+env.Prefix+"</h1>") {
				t.Errorf("error %v; the page does not have the title of %s", err, env.Prefix)
			}
			graphs := 0
			for _, widget := range strings.Split(string(html), `<article class="widget"`)[1:] {
				if strings.Contains(widget, `class="problem"`) {
					t.Errorf("a widget has a problem:\n%s", widget)
				}
				if _, graph, ok := strings.Cut(widget, `<svg class="chart"`); ok {
					graphs++
					// What counts errors has no values without any, what has long periods none in
					// these hours, and both say so.
					if !line.MatchString(graph) || len(undrawn.FindAllString(graph, -1)) != strings.Count(graph, ": no values") {
						t.Errorf("a graph has no line, or one without a path that does not say why:\n%s", graph)
					}
				}
			}
			if graphs == 0 {
				t.Error("the page has no graph")
			}
			browser.Check(t, "preview-"+env.Name, string(html))
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
