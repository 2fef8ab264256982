package browser

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestMissing runs this test again without any Chromium: it is skipped, or fails where
// there has to be one.
func TestMissing(t *testing.T) {
	if os.Getenv("RUN_WITHOUT") == "1" {
		find(t)
		return
	}
	for required, want := range map[string]string{"": "--- SKIP", "1": "--- FAIL"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMissing$", "-test.v")
		cmd.Env = []string{"RUN_WITHOUT=1", "PATH=", "OMC_REQUIRE_CHROMIUM=" + required}
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want) || !strings.Contains(string(out), "Chromium is missing: apt-get") {
			t.Errorf("OMC_REQUIRE_CHROMIUM=%s: want %s and what to install, got:\n%s", required, want, out)
		}
	}
}

// TestMakefile wants "make test" to say what it does not test, and to look for the same
// programs.
func TestMakefile(t *testing.T) {
	const root = "../../.."
	for browsers, want := range map[string]bool{"no-such-browser": true, "no-such-browser make": false} {
		out, err := exec.Command("make", "-s", "-C", root, "browser", "BROWSERS="+browsers).CombinedOutput()
		if got := strings.Contains(string(out), "NOT TESTED: "); err != nil || got != want {
			t.Errorf("with %s: %v, said that something is not tested: %v, want %v\n%s", browsers, err, got, want, out)
		}
	}
	makefile, err := os.ReadFile(root + "/Makefile")
	if err != nil || !strings.Contains(string(makefile), "\nBROWSERS := "+strings.Join(programs, " ")+"\n") || !strings.Contains(string(makefile), "\ntest: browser ##") {
		t.Errorf("%v: the Makefile does not look for %v before the tests", err, programs)
	}
}

// TestInspect has a page with each fault that a page can have.
func TestInspect(t *testing.T) {
	const page = `<!doctype html><style>
		body { margin: 0; background: #fff } .widget { width: 300px; overflow: hidden } svg { display: block }
		text { font-size: 11px; fill: #000 } path { fill: none }
	</style>
	<div class="widget"><h3>Fine</h3><ul class="legend"><li>a</li></ul>
		<svg class="chart" width="200" height="100"><path class="line" stroke="#000" d="M0 0H9"/><text x="0" y="20">fine</text></svg></div>
	<div class="widget"><h3>Bad</h3><p class="problem" style="color: #888">no data</p><ul class="legend"></ul><svg class="chart" width="200" height="100">
		<path class="line" stroke="#eee" d=""/><path class="mark" d="M0 0H9"/>
		<text x="0" y="20">one</text><text x="5" y="22">two</text><text x="190" y="50">outside</text></svg></div>
	<div class="widget" style="margin-top: -10px"><h3>Wide</h3><div style="width: 2000px">x</div></div>
	<div style="width: 3000px">the page too</div>`
	tab := open(t, page)
	tab.load(t, "light", "", 1280, 800)
	got := evaluate[[]string](t, tab, inspect)
	for _, want := range []string{
		`widget "Bad" lies on "Wide"`, "the page is wider than the window", "Wide: wider than its place", "Bad: no data", "Bad: 1 lines, 0 in the legend",
		"Bad: a line without a path", `Bad: text "one" lies on "two"`, `Bad: text "outside" sticks out of the graph`,
		`text "no data" has a contrast of 3.54, want 4.5: rgb(136, 136, 136) on rgb(255, 255, 255)`,
		"line has a contrast of 1.16, want 3: rgb(238, 238, 238) on rgb(255, 255, 255)", "mark has no colour",
	} {
		i := slices.Index(got, want)
		if i < 0 {
			t.Errorf("%q was not found", want)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, problem := range got {
		t.Errorf("found %q, which is not so", problem)
	}
}
