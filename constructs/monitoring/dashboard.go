package monitoring

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Sizes in cells of the dashboard's grid.
const (
	panelWidth   = dashboard.Width / 2
	panelHeight  = 6
	statusHeight = 3
	titleHeight  = 1
	// otherPanels is the section of panels that belong to no kind.
	otherPanels = "More"
	// charactersACell is how much text fits beside each other in a cell, with some
	// room for a console that is not wide.
	charactersACell = 8
)

// dashboards returns the dashboards that the configuration makes.
func (c Config) dashboards() []Dashboard {
	if c.NoDashboard {
		return c.Dashboards
	}
	return append([]Dashboard{{}}, c.Dashboards...)
}

// DashboardBodies returns the dashboards that the configuration makes, by their
// names. Alarms stand there under their names, because only AWS knows their ARNs.
// The configuration has to be valid.
func (c Config) DashboardBodies() map[string]dashboard.Body {
	m := c.model()
	bodies := map[string]dashboard.Body{}
	for _, d := range c.dashboards() {
		for _, page := range c.pages(m, d, c.alarmName) {
			bodies[page.inAWS] = page.body
		}
	}
	return bodies
}

func (c Config) dashboardName(d Dashboard) string {
	if d.Key == "" {
		return c.Name
	}
	return c.Name + "-" + d.Key
}

func (d Dashboard) constructID() string {
	if d.Key == "" {
		return "dashboard"
	}
	return "dashboard-" + d.Key
}

// shows reports whether a dashboard has what belongs to a resource or its part.
func (d Dashboard) shows(m model, resource string) bool {
	return len(d.Resources) == 0 || slices.Contains(d.Resources, resource) || slices.Contains(d.Resources, m.owners[resource])
}

// page is a dashboard as AWS has it: all of one that is configured, or what fits.
type page struct {
	inAWS, constructID string // the names that it has there and here
	body               dashboard.Body
}

// strip is what stands beside each other on a dashboard. A heading belongs to the strip
// below it. Break begins a new row.
type strip struct {
	widgets         []dashboard.Widget
	heading, breaks bool
}

func (s strip) metrics() int {
	n := 0
	for _, w := range s.widgets {
		if graph, ok := w.Properties.(dashboard.Metrics); ok {
			n += len(graph.Metrics)
		}
	}
	return n
}

// pages returns a dashboard, or several that link to each other where it is beyond AWS's
// limits: the state of every alarm, then the panels. arn returns the ARN of an alarm.
func (c Config) pages(m model, d Dashboard, arn func(Alarm) string) []page {
	var alarms []Alarm
	var arns []string
	for _, a := range m.alarms {
		if d.shows(m, a.Resource) {
			alarms = append(alarms, a)
			if a.Severity != Silent {
				arns = append(arns, arn(a))
			}
		}
	}
	var strips []strip
	for chunk := range slices.Chunk(arns, dashboard.AlarmsAWidget) {
		strips = append(strips, strip{widgets: []dashboard.Widget{{
			Type: "alarm", Width: dashboard.Width, Height: statusHeight,
			Properties: dashboard.Alarms{Title: "Alarms", Alarms: chunk},
		}}})
	}
	strips = append(strips, c.strips(m, d, marksOf(alarms))...)
	parts := split(strips)
	pages := make([]page, len(parts))
	for i := range parts {
		pages[i] = page{inAWS: c.dashboardName(d), constructID: d.constructID()}
		if i > 0 {
			pages[i].inAWS += fmt.Sprintf("-%d", i+1)
			pages[i].constructID += fmt.Sprintf("-%d", i+1)
		}
	}
	for i, part := range parts {
		var f flow
		if title := c.title(pages, i); title != "" {
			f.add(dashboard.Widget{Type: "text", Width: dashboard.Width, Height: titleHeight, Properties: dashboard.Text{Markdown: title}})
		}
		for _, s := range part {
			if s.breaks {
				f.breakRow()
			}
			f.add(s.widgets...)
		}
		pages[i].body = dashboard.Body{Widgets: f.widgets}
	}
	return pages
}

