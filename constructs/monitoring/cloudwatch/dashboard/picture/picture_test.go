package picture

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
)

var start = time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC)

// samplePage shows three hours, with a gap, in the reviewed dashboard of production.
func samplePage(t *testing.T, env string) Page {
	t.Helper()
	content, err := os.ReadFile("../../../../../__snapshots__/" + env + "/dashboard_1.snap.json")
	if err != nil {
		t.Fatal(err)
	}
	body, err := dashboard.Parse(strings.ReplaceAll(string(content), "$${", "${"))
	if err != nil {
		t.Fatal(err)
	}
	return Page{
		Title: "ohmycoins-prod", Note: "Sample data", From: start, To: start.Add(3 * time.Hour),
		Dashboards: []Dashboard{{"ohmycoins-prod", body}},
		Values: func(graph dashboard.Metrics, n int) (Series, error) {
			random := rand.New(rand.NewPCG(uint64(n), uint64(len(graph.Title))))
			period := time.Duration(graph.Period) * time.Second
			values := make([]float64, max(1, 3*time.Hour/period))
			for i := range values {
				values[i] = 40 + 30*math.Sin(float64(i)/20+float64(n)) + 5*random.Float64()
			}
			if len(values) > 3 {
				values[len(values)/3] = math.NaN()
			}
			return Series{start, period, values}, nil
		},
		Alarm: func(arn string) Alarm {
			_, name, _ := strings.Cut(arn, "alarms_")
			name, _, _ = strings.Cut(name, "_")
			a := Alarm{Name: name, State: cloudwatch.OK, History: []Change{{start, cloudwatch.OK}}}
			if strings.Contains(name, "5xx") {
				a.State = cloudwatch.InAlarm
				a.History = append(a.History, Change{start.Add(time.Hour), cloudwatch.InsufficientData}, Change{start.Add(2 * time.Hour), a.State})
			}
			return a
		},
	}
}

// small is a page with one graph of these values, a minute apart.
func small(values ...float64) Page {
	body := dashboard.Body{Widgets: []dashboard.Widget{{Type: "metric", Width: 12, Height: 6, Properties: dashboard.Metrics{
		Title: "Graph", Region: "ap-southeast-2", Period: 60,
		Metrics: []dashboard.Line{{Metric: []string{"AWS/RDS", "CPUUtilization"}, Options: dashboard.Options{Label: "CPU ${LAST}"}}},
	}}}}
	return Page{
		Title: "small", Dashboards: []Dashboard{{"small", body}}, From: start, To: start.Add(time.Duration(len(values)) * time.Minute),
		Values: func(dashboard.Metrics, int) (Series, error) { return Series{start, time.Minute, values}, nil },
	}
}

func write(t *testing.T, p Page) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, p); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestWrite(t *testing.T) {
	html := write(t, samplePage(t, "production"))
	for _, want := range []string{
		`<html lang="en">`,
		"<title>ohmycoins-prod</title>",
		"Sample data · <time>2026-03-04 06:00</time> to <time>2026-03-04 09:00</time> UTC",
		`grid-column: 1 / span 24; grid-row: `,
		"<h3>ECS: CPU and memory utilization, backend</h3>",
		`<span class="name">alb-5xx-high</span> <span class="state">in alarm</span>`,
		"<title>no data from 2026-03-04 07:00 to 2026-03-04 08:00</title>",
		`path class="mark critical"`,
		`<th scope="row">2026-03-04 06:04</th>`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	if strings.Contains(html, "${LAST}") {
		t.Error("a dynamic label was not replaced")
	}
	if again := write(t, samplePage(t, "production")); again != html {
		t.Error("the same page is written in two ways")
	}
	if outside := regexp.MustCompile(`<link|<script|@import|(src|url)\s*[=(]\s*["']?(https?:)?//`).FindString(html); outside != "" {
		t.Errorf("the page loads %q", outside)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, p := range map[string]Page{
		"want at least one":       {From: start, To: start.Add(time.Hour)},
		"want a time after From":  {From: start, To: start, Dashboards: []Dashboard{{}}},
		"To: is 2026-03-04T06:00": {From: start.Add(time.Hour), To: start, Dashboards: []Dashboard{{}}},
	} {
		if err := Write(&bytes.Buffer{}, p); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want %q", err, name)
		}
	}
}

// What a page shows comes from AWS and from people: none of it becomes markup.
func TestWriteEscapes(t *testing.T) {
	const nasty = `"><script>alert(1)</script>`
	p := small(1, 2)
	p.Title, p.Note = nasty, nasty
	graph := p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics)
	graph.Title = nasty
	graph.Metrics[0].Options.Label, graph.Metrics[0].Options.Color = nasty, nasty
	graph.Annotations = &dashboard.Annotations{Horizontal: []dashboard.Mark{{Label: nasty, Value: 1, Color: nasty}}}
	p.Dashboards[0].Body.Widgets = []dashboard.Widget{
		{Type: "metric", Width: 12, Height: 6, Properties: graph},
		{Type: "text", X: 12, Width: 12, Height: 6, Properties: dashboard.Text{Markdown: nasty + " [x](javascript:alert(1))"}},
		{Type: nasty, Y: 6, Width: 12, Height: 6},
	}
	p.Values = func(dashboard.Metrics, int) (Series, error) { return Series{}, errors.New(nasty) }
	html := write(t, p)
	if strings.Contains(html, "<script") || strings.Contains(html, "javascript:") {
		t.Error("markup got into the page:\n" + html)
	}
}

