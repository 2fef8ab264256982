package picture

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
)

// Sizes in the units of a chart's view box, about a pixel on a wide screen.
const (
	cellWidth   = 52
	cellHeight  = 44
	headHeight  = 74 // what title and legend take of a widget
	marginTop   = 24
	marginSide  = 48
	marginBelow = 26
	labelHeight = 15
	labelRise   = 3 // of a label's base above its line
	labelIndent = 4
	letterWidth = 7 // of the labels of thresholds, in a wide font
	leastWidth  = 4 * cellWidth
	leastHeight = 3 * cellHeight
	tableRows   = 48
)

// chart is a graph, ready to be written.
type chart struct {
	Width, Height            float64
	Left, Right, Top, Bottom float64 // the edges of the plot
	LeftLabel, RightLabel    string
	LeftTicks, RightTicks    []tick
	TimeTicks                []tick
	Lines                    []lineView
	Marks                    []markView
	Problems                 []string
	Summary                  string
	Table                    table
}

type tick struct {
	At    float64
	Label string
}

type lineView struct {
	Path, Class, Label string
	Own                *ownColor
	Dash               bool
}

type markView struct {
	Y, LabelX, LabelY float64
	Class, Label      string
	Own               *ownColor
	Short             string // as much of the label as there is room for
}

type table struct {
	Head []string
	Rows [][]string
}

// axisKeys are the two axes of a graph.
var axisKeys = []string{"left", "right"}

type drawn struct {
	options dashboard.Options
	Series
	label string
}

func (p Page) chart(graph dashboard.Metrics, columns, rows int) *chart {
	c := &chart{
		Width:  float64(max(leastWidth, columns*cellWidth)),
		Height: float64(max(leastHeight, rows*cellHeight-headHeight)),
	}
	c.Left, c.Right = marginSide, c.Width-marginSide
	c.Top, c.Bottom = marginTop, c.Height-marginBelow

	lines := map[string][]drawn{}
	var all []drawn
	for i, line := range graph.Metrics {
		if line.Options.Visible != nil && !*line.Options.Visible {
			continue
		}
		series, err := p.Values(graph, i)
		if err != nil {
			c.Problems = append(c.Problems, err.Error())
		}
		d := drawn{options: line.Options, Series: p.cut(series)}
		d.label = strings.TrimSpace(dynamic(labelOf(line), d.Values, format))
		side := sideOf(d.options.YAxis)
		lines[side] = append(lines[side], d)
		all = append(all, d)
	}

	scales := map[string]scale{}
	for _, side := range axisKeys {
		axis, given := graph.YAxis[side]
		if len(lines[side]) == 0 && !given {
			continue
		}
		scales[side] = c.scale(axis, lines[side], marksOf(graph, side))
	}
	c.LeftLabel, c.RightLabel = short(graph.YAxis["left"].Label, c.Width/2), short(graph.YAxis["right"].Label, c.Width/2)
	c.LeftTicks, c.RightTicks = ticksOf(scales["left"]), ticksOf(scales["right"])
	times, layout := timeTicks(p.From, p.To, max(2, int(c.Width)/120))
	for _, at := range times {
		c.TimeTicks = append(c.TimeTicks, tick{c.x(p.share(at)), at.Format(layout)})
	}
	for i, d := range all {
		c.Lines = append(c.Lines, c.line(p, d, i, scales[sideOf(d.options.YAxis)]))
	}
	c.marks(graph, scales)
	c.Summary = summary(graph, all)
	c.Table = p.table(all)
	return c
}

// cut leaves the values that lie in the page's time.
func (p Page) cut(s Series) Series {
	if s.Period <= 0 {
		return Series{}
	}
	for len(s.Values) > 0 && s.Start.Before(p.From) {
		s.Start, s.Values = s.Start.Add(s.Period), s.Values[1:]
	}
	if most := int(p.To.Sub(s.Start)/s.Period) + 1; len(s.Values) > most {
		s.Values = s.Values[:max(0, most)]
	}
	return s
}