// title links a page to the runbook and to the other pages.
func (c Config) title(pages []page, i int) string {
	parts := []string{"**" + pages[i].inAWS + "**"}
	if c.RunbookURL != "" {
		parts = append(parts, fmt.Sprintf("[Runbook](%s)", c.RunbookURL))
	}
	for k, other := range pages {
		if k != i {
			parts = append(parts, fmt.Sprintf("[%s](%s)", other.inAWS, c.consoleURL(other.inAWS)))
		}
	}
	if len(parts) == 1 {
		return ""
	}
	return strings.Join(parts, " | ")
}

func (c Config) consoleURL(name string) string {
	return fmt.Sprintf("https://%[1]s.console.aws.amazon.com/cloudwatch/home?region=%[1]s#dashboards/dashboard/%[2]s", c.Region, name)
}

// split puts strips on as few pages as AWS's limits allow, in their order.
func split(strips []strip) [][]strip {
	var pages [][]strip
	var page []strip
	widgets, metrics := 1, 0 // the title
	for i, s := range strips {
		need, more := len(s.widgets), s.metrics()
		if s.heading && i+1 < len(strips) {
			need, more = need+len(strips[i+1].widgets), more+strips[i+1].metrics()
		}
		if len(page) > 0 && (widgets+need > dashboard.MaxWidgets || metrics+more > dashboard.MaxMetrics) {
			pages, page, widgets, metrics = append(pages, page), nil, 1, 0
		}
		page, widgets, metrics = append(page, s), widgets+len(s.widgets), metrics+s.metrics()
	}
	return append(pages, page)
}

// strips returns the panels of a dashboard in their order: those that Layout names as it
// says, then, in the profile Recommended, an overview and a section for each kind with a
// row for each resource. The profile Essential has too few panels for that.
func (c Config) strips(m model, d Dashboard, marks marks) []strip {
	list := c.arranged(m, d)
	var strips []strip
	first := c.first(d)
	var order []string
	sections := map[string][]Panel{}
	for _, p := range list {
		if c.Profile != Recommended || slices.Contains(first, p.ID) {
			strips = append(strips, p.strip(c.Region, marks))
			continue
		}
		section := p.section()
		if sections[section] == nil && section != Overview {
			order = append(order, section)
		}
		sections[section] = append(sections[section], p)
	}
	for _, p := range sections[Overview] {
		strips = append(strips, p.strip(c.Region, marks))
	}
	for _, section := range order {
		strips = append(strips, strip{heading: true, breaks: true, widgets: []dashboard.Widget{{
			Type: "text", Width: dashboard.Width, Height: titleHeight, Properties: dashboard.Text{Markdown: "## " + section},
		}}})
		strips = append(strips, m.byResource(c.Region, sections[section], marks)...)
	}
	return strips
}

// byResource returns a row for each resource that panels show, then their texts.
func (m model) byResource(region string, panels []Panel, marks marks) []strip {
	owner := func(l Line) string {
		if key, ok := m.owners[l.Resource]; ok {
			return key
		}
		return l.Resource
	}
	var owners []string
	for _, p := range panels {
		for _, l := range p.Lines {
			if key := owner(l); !slices.Contains(owners, key) {
				owners = append(owners, key)
			}
		}
	}
	var strips []strip
	for _, key := range owners {
		var row []dashboard.Widget
		for _, p := range panels {
			p.Text = ""
			p.Lines = slices.DeleteFunc(slices.Clone(p.Lines), func(l Line) bool { return owner(l) != key })
			if len(p.Lines) == 0 {
				continue
			}
			if len(owners) > 1 && key != "" {
				p.Title += ", " + key
			}
			row = append(row, p.widgets(region, marks)...)
		}
		strips = append(strips, wrapped(row)...)
	}
	for _, p := range panels {
		if p.Lines = nil; p.Text != "" {
			strips = append(strips, p.strip(region, marks))
		}
	}
	return strips
}