func TestValuesThatCannotBeHad(t *testing.T) {
	p := small(1)
	p.Values = func(dashboard.Metrics, int) (Series, error) {
		return Series{}, errors.New("SEARCH cannot be evaluated here")
	}
	html := write(t, p)
	for _, want := range []string{`<p class="problem">SEARCH cannot be evaluated here</p>`, "CPU –", "no values"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

func TestLine(t *testing.T) {
	nan := math.NaN()
	for name, test := range map[string]struct {
		values []float64
		want   string // letters of the path
	}{
		"whole":        {[]float64{1, 2, 3}, "MLL"},
		"gap":          {[]float64{1, 2, nan, 3, 4}, "MLML"},
		"single value": {[]float64{nan, 2, nan}, "ML"},
		"nothing":      {[]float64{nan, nan}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := small(test.values...)
			c := p.chart(p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics), 12, 6)
			if got := regexp.MustCompile(`[^ML]`).ReplaceAllString(c.Lines[0].Path, ""); got != test.want {
				t.Errorf("path %q, want %q", c.Lines[0].Path, test.want)
			}
		})
	}
}

// Four weeks of minutes must not make a page of megabytes, and a peak of a minute
// must still be seen.
func TestLongSeries(t *testing.T) {
	values := make([]float64, 28*24*60)
	values[12345] = 99
	p := small(values...)
	c := p.chart(p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics), 12, 6)
	if n := len(c.Lines[0].Path); n > 20_000 {
		t.Errorf("the path has %d bytes", n)
	}
	top := c.Bottom
	for _, point := range regexp.MustCompile(`[ML][\d.]+ ([\d.]+)`).FindAllStringSubmatch(c.Lines[0].Path, -1) {
		y, _ := strconv.ParseFloat(point[1], 64)
		top = min(top, y)
	}
	if top > c.Top+20 {
		t.Errorf("the peak is drawn at %v, want near %v", top, c.Top)
	}
	if len(c.Table.Rows) > tableRows+1 {
		t.Errorf("the table has %d rows", len(c.Table.Rows))
	}
}

func TestMarksMoveApart(t *testing.T) {
	p := small(10, 90)
	graph := p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics)
	for name, values := range map[string][]float64{
		"in the middle": {70, 70, 71},
		"at the axis":   {0, 0, 0, 1},
		"at the top":    {100, 100, 99},
		"all over":      {0, 0, 50, 50, 100, 100},
		"no room":       slices.Repeat([]float64{0, 50, 100}, 12),
	} {
		t.Run(name, func(t *testing.T) {
			graph.Annotations = &dashboard.Annotations{}
			for i, v := range values {
				graph.Annotations.Horizontal = append(graph.Annotations.Horizontal, dashboard.Mark{Label: strings.Repeat(string(rune('a'+i)), 40), Value: v})
			}
			c := p.chart(graph, 12, 6)
			for i, m := range c.Marks {
				width := float64(len([]rune(m.Short))) * letterWidth
				if m.LabelY-labelHeight+labelRise < c.Top || m.LabelY > c.Bottom-labelRise || m.LabelX < c.Left || m.LabelX+width > c.Right {
					t.Errorf("label %q at %v, %v is outside of the plot", m.Short, m.LabelX, m.LabelY)
				}
				for _, other := range c.Marks[:i] {
					if math.Abs(m.LabelY-other.LabelY) < labelHeight && math.Abs(m.LabelX-other.LabelX) < width {
						t.Errorf("label %q lies on %q", m.Short, other.Short)
					}
				}
			}
		})
	}
}

