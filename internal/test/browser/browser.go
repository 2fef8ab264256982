// Package browser looks at pictures of dashboards in a real Chromium: how they look,
// print, and can be used without a mouse and without seeing them.
package browser

import (
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// programs are the names of Chromium. The Makefile looks for the same.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// find returns the path of a Chromium. Without one the test is skipped, or fails where
// OMC_REQUIRE_CHROMIUM=1 says that there has to be one. "go test" does not show why tests
// of several packages were skipped: "make test" says it before.
func find(t *testing.T) string {
	t.Helper()
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "Chromium is missing: apt-get install -y --no-install-recommends chromium"
	if os.Getenv("OMC_REQUIRE_CHROMIUM") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

//go:embed inspect.js
var inspect string

// Check opens a page that picture.Write wrote, and fails the test with everything that is
// wrong with it: widgets without lines, text on text or outside its graph, too little
// contrast, problems that the page itself reports, what cannot be reached by keyboard, what
// has no name for a screen reader, widgets that a printer splits, and any message of the
// browser or request. Where SCREENSHOTS names a folder, pictures named after name are put
// there.
func Check(t *testing.T, name, html string) {
	t.Helper()
	tab := open(t, html)
	for _, look := range []struct {
		name, scheme, media string
		width, height       int64
	}{
		{"light", "light", "", 1600, 1000},
		{"dark", "dark", "", 1600, 1000},
		{"laptop", "light", "", 1280, 800},
		{"phone", "dark", "", 400, 800},
		{"paper", "dark", "print", 1000, 700},
	} {
		t.Run(look.name, func(t *testing.T) {
			tab.load(t, look.scheme, look.media, look.width, look.height)
			for _, problem := range evaluate[[]string](t, tab, inspect) {
				t.Error(problem)
			}
			background := evaluate[string](t, tab, "getComputedStyle(document.body).backgroundColor")
			if dark := background == "rgb(13, 17, 23)"; dark != (look.scheme == "dark" && look.media == "") {
				t.Errorf("the background is %s in the %s colour scheme", background, look.scheme)
			}
			if dir := os.Getenv("SCREENSHOTS"); dir != "" {
				screenshot := run(t, tab, chromedp.FullScreenshot(100))
				if err := os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), screenshot, 0o644); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Run("keyboard", tab.keyboard)
	t.Run("screen reader", tab.screenReader)
	t.Run("print", tab.print)
	tab.mutex.Lock()
	defer tab.mutex.Unlock()
	for _, what := range tab.heard {
		t.Error(what)
	}
}

// tab is a tab of a browser with a page, and what it reported.
type tab struct {
	ctx     context.Context
	address string
	mutex   sync.Mutex
	heard   []string
}

func open(t *testing.T, html string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(find(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(2*time.Minute),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute) // a browser that hangs must not hold up everything
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, address: (&url.URL{Scheme: "file", Path: path}).String()}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, log.Enable, cdp.Empty{})
	call(t, b, cdpruntime.Enable, cdp.Empty{})
	return b
}

func (b *tab) listen(event any) {
	what := ""
	switch e := event.(type) {
	case *cdpruntime.EventConsoleAPICalled:
		what = "console: " + string(e.Type)
	case *cdpruntime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		what = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if e.Request.URL != b.address {
			what = "request: " + e.Request.URL
		}
	}
	if what != "" {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		b.heard = append(b.heard, what)
	}
}

func (b *tab) load(t *testing.T, scheme, media string, width, height int64) {
	t.Helper()
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(b.address)); err != nil {
		t.Fatal(err)
	}
}

// stops are the elements that Tab goes to, in order.
const stops = `[...document.querySelectorAll('a[href], summary, [tabindex]')].filter(e => e.checkVisibility())`

// keyboard goes through the page with Tab alone, and opens the first details with Enter.
func (b *tab) keyboard(t *testing.T) {
	b.load(t, "light", "", 1280, 800)
	press := func(keys string) {
		t.Helper()
		if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
			t.Fatal(err)
		}
	}
	names := evaluate[[]string](t, b, stops+`.map(e => e.textContent)`)
	opened := false
	for i, name := range names {
		press(kb.Tab)
		got := evaluate[struct {
			Index      int
			Tag, Style string
			Width      float64
			Visible    bool
		}](t, b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
			return {Index: `+stops+`.indexOf(e), Tag: e.tagName, Style: style.outlineStyle, Width: parseFloat(style.outlineWidth),
				Visible: box.top >= -1 && box.bottom <= innerHeight + 1};
		})()`)
		if got.Index != i {
			t.Fatalf("after %d times Tab the focus is on number %d, a %s; want %q", i+1, got.Index+1, got.Tag, name)
		}
		if got.Style != "solid" || got.Width < 2 || !got.Visible {
			t.Errorf("the focus on %q is not seen: outline %s %v px, in the window: %v", name, got.Style, got.Width, got.Visible)
		}
		if got.Tag == "SUMMARY" && !opened {
			opened = true
			press(kb.Enter)
			if !evaluate[bool](t, b, "document.activeElement.parentElement.open") {
				t.Errorf("%q did not open with Enter", name)
			}
			press(kb.Tab)
			if !evaluate[bool](t, b, "document.activeElement.matches('details[open] .scroll')") {
				t.Errorf("what %q opened cannot be scrolled by keyboard", name)
			}
			if err := chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void]("document.querySelector('details[open]').open = false"), chromedp.Evaluate[chromedp.Void](stops+"["+strconv.Itoa(i)+"].focus()")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !opened {
		t.Error("the page has no values to open")
	}
}

// screenReader asks for what the browser tells one, with all details open.
func (b *tab) screenReader(t *testing.T) {
	b.load(t, "light", "", 1280, 800)
	if err := chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void]("document.querySelectorAll('details').forEach(d => d.open = true)")); err != nil {
		t.Fatal(err)
	}
	var images, cells []string
	for _, node := range call(t, b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if node.Ignored {
			continue
		}
		role, name := text(node.Role), text(node.Name)
		switch role {
		case "image":
			images = append(images, name)
		case "rowheader", "cell", "gridcell":
			cells = append(cells, name)
		}
		focusable := false
		for _, p := range node.Properties {
			focusable = focusable || p.Name == accessibility.PropertyNameFocusable && string(p.Value.Value) == "true"
		}
		if name == "" && (focusable || role == "image" || role == "region") {
			t.Errorf("a node with the role %q has no name", role)
		}
		if focusable && role == "generic" {
			t.Errorf("%q can have the focus and has no role", name)
		}
	}
	for _, chart := range evaluate[[]struct {
		Title        string
		Lines, Marks []string
	}](t, b, `[...document.querySelectorAll('.widget:has(.chart)')].map(w => ({
		Title: w.querySelector('h3').textContent,
		Lines: [...w.querySelectorAll('.legend li')].map(e => e.textContent.trim()),
		Marks: [...w.querySelectorAll('text.mark title')].map(e => e.textContent),
	}))`) {
		var said string
		for _, name := range images {
			if strings.HasPrefix(name, chart.Title+". ") {
				said = name
			}
		}
		for _, line := range chart.Lines {
			if !regexp.MustCompile(regexp.QuoteMeta(line) + `: (from \S+ to \S+, last \S+[;.]|no values)`).MatchString(said) {
				t.Errorf("the graph %q does not say what %q was: %q", chart.Title, line, said)
			}
		}
		for _, mark := range chart.Marks {
			if !strings.Contains(said, "threshold "+mark) {
				t.Errorf("the graph %q does not say its threshold %q: %q", chart.Title, mark, said)
			}
		}
	}
	table := strings.Join(cells, " | ")
	for _, alarm := range evaluate[[]struct {
		Name   string
		States []string
	}](t, b, `[...document.querySelectorAll('.alarms li:has(.history)')].map(li => ({
		Name: li.querySelector('.name').textContent,
		States: [...li.querySelectorAll('.history title')].map(e => e.textContent),
	}))`) {
		for _, state := range alarm.States {
			row := alarm.Name + " | " + strings.NewReplacer(" from ", " | ", " to ", " | ").Replace(state)
			if !strings.Contains(table, row) {
				t.Errorf("no table says that %s was %s", alarm.Name, state)
			}
		}
	}
}

func text(v *accessibility.Value) string {
	var s string
	if v != nil {
		_ = json.Unmarshal(v.Value, &s) // what is no string has no text
	}
	return s
}

// Sizes of Chromium's default paper in points, of which a pixel of CSS is three quarters.
const (
	paperShort = 612.0
	paperLong  = 792.0
	margin     = 0.4 * 72
	padding    = 8 // below a graph, in its widget: it may reach into the margin
	pixel      = 0.75
)

// print prints the page. The outline of the PDF tells on which sheet and how high each
// heading is: below it, the graph has to fit.
func (b *tab) print(t *testing.T) {
	yes := true
	for name, landscape := range map[string]bool{"landscape": true, "portrait": false} {
		t.Run(name, func(t *testing.T) {
			width, height := paperShort, paperLong
			if landscape {
				width, height = height, width
			}
			b.load(t, "dark", "print", int64((width-2*margin)/pixel), 1000)
			graphs := evaluate[[]struct {
				Title string
				Below float64 // from the heading to the end of the widget
			}](t, b, `[...document.querySelectorAll('.widget:has(.chart)')].map(w => ({
				Title: w.querySelector('h3').textContent,
				Below: w.getBoundingClientRect().bottom - w.querySelector('h3').getBoundingClientRect().top,
			}))`)
			printed := call(t, b, page.PrintToPDF, page.PrintToPDFParams{Landscape: &landscape, GenerateTaggedPDF: &yes, GenerateDocumentOutline: &yes})
			headings := outline(printed.Data)
			for _, graph := range graphs {
				i := slices.IndexFunc(headings, func(h heading) bool { return h.title == strings.ReplaceAll(graph.Title, " ", "") })
				if i < 0 {
					t.Errorf("%q is not on the paper", graph.Title)
					continue
				}
				if end := headings[i].y - graph.Below*pixel; end < margin-padding && graph.Below*pixel < height-2*margin {
					t.Errorf("%q is split: it begins %.0f points above the paper's end and needs %.0f", graph.Title, headings[i].y-margin, graph.Below*pixel)
				}
				headings = slices.Delete(headings, i, i+1)
			}
		})
	}
}

// heading is an entry of the outline of a PDF.
type heading struct {
	title string  // without spaces, some of which Chromium leaves out where a line ends
	y     float64 // points above the end of its sheet
}

var outlineEntry = regexp.MustCompile(`/Title (\((?:\\.|[^\\)])*\)|<[0-9A-F]+>)\s*/Dest \[\d+ 0 R /XYZ [\d.]+ ([\d.]+)`)

// outline reads the outline that Chromium writes into a PDF.
func outline(pdf []byte) []heading {
	var headings []heading
	for _, m := range outlineEntry.FindAllSubmatch(pdf, -1) {
		title := string(m[1][1 : len(m[1])-1])
		if m[1][0] == '<' { // UTF-16, after a mark of the byte order
			raw, _ := hex.DecodeString(title)
			var units []uint16
			for i := 2; i+1 < len(raw); i += 2 {
				units = append(units, binary.BigEndian.Uint16(raw[i:]))
			}
			title = string(utf16.Decode(units))
		} else {
			title = regexp.MustCompile(`\\(.)`).ReplaceAllString(title, "$1")
		}
		y, _ := strconv.ParseFloat(string(m[2]), 64)
		headings = append(headings, heading{strings.ReplaceAll(title, " ", ""), y})
	}
	return headings
}

func evaluate[T any](t *testing.T, b *tab, script string) T {
	t.Helper()
	return run(t, b, chromedp.Evaluate[T](script))
}

func run[T any](t *testing.T, b *tab, action chromedp.Action[T]) T {
	t.Helper()
	result, err := chromedp.Run(b.ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func call[P, R any](t *testing.T, b *tab, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