// wrapped puts the widgets of a resource into rows of their own, each as wide as the
// dashboard where their widths allow.
func wrapped(widgets []dashboard.Widget) []strip {
	var strips []strip
	for len(widgets) > 0 {
		n, width := 0, 0
		for n < len(widgets) && (n == 0 || width+widgets[n].Width <= dashboard.Width) {
			width += widgets[n].Width
			n++
		}
		row := slices.Clone(widgets[:n])
		for i := range row {
			row[i].Width *= dashboard.Width / width
		}
		strips, widgets = append(strips, strip{widgets: row, breaks: true}), widgets[n:]
	}
	return strips
}

// section is the heading that a panel stands under.
func (p Panel) section() string {
	if p.Section != "" {
		return p.Section
	}
	if kind, _, found := strings.Cut(p.Title, ": "); found {
		return kind
	}
	return otherPanels
}

func (p Panel) strip(region string, marks marks) strip {
	return strip{widgets: p.widgets(region, marks)}
}

// first are the panels that Layout puts first.
func (c Config) first(d Dashboard) []string {
	if len(d.Layout) > 0 {
		return d.Layout
	}
	return c.Layout
}

// arranged returns the panels of a dashboard in their order.
func (c Config) arranged(m model, d Dashboard) []Panel {
	first := c.first(d)
	place := func(p Panel) int {
		if i := slices.Index(first, p.ID); i >= 0 {
			return i
		}
		return len(first)
	}
	var list []Panel
	for _, p := range m.panels {
		if len(d.Layout) > 0 && place(p) == len(first) {
			continue
		}
		p.Lines = slices.DeleteFunc(slices.Clone(p.Lines), func(l Line) bool { return !d.shows(m, l.Resource) })
		if len(d.Resources) > 0 {
			p.Text = "" // it may be about other resources
		}
		if len(p.Lines) > 0 || p.Text != "" {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b Panel) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return a.Rank - b.Rank
	})
	return list
}

// flow puts widgets beside each other, and below when a row is full.
type flow struct {
	widgets   []dashboard.Widget
	x, y, row int // row is the height of the row that is being filled
}

// breakRow begins a new row.
func (f *flow) breakRow() {
	if f.x > 0 {
		f.x, f.y, f.row = 0, f.y+f.row, 0
	}
}

// add adds widgets that stand in one row, or in several where they are wider.
func (f *flow) add(widgets ...dashboard.Widget) {
	width := 0
	for _, w := range widgets {
		width += w.Width
	}
	if f.x+width > dashboard.Width {
		f.breakRow()
	}
	for _, w := range widgets {
		if f.x+w.Width > dashboard.Width {
			f.breakRow()
		}
		w.X, w.Y = f.x, f.y
		f.x, f.row = f.x+w.Width, max(f.row, w.Height)
		f.widgets = append(f.widgets, w)
	}
}

// widgets returns the graph of a panel and its text, without their places.
func (p Panel) widgets(region string, marks marks) []dashboard.Widget {
	width, height := p.Width, p.Height
	if width == 0 {
		width = panelWidth
	}
	if len(p.Lines) > 0 && p.Text != "" {
		width /= 2
	}
	var list []dashboard.Widget
	if len(p.Lines) > 0 {
		graphHeight := height
		if height == 0 {
			graphHeight = panelHeight
		}
		parts := p.parts()
		for i, part := range parts {
			if len(parts) > 1 {
				part.Title += fmt.Sprintf(" (%d of %d)", i+1, len(parts))
			}
			list = append(list, dashboard.Widget{Type: "metric", Width: width, Height: graphHeight, Properties: part.graph(region, marks)})
		}
	}
	if p.Text != "" {
		text := p.Text
		if p.Title != "" {
			text = "### " + p.Title + "\n\n" + text
		}
		if height == 0 {
			height = textHeight(text, width)
		}
		list = append(list, dashboard.Widget{Type: "text", Width: width, Height: height, Properties: dashboard.Text{Markdown: text}})
	}
	return list
}

// parts returns a panel, or several with some of its lines each where they are more than
// a graph takes.
func (p Panel) parts() []Panel {
	var parts []Panel
	whole, axes := p, p.axes()
	p.Lines = nil
	n := 0
	for i, l := range whole.Lines {
		drawn := len(l.draw(i, whole.period(), axes[l.side()].DivideBy))
		if n+drawn > dashboard.MaxMetricsAWidget && n > 0 {
			parts = append(parts, p)
			p.Lines, n = nil, 0
		}
		p.Lines, n = append(p.Lines, l), n+drawn
	}
	return append(parts, p)
}