func labelOf(line dashboard.Line) string {
	switch {
	case line.Options.Label != "":
		return line.Options.Label
	case len(line.Metric) > 1:
		return line.Metric[1]
	}
	return line.Options.Expression
}

func sideOf(axis string) string {
	if axis == "right" {
		return "right"
	}
	return "left"
}

func marksOf(graph dashboard.Metrics, side string) []dashboard.Mark {
	if graph.Annotations == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(graph.Annotations.Horizontal), func(m dashboard.Mark) bool {
		return sideOf(m.YAxis) != side
	})
}

// scale covers the values and thresholds of an axis, within the limits that the
// axis sets itself.
func (c *chart) scale(axis dashboard.Axis, lines []drawn, marks []dashboard.Mark) scale {
	low, high := math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if !isNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, l := range lines {
		for _, v := range l.Values {
			see(v)
		}
	}
	for _, m := range marks {
		see(m.Value)
	}
	if math.IsInf(low, 0) {
		low, high = 0, 1
	}
	if axis.Min != nil {
		low = *axis.Min
	}
	if axis.Max != nil {
		high = *axis.Max
	}
	if high <= low {
		high = low + 1
	}
	ticks := niceTicks(low, high, max(2, int(c.Bottom-c.Top)/36))
	s := scale{ticks[0], ticks[len(ticks)-1], c.Bottom, c.Top}
	if axis.Max != nil { // an axis with a limit ends there
		s.high = high
	}
	return s
}

func ticksOf(s scale) []tick {
	if s == (scale{}) {
		return nil
	}
	var ticks []tick
	for _, v := range niceTicks(s.low, s.high, max(2, int(s.from-s.to)/36)) {
		if v <= s.high*(1+1e-9) {
			ticks = append(ticks, tick{s.at(v), format(v)})
		}
	}
	return ticks
}

func (c *chart) x(share float64) float64 { return c.Left + share*(c.Right-c.Left) }

// palette are the colours that CloudWatch itself gives to lines. The page has one
// of its own for each, which can be told from both backgrounds.
var palette = []string{
	"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
	"#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
}

// severities are the colours of thresholds, with the page's own for each.
var severities = map[string]string{"#d62728": "critical", "#ff9900": "warning"}

func (c *chart) line(p Page, d drawn, i int, s scale) lineView {
	v := lineView{Label: d.label, Dash: i >= len(palette), Class: "l" + strconv.Itoa(i%len(palette))}
	if d.options.Color != "" {
		if known := slices.Index(palette, strings.ToLower(d.options.Color)); known >= 0 {
			v.Class = "l" + strconv.Itoa(known)
		} else if v.Own = newOwnColor(d.options.Color); v.Own != nil {
			v.Class = "own"
		}
	}
	var path strings.Builder
	pen := "M"
	put := func(x, y float64) {
		fmt.Fprintf(&path, "%s%.1f %.1f", pen, x, y)
		pen = "L"
	}
	// A column of pixels shows at most its least and its greatest value.
	perColumn := max(1, len(d.Values)/max(1, int(c.Right-c.Left)))
	for start := 0; start < len(d.Values); start += perColumn {
		chunk := d.Values[start:min(len(d.Values), start+perColumn)]
		known := slices.DeleteFunc(slices.Clone(chunk), isNaN)
		if len(known) == 0 {
			pen = "M"
			continue
		}
		x := c.x(p.share(d.Start.Add(time.Duration(start) * d.Period)))
		low, high := slices.Min(known), slices.Max(known)
		put(x, c.inside(s.at(low)))
		if high != low {
			put(x, c.inside(s.at(high)))
		} else if perColumn == 1 && alone(d.Values, start) {
			put(x+1, c.inside(s.at(low))) // a single value is a dot, not nothing
		}
	}
	v.Path = path.String()
	return v
}