// TestBothAxes has a line of shares on the left and one of bytes on the right: each keeps to
// its own scale, and so do the thresholds.
func TestBothAxes(t *testing.T) {
	p := small(0, 1)
	graph := p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics)
	graph.YAxis = map[string]dashboard.Axis{"left": {Label: "Share"}, "right": {Label: "Bytes"}}
	graph.Metrics = append(graph.Metrics, dashboard.Line{Metric: []string{"AWS/RDS", "FreeStorageSpace"}, Options: dashboard.Options{YAxis: "right"}})
	graph.Annotations = &dashboard.Annotations{Horizontal: []dashboard.Mark{
		{Label: "share", Value: 0.5}, {Label: "few bytes", Value: 2500, YAxis: "right"}, {Label: "many bytes", Value: 10_000, YAxis: "right"},
	}}
	p.Values = func(_ dashboard.Metrics, n int) (Series, error) {
		return Series{start, time.Minute, [][]float64{{0, 1}, {0, 5000}}[n]}, nil
	}
	c := p.chart(graph, 12, 6)
	last := func(ticks []tick) string { return ticks[len(ticks)-1].Label }
	if c.LeftLabel != "Share" || c.RightLabel != "Bytes" || last(c.LeftTicks) != "1" || last(c.RightTicks) != "10k" {
		t.Errorf("left is %s up to %s, right is %s up to %s", c.LeftLabel, last(c.LeftTicks), c.RightLabel, last(c.RightTicks))
	}
	middle := (c.Top + c.Bottom) / 2
	for i, end := range []float64{c.Top, middle} {
		want := fmt.Sprintf("M%.1f %.1fL%.1f %.1f", c.Left, c.Bottom, (c.Left+c.Right)/2, end)
		if c.Lines[i].Path != want {
			t.Errorf("%s is drawn as %s, want %s", c.Lines[i].Label, c.Lines[i].Path, want)
		}
	}
	for _, m := range c.Marks {
		if want := map[string]float64{"share": middle, "few bytes": (middle + c.Bottom) / 2, "many bytes": c.Top}[m.Label]; math.Abs(m.Y-want) > 0.1 {
			t.Errorf("the threshold %q is at %v, want %v", m.Label, m.Y, want)
		}
	}
}

// A colour that a dashboard sets itself changes no more than its background asks for.
func TestOwnColors(t *testing.T) {
	for color, want := range map[string]*ownColor{
		"#1f6fb4":  {"#1f6fb4", "#1f6fb4"},
		"#000066":  {"#000066", "#6666a3"},
		"#FFFF00":  {"#999900", "#ffff00"},
		"#000000":  {"#000000", "#666666"},
		"#ffffff":  {"#8c8c8c", "#ffffff"},
		"red":      nil,
		"#12345":   nil,
		"#12345g":  nil,
		"#1234567": nil,
		"":         nil,
	} {
		got := newOwnColor(color)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", color, diff)
		}
		if got != nil {
			atLeast(t, "light", color, got.Light, lightSurface, lineContrast)
			atLeast(t, "dark", color, got.Dark, darkSurface, lineContrast)
		}
	}
}

// A line and a threshold take the colours that the page has for CloudWatch's, then their
// own, and else the page's.
func TestColors(t *testing.T) {
	p := small(1, 2)
	graph := p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics)
	for _, test := range []struct{ color, line, mark string }{
		{"#D62728", "l3", "critical"},
		{"#ff9900", "own", "warning"},
		{"#123456", "own", "own"},
		{"javascript", "l0", ""},
		{"", "l0", ""},
	} {
		graph.Metrics[0].Options.Color = test.color
		graph.Annotations = &dashboard.Annotations{Horizontal: []dashboard.Mark{{Value: 1, Color: test.color}}}
		c := p.chart(graph, 12, 6)
		if line, mark := c.Lines[0], c.Marks[0]; line.Class != test.line || mark.Class != test.mark || (line.Own != nil) != (test.line == "own") || (mark.Own != nil) != (test.mark == "own") {
			t.Errorf("%q: line %+v, threshold %+v", test.color, line, mark)
		}
	}
}