// textHeight is how many cells a text needs: one for each line of a paragraph.
func textHeight(text string, width int) int {
	height := 0
	for _, paragraph := range strings.Split(text, "\n\n") {
		for _, line := range strings.Split(paragraph, "\n") {
			height += max(1, int(math.Ceil(float64(len(line))/float64(width*charactersACell))))
		}
	}
	return height
}

func (p Panel) period() time.Duration {
	if p.Period == 0 && len(p.Lines) > 0 {
		return cloudwatch.PeriodOf(p.Lines[0].Of)
	}
	return p.Period
}

// withDefaults returns an axis with its defaults for a unit.
func (a Axis) withDefaults(unit cloudwatch.Unit) Axis {
	if a.Min == nil {
		a.Min = new(float64)
	}
	if a.Max == nil && unit == cloudwatch.Percent {
		hundred := 100.0
		a.Max = &hundred
	}
	if a.DivideBy == 0 {
		a.DivideBy = 1
	}
	if a.Label == "" {
		a.Label = axisLabel(unit)
	}
	return a
}

func axisLabel(unit cloudwatch.Unit) string {
	switch unit {
	case cloudwatch.Percent:
		return "%"
	case cloudwatch.None, "":
		return ""
	}
	return strings.ToLower(string(unit))
}

// axes returns the axes that have lines: "left" and "right".
func (p Panel) axes() map[string]Axis {
	axes := map[string]Axis{}
	for _, l := range p.Lines {
		side, axis := "left", p.Left
		if l.Right {
			side, axis = "right", p.Right
		}
		if _, ok := axes[side]; !ok {
			axes[side] = axis.withDefaults(cloudwatch.UnitOf(l.Of))
		}
	}
	return axes
}

func (l Line) side() string {
	if l.Right {
		return "right"
	}
	return "left"
}

func (p Panel) graph(region string, marks marks) dashboard.Metrics {
	axes := p.axes()
	graph := dashboard.Metrics{
		Title: p.Title, Region: region, View: "timeSeries", Period: int(p.period().Seconds()),
		YAxis: map[string]dashboard.Axis{},
	}
	if p.Range != 0 {
		graph.Start = dashboard.Days(int(p.Range / (24 * time.Hour)))
	}
	for side, axis := range axes {
		graph.YAxis[side] = dashboard.Axis{Label: axis.Label, Min: axis.Min, Max: axis.Max}
	}
	for i, l := range p.Lines {
		graph.Metrics = append(graph.Metrics, l.draw(i, p.period(), axes[l.side()].DivideBy)...)
	}
	if lines := marks.in(p, axes); len(lines) > 0 {
		graph.Annotations = &dashboard.Annotations{Horizontal: lines}
	}
	return graph
}

// draw returns what a graph has for its line i: the metric, or hidden metrics and
// an expression.
func (l Line) draw(i int, period time.Duration, divideBy float64) []dashboard.Line {
	label := l.Label
	if label == "" {
		label = cloudwatch.LabelOf(l.Of)
	}
	// CloudWatch puts the newest value in place of ${LAST}.
	shown := dashboard.Options{
		Label: join(l.Resource, " ", label) + " " + token.Escape("${LAST}"),
		Color: l.Color, YAxis: l.side(),
	}
	ownPeriod := 0
	if own := cloudwatch.PeriodOf(l.Of); own != period {
		ownPeriod = int(own.Seconds())
	}
	metric, isMetric := l.Of.(cloudwatch.Metric)
	if isMetric && divideBy == 1 {
		shown.Stat, shown.Period = metric.Stat, ownPeriod
		return []dashboard.Line{{Metric: path(metric), Options: shown}}
	}
	expression, using := fmt.Sprintf("m%d", i), map[string]cloudwatch.Metric{fmt.Sprintf("m%d", i): metric}
	if m, ok := l.Of.(cloudwatch.Math); ok {
		expression, using = renamed(m, fmt.Sprintf("m%d_", i))
	}
	if divideBy != 1 {
		if !isMetric {
			expression = "(" + expression + ")"
		}
		expression += " / " + fmt.Sprintf("%.0f", divideBy)
	}
	var list []dashboard.Line
	hidden := false
	for _, id := range problems.SortedKeys(using) {
		list = append(list, dashboard.Line{Metric: path(using[id]), Options: dashboard.Options{
			ID: id, Stat: using[id].Stat, Period: ownPeriod, Visible: &hidden,
		}})
	}
	shown.Expression, shown.ID, shown.Period = expression, fmt.Sprintf("e%d", i), ownPeriod
	return append(list, dashboard.Line{Options: shown})
}

