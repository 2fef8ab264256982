package picture

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// newBrowser returns a tab of a real Chromium. Without one the test is skipped, and
// says so where nobody can miss it.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "NOT TESTED: the pictures of dashboards in a browser, because there is no Chromium. Install the package chromium."
		_, _ = os.Stderr.WriteString(missing + "\n")
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(2*time.Minute),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// inspect is run in the page and returns what is wrong with how it looks.
const inspect = `(() => {
	const problems = [];
	const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
	const overlaps = (elements, what) => {
		const boxes = [...elements].map(e => [e, e.getBoundingClientRect()]);
		for (let i = 0; i < boxes.length; i++)
			for (let j = i + 1; j < boxes.length; j++)
				if (!apart(boxes[i][1], boxes[j][1]))
					problems.push(what + ' "' + boxes[i][0].textContent.slice(0, 40) + '" lies on "' + boxes[j][0].textContent.slice(0, 40) + '"');
	};
	overlaps(document.querySelectorAll('.widget'), 'widget');
	for (const widget of document.querySelectorAll('.widget')) {
		const title = widget.querySelector('h3')?.textContent ?? 'text';
		if (widget.scrollWidth > widget.clientWidth + 1) problems.push(title + ': wider than its place');
		const chart = widget.querySelector('.chart');
		if (!chart) continue;
		const lines = chart.querySelectorAll('path.line'), legend = widget.querySelectorAll('.legend li');
		if (lines.length === 0 || lines.length !== legend.length) problems.push(title + ': ' + lines.length + ' lines, ' + legend.length + ' in the legend');
		for (const line of lines) {
			if (!line.getAttribute('d')) problems.push(title + ': a line without a path');
			if (getComputedStyle(line).stroke === 'none') problems.push(title + ': a line without a colour');
		}
		overlaps(chart.querySelectorAll('text.mark'), title + ': label');
		overlaps(chart.querySelectorAll('text.tick, text.unit'), title + ': tick');
		if (!chart.getAttribute('aria-label')) problems.push(title + ': says nothing to a screen reader');
	}
	if (document.documentElement.scrollWidth > innerWidth) problems.push('the page is wider than the window');
	return problems;
})()`

func TestBrowser(t *testing.T) {
	ctx := newBrowser(t)
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(write(t, samplePage(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: path}).String()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // a browser that hangs must not hold up everything
	defer cancel()
	var mutex sync.Mutex
	var heard []string
	hear := func(what string) {
		mutex.Lock()
		defer mutex.Unlock()
		heard = append(heard, what)
	}
	if err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *cdpruntime.EventConsoleAPICalled:
			hear("console: " + string(e.Type))
		case *cdpruntime.EventExceptionThrown:
			hear("exception: " + e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			hear("log: " + e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address {
				hear("request: " + e.Request.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(t, ctx, network.Enable, network.EnableParams{})
	call(t, ctx, log.Enable, cdp.Empty{})
	call(t, ctx, cdpruntime.Enable, cdp.Empty{})

	for _, test := range []struct {
		name, scheme  string
		width, height int64
	}{
		{"light", "light", 1600, 1000},
		{"dark", "dark", 1600, 1000},
		{"laptop", "light", 1280, 800},
		{"phone", "dark", 400, 800},
	} {
		t.Run(test.name, func(t *testing.T) {
			call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: test.scheme}},
			})
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(test.width, test.height), chromedp.Navigate(address)); err != nil {
				t.Fatal(err)
			}
			for _, problem := range run(t, ctx, chromedp.Evaluate[[]string](inspect)) {
				t.Error(problem)
			}
			background := run(t, ctx, chromedp.Evaluate[string]("getComputedStyle(document.body).backgroundColor"))
			if dark := background == "rgb(13, 17, 23)"; dark != (test.scheme == "dark") {
				t.Errorf("the background is %s in the %s colour scheme", background, test.scheme)
			}
			if dir := os.Getenv("SCREENSHOTS"); dir != "" {
				screenshot := run(t, ctx, chromedp.FullScreenshot(100))
				if err := os.WriteFile(filepath.Join(dir, "dashboard-"+test.name+".png"), screenshot, 0o644); err != nil {
					t.Error(err)
				}
			}
		})
	}

	t.Run("keyboard", func(t *testing.T) {
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void]("document.querySelector('summary').focus()"), chromedp.KeyEvent("\r")); err != nil {
			t.Fatal(err)
		}
		if !run(t, ctx, chromedp.Evaluate[bool]("document.querySelector('details').open")) {
			t.Error("the values did not open with the keyboard")
		}
	})
	t.Run("print", func(t *testing.T) {
		landscape := true
		if pdf := call(t, ctx, page.PrintToPDF, page.PrintToPDFParams{Landscape: &landscape}); len(pdf.Data) == 0 {
			t.Error("the page does not print")
		}
	})
	mutex.Lock()
	defer mutex.Unlock()
	for _, what := range heard {
		t.Error(what)
	}
}

func run[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