func TestLongLabelsAreCut(t *testing.T) {
	p := small(10, 90)
	graph := p.Dashboards[0].Body.Widgets[0].Properties.(dashboard.Metrics)
	graph.Annotations = &dashboard.Annotations{Horizontal: []dashboard.Mark{{Label: strings.Repeat("é", 200), Value: 70}, {Label: "short", Value: 20}}}
	c := p.chart(graph, 6, 6)
	if cut := c.Marks[0].Short; len([]rune(cut)) > 40 || !strings.HasSuffix(cut, "é…") || c.Marks[1].Short != "short" {
		t.Errorf("labels %q and %q", cut, c.Marks[1].Short)
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		n         int
		want      string
	}{
		{0, 100, 4, "[0 25 50 75 100]"},
		{0, 0, 4, "[0 0.25 0.5 0.75 1]"},
		{3, 17, 4, "[0 5 10 15 20]"},
		{-4, 4, 4, "[-4 -2 0 2 4]"},
		{0, 0.0123, 3, "[0 0.005 0.01 0.015]"},
	} {
		if got := fmt.Sprint(niceTicks(test.low, test.high, test.n)); got != test.want {
			t.Errorf("niceTicks(%v, %v, %d) = %v, want %v", test.low, test.high, test.n, got, test.want)
		}
	}
}

func TestTimeTicks(t *testing.T) {
	from := time.Date(2026, 3, 4, 5, 58, 0, 0, time.UTC)
	for _, test := range []struct {
		length time.Duration
		want   string
	}{
		{20 * time.Minute, "06:00 06:05 06:10 06:15"},
		{3 * time.Hour, "06:00 07:00 08:00"},
		{24 * time.Hour, "06:00 12:00 18:00 00:00"},
		{14 * 24 * time.Hour, "9 Mar 16 Mar"},
	} {
		ticks, layout := timeTicks(from, from.Add(test.length), 4)
		var got []string
		for _, at := range ticks {
			got = append(got, at.Format(layout))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: %v, want %s", test.length, got, test.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.00025: "2.5e-4", -1e-7: "-1e-7", 2e15: "2e15", 0.01234: "0.0123", 45.678: "45.7", 100: "100", 1234: "1234", 12345: "12.3k", 1.5e6: "1.5M", -20e9: "-20G",
	} {
		if got := format(v); got != want {
			t.Errorf("format(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestDynamicLabels(t *testing.T) {
	values := []float64{1, math.NaN(), 5, 3, math.NaN()}
	got := dynamic("a ${LAST} ${MIN} ${MAX} ${AVG} ${SUM}", values, format)
	if want := "a 3 1 5 3 9"; got != want {
		t.Errorf("label %q, want %q", got, want)
	}
}

// TestContrast computes the contrast that WCAG 2.2 asks for: 4.5 for text, 3 for
// lines, in both colour schemes.
func TestContrast(t *testing.T) {
	color := regexp.MustCompile(`--([a-z0-9]+): (#[0-9a-f]{6})`)
	light, dark, ok := strings.Cut(pageCSS, "@media screen and (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the page has no dark colour scheme")
	}
	dark, _, _ = strings.Cut(dark, "@media")
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]string{}
		for _, m := range color.FindAllStringSubmatch(css, -1) {
			colors[m[1]] = m[2]
		}
		if want := map[string]string{"light": lightSurface, "dark": darkSurface}[scheme]; colors["surface"] != want {
			t.Errorf("%s: the background of widgets is %s, and %s in color.go", scheme, colors["surface"], want)
		}
		for _, text := range []string{"text", "quiet", "critical", "warning", "ok", "unknown", "l0"} {
			atLeast(t, scheme, text, colors[text], colors["surface"], 4.5)
		}
		atLeast(t, scheme, "quiet on background", colors["quiet"], colors["background"], 4.5)
		for i := range palette {
			name := "l" + strconv.Itoa(i)
			atLeast(t, scheme, name, colors[name], colors["surface"], 3)
		}
	}
}

func atLeast(t *testing.T, scheme, name, front, back string, want float64) {
	t.Helper()
	if front == "" || back == "" {
		t.Errorf("%s: %s is not defined", scheme, name)
		return
	}
	if got := contrast(front, back); got < want {
		t.Errorf("%s: %s has a contrast of %.1f, want %.1f", scheme, name, got, want)
	}
}