// path is how a dashboard names a metric.
func path(m cloudwatch.Metric) []string {
	list := []string{m.Namespace, m.Name}
	for _, d := range m.Dimensions {
		list = append(list, d.Name, d.Value)
	}
	return list
}

var word = regexp.MustCompile(`"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*`)

// renamed returns metric math whose ids begin with a prefix, because the lines of a
// graph share their ids.
func renamed(m cloudwatch.Math, prefix string) (string, map[string]cloudwatch.Metric) {
	using := map[string]cloudwatch.Metric{}
	for id, metric := range m.Using {
		using[prefix+id] = metric
	}
	return word.ReplaceAllStringFunc(m.Expression, func(s string) string {
		if _, ok := m.Using[s]; ok {
			return prefix + s
		}
		return s
	}), using
}

// validate reports what is wrong with a panel after it was merged.
func (p Panel) validate() error {
	var problem problems.Problems
	if !partPattern.MatchString(p.ID) {
		problem.Want("ID", p.ID, "a name of a-z 0-9 -")
	}
	if len(p.Lines) == 0 && p.Text == "" {
		problem.Want("Lines", problems.Text("empty"), "at least one, or a Text")
	}
	if len(p.Lines) > 0 && p.Title == "" {
		problem.Want("Title", "", "what the graph shows")
	}
	if p.Profile != "" && !p.Profile.exists() {
		problem.Want("Profile", string(p.Profile), "essential or recommended")
	}
	if p.Width < 0 || p.Width > dashboard.Width {
		problem.Want("Width", p.Width, "0 (the default of %d) to %d", panelWidth, dashboard.Width)
	}
	if p.Range < 0 || p.Range%(24*time.Hour) != 0 {
		problem.Want("Range", p.Range, "0 (what the reader has chosen) or whole days")
	}
	if p.Height < 0 {
		problem.Want("Height", p.Height, "0 (the default of %d) or more", panelHeight)
	}
	for _, a := range []struct {
		field string
		axis  Axis
	}{{"Left", p.Left}, {"Right", p.Right}} {
		if cloudwatch.Number(&problem, a.field+".DivideBy", a.axis.DivideBy); a.axis.DivideBy < 0 && !token.IsNumber(a.axis.DivideBy) {
			problem.Want(a.field+".DivideBy", a.axis.DivideBy, "a number above 0, or 0 for the default of 1")
		}
		for _, end := range []struct {
			field string
			value *float64
		}{{"Min", a.axis.Min}, {"Max", a.axis.Max}} {
			if end.value != nil {
				cloudwatch.Number(&problem, a.field+"."+end.field, *end.value)
			}
		}
	}
	units := map[string]cloudwatch.Unit{}
	for i, l := range p.Lines {
		at := fmt.Sprintf("Lines[%d]", i)
		switch l.Of.(type) {
		case cloudwatch.Metric, cloudwatch.Math:
		default:
			problem.Want(at+".Of", problems.Text(fmt.Sprintf("a %T", l.Of)), "a Metric or Math")
			continue
		}
		problem.AddIn(at+".Of", l.Of.Validate())
		unit := cloudwatch.UnitOf(l.Of)
		if other, ok := units[l.side()]; ok && other != unit {
			problem.Want(at+".Of.Unit", string(unit), "%s: the %s axis has one unit", other, l.side())
		} else {
			units[l.side()] = unit
		}
	}
	return problem.Err()
}