func alone(values []float64, i int) bool {
	before := i == 0 || isNaN(values[i-1])
	after := i == len(values)-1 || isNaN(values[i+1])
	return before && after
}

func (c *chart) inside(y float64) float64 { return min(c.Bottom, max(c.Top, y)) }

// marks places thresholds. Labels that would lie on each other move apart, within the
// plot; when it has no room for all of them, they stand in several columns.
func (c *chart) marks(graph dashboard.Metrics, scales map[string]scale) {
	for _, side := range axisKeys {
		for _, m := range marksOf(graph, side) {
			s, ok := scales[side]
			if !ok {
				continue
			}
			y := c.inside(s.at(m.Value))
			v := markView{Y: y, LabelY: y - labelRise, Label: m.Label, Class: severities[strings.ToLower(m.Color)]}
			if v.Class == "" {
				if v.Own = newOwnColor(m.Color); v.Own != nil {
					v.Class = "own"
				}
			}
			c.Marks = append(c.Marks, v)
		}
	}
	slices.SortStableFunc(c.Marks, func(a, b markView) int {
		switch {
		case a.Y < b.Y:
			return -1
		case a.Y > b.Y:
			return 1
		}
		return 0
	})
	rows := max(1, int((c.Bottom-c.Top)/labelHeight))
	columns := max(1, (len(c.Marks)+rows-1)/rows)
	width := (c.Right - c.Left) / float64(columns)
	for column := range columns {
		var labels []*markView
		for i := column; i < len(c.Marks); i += columns {
			labels = append(labels, &c.Marks[i])
		}
		first := c.Top + labelHeight - labelRise
		for _, l := range labels {
			l.LabelX, l.Short = c.Left+float64(column)*width+labelIndent, short(l.Label, width-2*labelIndent)
			l.LabelY = max(l.LabelY, first)
			first = l.LabelY + labelHeight
		}
		last := c.Bottom - labelRise
		for _, l := range slices.Backward(labels) {
			l.LabelY = min(l.LabelY, last)
			last = l.LabelY - labelHeight
		}
	}
}

// short is as much of a label as there is room for.
func short(label string, width float64) string {
	letters, most := []rune(label), max(1, int(width/letterWidth))
	if len(letters) <= most {
		return label
	}
	return string(letters[:most-1]) + "…"
}

// summary says a graph in a sentence, for those who cannot see it.
func summary(graph dashboard.Metrics, lines []drawn) string {
	var parts []string
	for _, l := range lines {
		known := slices.DeleteFunc(slices.Clone(l.Values), isNaN)
		if len(known) == 0 {
			parts = append(parts, l.label+": no values")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s: from %s to %s, last %s", l.label,
			format(slices.Min(known)), format(slices.Max(known)), format(known[len(known)-1])))
	}
	for _, side := range axisKeys {
		for _, m := range marksOf(graph, side) {
			parts = append(parts, "threshold "+m.Label)
		}
	}
	return graph.Title + ". " + strings.Join(parts, "; ") + "."
}

// table holds the values of a graph, thinned out to what a person reads.
func (p Page) table(lines []drawn) table {
	t := table{Head: []string{"Time (UTC)"}}
	var finest time.Duration
	for _, l := range lines {
		t.Head = append(t.Head, l.label)
		if l.Period > 0 && (finest == 0 || l.Period < finest) {
			finest = l.Period
		}
	}
	if finest == 0 {
		return table{}
	}
	step := finest
	for p.To.Sub(p.From)/step > tableRows {
		step *= 2
	}
	for at := p.From.Truncate(step); !at.After(p.To); at = at.Add(step) {
		row := []string{at.UTC().Format(moment)}
		empty := true
		for _, l := range lines {
			cell := "–"
			if l.Period > 0 && !at.Before(l.Start) {
				if i := int(at.Sub(l.Start) / l.Period); i < len(l.Values) && !isNaN(l.Values[i]) {
					cell, empty = format(l.Values[i]), false
				}
			}
			row = append(row, cell)
		}
		if !empty {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