// marks are the thresholds of alarms, by what they are on.
type marks map[string][]Alarm

func marksOf(alarms []Alarm) marks {
	m := marks{}
	for _, a := range alarms {
		if threshold, ok := a.When.(cloudwatch.Threshold); ok {
			on := identity(threshold.Of)
			m[on] = append(m[on], a)
		}
	}
	return m
}

// identity is equal for series that a threshold is comparable with: the same
// metric with any statistic that has its unit, or the same expression.
func identity(s cloudwatch.Series) string {
	var b strings.Builder
	switch s := s.(type) {
	case cloudwatch.Metric:
		b.WriteString(strings.Join(path(s), "\x00"))
	case cloudwatch.Math:
		b.WriteString(s.Expression)
		for _, id := range problems.SortedKeys(s.Using) {
			m := s.Using[id]
			b.WriteString("\x00\x00" + id + "\x00" + strings.Join(path(m), "\x00") + "\x00" + m.Stat)
		}
	}
	b.WriteString("\x00\x00" + string(cloudwatch.UnitOf(s)))
	return b.String()
}

// in returns a mark for each threshold of an alarm on what a panel draws. Alarms
// with the same threshold on the same axis share one.
func (m marks) in(p Panel, axes map[string]Axis) []dashboard.Mark {
	type place struct {
		limit, side string
		value       float64
	}
	var order []place
	at := map[place][]Alarm{}
	resources := map[string]bool{}
	seen := map[string]bool{}
	for _, l := range p.Lines {
		resources[l.Resource] = true
		on := identity(l.Of)
		if seen[on] {
			continue
		}
		seen[on] = true
		for _, a := range m[on] {
			threshold := a.When.(cloudwatch.Threshold)
			value, by := threshold.Value, axes[l.side()].DivideBy
			if by != 1 {
				if token.IsNumber(value) {
					continue // only Terraform knows the number, and JSON has no division
				}
				value /= by
			}
			here := place{cloudwatch.Limit(threshold), l.side(), value}
			if _, ok := at[here]; !ok {
				order = append(order, here)
			}
			at[here] = append(at[here], a)
		}
	}
	var list []dashboard.Mark
	for _, here := range order {
		list = append(list, dashboard.Mark{
			Label: markLabel(at[here], len(resources) > 1) + " " + here.limit,
			Value: here.value, Color: color(at[here]), YAxis: here.side,
		})
	}
	return list
}

// mostNamed is how many resources the label of a mark names.
const mostNamed = 3

// markLabel names alarms: "cpu-high", or "backend, frontend cpu-high" where several
// resources are in one graph.
func markLabel(alarms []Alarm, named bool) string {
	var ids, order []string
	by := map[string][]string{}
	for _, a := range alarms {
		if !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
		}
		if _, ok := by[a.Resource]; !ok {
			order = append(order, a.Resource)
		}
		by[a.Resource] = append(by[a.Resource], a.ID)
	}
	if !named {
		return strings.Join(ids, ", ")
	}
	// Resources with the same alarms are named together.
	groups := map[string][]string{}
	var all []string
	for _, resource := range order {
		list := strings.Join(by[resource], ", ")
		if _, ok := groups[list]; !ok {
			all = append(all, list)
		}
		if resource != "" {
			groups[list] = append(groups[list], resource)
		} else if groups[list] == nil {
			groups[list] = []string{}
		}
	}
	var parts []string
	for _, list := range all {
		names := groups[list]
		if more := len(names) - mostNamed; more > 0 {
			names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("%d more", more))
		}
		parts = append(parts, join(strings.Join(names, ", "), " ", list))
	}
	return strings.Join(parts, "; ")
}

// color is that of the most urgent severity.
func color(alarms []Alarm) string {
	colors := map[Severity]string{Critical: "#d62728", Warning: "#ff9900"}
	var list []Severity
	for _, a := range alarms {
		list = append(list, a.Severity)
	}
	if slices.Contains(list, Critical) {
		return colors[Critical]
	}
	if c, ok := colors[order(list)[0]]; ok {
		return c
	}
	return "#9467bd"
}
