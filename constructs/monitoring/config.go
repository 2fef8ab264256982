package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Name is the dashboard's name and begins the name of every alarm and topic:
	// 1 to 255 of A-Z a-z 0-9 - _
	Name string
	// Region is the AWS region of the resources: "ap-southeast-2". It is that of the
	// provider. One that is newer than this package is passed as a reference.
	Region string
	// Provider is the alias of the AWS provider that makes everything:
	// "sydney" for the provider with Alias "sydney". Default: the provider of the stack
	// that has no alias.
	Provider string
	// Notify says who is told about alarms of each severity. Every severity that
	// an alarm has needs at least one target; its names are the severities that there
	// are, a letter, then letters, digits and hyphens, all in lower case. A topic takes
	// 12.5 million subscriptions (General Reference, "Amazon SNS endpoints and quotas"), so
	// that there is no limit here.
	Notify map[Severity][]Target
	// NoOKActions are severities of which nobody is told that an alarm is over.
	// Default: none.
	NoOKActions []Severity
	// NotifyInsufficientData also notifies when an alarm has no data. Default: only
	// ALARM and OK are notified.
	NotifyInsufficientData bool
	// Publishers are services that publish to the topics that are made here, besides
	// CloudWatch. Default: none.
	Publishers []Publisher
	// KMSKeyARN is the ARN of the key that encrypts notifications; its policy must
	// let cloudwatch.amazonaws.com and the Publishers use it. Default: a key is made that
	// does, when a topic is made.
	KMSKeyARN string
	// Resources are what is watched.
	Resources []Resource
	// Profile says how many of their alarms are made. Default: Essential.
	Profile Profile
	// Profiles are those of single resources, by their keys. Default: Profile.
	Profiles map[string]Profile
	// Extra are single alarms, such as composite ones over several resources. Default:
	// none.
	Extra []Alarm
	// Suppressors say what holds messages back, by the key of an alarm, of a part or of
	// a resource; the one for "" is for all others. Default: nothing does.
	Suppressors map[string]Suppressor
	// Filters are single metrics made of lines in logs. Default: none.
	Filters []LogFilter
	// Tune changes single alarms, by "<resource key>/<alarm id>", such as
	// "backend/cpu-high". Default: no changes.
	Tune map[string]Tuning
	// Panels are single graphs and texts on the dashboard. Default: none.
	Panels []Panel
	// Layout are IDs of panels that come first, in this order. Default: panels are
	// ordered by their Rank, then in the order of the resources. In the profile Recommended
	// the others stand under the headings of their sections, with a row for each resource.
	Layout []string
	// Dashboards are further dashboards, with some of the resources or panels. Default:
	// one dashboard with everything.
	Dashboards []Dashboard
	// NoDashboard leaves the dashboard with everything out. Default: false.
	NoDashboard bool
	// RunbookURL is the document that alarm descriptions and the dashboard link to,
	// with a section for each Alarm.Section: an http or https URL without a fragment.
	// Default: no links.
	RunbookURL string
	// Tags are added to the provider's default tags. Alarms have the tag "Severity" by
	// themselves. Default: none.
	Tags map[string]string
}

// Dashboard is a dashboard with a part of what there is.
type Dashboard struct {
	// Key is the dashboard's stable name, part of its Terraform address. In AWS it is
	// called "<Config.Name>-<Key>".
	Key string
	// Resources are the keys of resources that it shows, parts included. Default: all.
	Resources []string
	// Layout are the IDs of the panels that it has, in this order. Default: all.
	Layout []string
}

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	partPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

// Limits of KMS and SNS: API references, CreateAlias and CreateTopic.
const (
	maxAlias = 256
	maxTopic = 256
)

// severityTag is the tag by which tools find the severity of an alarm.
const severityTag = "Severity"

const nameCharacters = "A-Z a-z 0-9 - _"

// Alarms returns the alarms that the configuration makes: those of the resources in
// their order, then Extra.
func (c Config) Alarms() []Alarm { return c.model().alarms }

func (c Config) alarmName(a Alarm) string { return c.Name + "/" + a.Key() }

func (c Config) topicName(s Severity) string { return c.Name + "-" + string(s) }

func (c Config) keyAlias() string { return "alias/" + c.Name + "-alarms" }

// notified returns the severities of which somebody is told.
func (c Config) notified() []Severity {
	var list []Severity
	for s, targets := range c.Notify {
		if len(targets) > 0 {
			list = append(list, s)
		}
	}
	return order(list)
}

// makesTopic reports whether a severity needs a topic of its own.
func (c Config) makesTopic(s Severity) bool {
	return slices.ContainsFunc(c.Notify[s], Target.isSubscription)
}

func (c Config) makesKey() bool {
	return c.KMSKeyARN == "" && slices.ContainsFunc(c.notified(), c.makesTopic)
}

// model is what a configuration comes to.
type model struct {
	rows    []row
	alarms  []Alarm // of the rows, without those that are off or not in the profile
	panels  []Panel
	filters []LogFilter
	// invalid are the panels and filters that a resource which is not valid returned,
	// so that one mistake is reported once.
	invalid map[string]bool
	// owners are the resources that parts belong to, by their keys.
	owners map[string]string
	// held is what holds messages back.
	held suppressed
}

// row is an alarm before anything is left out, and where it was configured.
type row struct {
	Alarm
	at string
	// valid is false for alarms of a resource that is not, so that one mistake is
	// reported once.
	valid bool
	// further marks the alarm of a [Level]. Its row is checked where it stands.
	further bool
}

func (c Config) model() model {
	m := model{owners: map[string]string{}, invalid: map[string]bool{}}
	for i, r := range c.Resources {
		if isNil(r) {
			continue
		}
		key := r.ResourceKey()
		watch := r.Watch()
		watch.Panels = inProfile(watch.Panels, c.profileOf(key))
		m.add(resourceAt(i, r), key, watch, problems.IsKey(key) && r.Validate() == nil)
	}
	m.add("", "", Watch{Alarms: c.Extra, Panels: inProfile(c.Panels, c.Profile), Filters: c.Filters}, true)
	for _, r := range m.rows {
		tuning := c.Tune[r.Key()]
		if tuning.Off || !r.isIn(c.profileOf(m.owners[r.Resource])) && !tuning.On {
			continue
		}
		m.alarms = append(m.alarms, tuning.apply(r.Alarm))
	}
	m.held = c.suppression(m)
	return m
}

// inProfile returns the panels that a profile has.
func inProfile(panels []Panel, profile Profile) []Panel {
	return slices.DeleteFunc(slices.Clone(panels), func(p Panel) bool { return p.Profile == Recommended && profile != Recommended })
}

// profileOf is the profile of a resource by its key, "" for what stands alone.
func (c Config) profileOf(key string) Profile {
	if p, ok := c.Profiles[key]; ok {
		return p
	}
	return c.Profile
}

func resourceAt(i int, r Resource) string {
	return fmt.Sprintf("Resources[%d] (%s)", i, r.ResourceKey())
}

// add adds what a resource returns; at and key are "" for what stands alone.
func (m *model) add(at, key string, watch Watch, valid bool) {
	for i, a := range watch.Alarms {
		where := fmt.Sprintf("Extra[%d] (%s)", i, a.Key())
		if at != "" {
			where = fmt.Sprintf("%s alarm %q", at, a.ID)
		}
		if a.Resource == "" {
			a.Resource = key
		}
		if key != "" {
			m.owners[a.Resource] = key
		}
		for n, level := range a.levels() {
			if n == 0 {
				level.Levels = a.Levels
			}
			m.rows = append(m.rows, row{level, where, valid, n > 0})
		}
	}
	for _, f := range watch.Filters {
		if f.Resource == "" {
			f.Resource = key
		}
		m.filters = append(m.filters, f)
		m.invalid["filter "+f.key()] = !valid
	}
	for _, p := range watch.Panels {
		p.Lines = slices.Clone(p.Lines)
		for i := range p.Lines {
			if p.Lines[i].Resource == "" {
				p.Lines[i].Resource = key
			}
			if key != "" {
				m.owners[p.Lines[i].Resource] = key
			}
		}
		m.merge(p)
		if !valid {
			m.invalid["panel "+p.ID] = true
		}
	}
}

// merge adds a panel, or its lines to the panel with its ID.
func (m *model) merge(p Panel) {
	i := slices.IndexFunc(m.panels, func(other Panel) bool { return other.ID == p.ID })
	if i < 0 {
		m.panels = append(m.panels, p)
		return
	}
	same := &m.panels[i]
	same.Lines = append(same.Lines, p.Lines...)
	same.Text = join(same.Text, "\n\n", p.Text)
	if p.Text == "" {
		same.Text = strings.TrimSuffix(same.Text, "\n\n")
	}
}

// Validate returns everything that is wrong with the configuration, joined, or
// nil.
func (c Config) Validate() error {
	_, err := c.check()
	return err
}

func (c Config) check() (model, error) {
	var p problems.Problems
	c.validateNames(&p)
	valid := c.validateResources(&p)
	m := c.model()
	valid = c.validateRows(&p, m, valid) && valid
	c.validateProfiles(&p)
	valid = c.validateTune(&p, m) && valid
	c.validateNotify(&p, m)
	c.validatePublishers(&p)
	c.validateComposites(&p, m)
	c.validateSuppressors(&p, m)
	c.validateLengths(&p, m)
	if valid && !p.Has("Region") {
		c.validateDashboards(&p, m)
	}
	c.Resources, c.Extra, c.Panels, c.Filters = nil, nil, nil, nil // done above
	p.CheckTexts("", c)
	return m, p.Err()
}

func (c Config) validateNames(p *problems.Problems) {
	if !token.Is(c.Name) && (!namePattern.MatchString(c.Name) || len(c.Name) > cloudwatch.MaxNameLength) {
		p.Want("Name", c.Name, "1 to %d characters of %s: it is the name of the dashboard", cloudwatch.MaxNameLength, nameCharacters)
	}
	shape.CheckRegion(p, "Region", c.Region)
	shape.ProviderAlias.CheckIfGiven(p, "Provider", c.Provider)
	c.validateKeyARN(p)
	if c.RunbookURL != "" {
		shape.CheckDocument(p, "RunbookURL", c.RunbookURL)
	}
	shape.CheckTags(p, "Tags", c.Tags, shape.MaxTags-1)
	if value, ok := c.Tags[severityTag]; ok {
		p.Want("Tags[\"Severity\"]", value, "another key: each alarm has its own severity in this tag")
	}
}

func (c Config) validateKeyARN(p *problems.Problems) {
	if strings.HasSuffix(c.KMSKeyARN, "alias/aws/sns") {
		p.Want("KMSKeyARN", c.KMSKeyARN, `the ARN of a customer key, or "" to have one made: CloudWatch cannot publish to a topic that is encrypted with the AWS managed key, and nobody can change that key's policy`)
		return
	}
	before := p.Len()
	if shape.KeyARN.CheckIfGiven(p, "KMSKeyARN", c.KMSKeyARN); p.Len() == before && !p.Has("Region") {
		shape.CheckRegionOf(p, "KMSKeyARN", c.KMSKeyARN, c.Region, inRegion)
	}
}

const inRegion = "where the alarms are"

// validateRegion reports another region than that of the provider.
func (c Config) validateRegion(region string) error {
	var p problems.Problems
	if !token.Is(c.Region) && c.Region != region {
		p.Want("Region", c.Region, "%q, the region of the provider: alarms would be there, and the dashboard would look elsewhere", region)
	}
	return p.Err()
}

func (c Config) validateResources(p *problems.Problems) (valid bool) {
	before := p.Len()
	if len(c.Resources)+len(c.Extra)+len(c.Panels)+len(c.Filters) == 0 {
		p.Want("Resources", problems.Text("empty"), "at least one")
	}
	owner := map[string]int{}
	for i, r := range c.Resources {
		at := fmt.Sprintf("Resources[%d]", i)
		if isNil(r) {
			p.Want(at, problems.Text("nil"), "a resource")
			continue
		}
		if !problems.IsKey(r.ResourceKey()) {
			p.Want(at+".Key", r.ResourceKey(), "a key that matches %s", problems.KeyPattern)
		}
		for _, key := range keys(r) {
			if first, ok := owner[key]; ok {
				p.Want(at, key, "a key of its own: Resources[%d] has it already", first)
				continue
			}
			owner[key] = i
		}
		if place, ok := r.(Placed); ok && !token.Is(c.Region) && !token.Is(place.Region()) && place.Region() != c.Region {
			p.Want(resourceAt(i, r), problems.Text("in a Monitoring of "+c.Region), "a Monitoring of its own with the Region %q: its metrics are there only", place.Region())
		}
		p.AddIn(resourceAt(i, r), r.Validate())
		p.CheckTexts(resourceAt(i, r), r)
	}
	return p.Len() == before
}

// keys returns the keys of a resource and of its parts.
func keys(r Resource) []string {
	list := []string{r.ResourceKey()}
	for _, a := range r.Watch().Alarms {
		if a.Resource != "" && !slices.Contains(list, a.Resource) {
			list = append(list, a.Resource)
		}
	}
	return list
}

// validateRows checks alarms, filters and panels as they were configured. Addresses
// are compared where the keys of the resources are valid.
func (c Config) validateRows(p *problems.Problems, m model, resourcesAreValid bool) (valid bool) {
	before := p.Len()
	addresses := map[string]string{}
	unique := func(at, id, key string) {
		if other, ok := addresses[id]; ok && resourcesAreValid {
			p.Want(at, key, "another ID: the Terraform address would be that of %s", other)
		}
		addresses[id] = key
	}
	for _, r := range m.rows {
		if !r.valid {
			continue
		}
		if !r.further {
			p.AddIn(r.at, r.validate())
			if _, owned := m.owners[r.Resource]; resourcesAreValid || !owned {
				p.CheckTexts(r.at, r.Alarm)
			}
		}
		unique(r.at, r.constructID(), r.Key())
	}
	for _, a := range m.held.composites() {
		unique("Suppressors", a.constructID(), a.Key())
	}
	clear(addresses)
	for i, f := range m.filters {
		if m.invalid["filter "+f.key()] {
			continue
		}
		at := fmt.Sprintf("Filters[%d] (%s)", i, f.key())
		if !partPattern.MatchString(f.ID) {
			p.Want(at+".ID", f.ID, "a name of a-z 0-9 -")
		}
		p.AddIn(at, f.Validate())
		p.CheckTexts(at, f)
		unique(at, join(f.Resource, "-", f.ID), f.key())
	}
	for _, panel := range m.panels {
		if !m.invalid["panel "+panel.ID] {
			p.AddIn(fmt.Sprintf("Panels (%s)", panel.ID), panel.validate())
			if resourcesAreValid {
				p.CheckTexts(fmt.Sprintf("Panels (%s)", panel.ID), panel)
			}
		}
	}
	m.validateOnce(p)
	return p.Len() == before
}

// validateOnce looks for resources that have alarms with one ID on one metric: they
// are one thing twice.
func (m model) validateOnce(p *problems.Problems) {
	type watched struct{ id, metric string }
	var order []watched
	owners := map[watched][]string{}
	last := map[watched]cloudwatch.Dimension{}
	for _, r := range m.rows {
		metric, ok := cloudwatch.SeriesOf(r.When).(cloudwatch.Metric)
		if _, owned := m.owners[r.Resource]; !ok || !owned || !r.valid || r.further || len(metric.Dimensions) == 0 {
			continue
		}
		key := watched{r.ID, identity(metric) + metric.Stat}
		if !slices.Contains(owners[key], r.Resource) {
			owners[key] = append(owners[key], r.Resource)
		}
		if len(owners[key]) == 2 {
			order, last[key] = append(order, key), metric.Dimensions[len(metric.Dimensions)-1]
		}
	}
	reported := map[string]bool{}
	for _, key := range order {
		who, what := problems.Some(owners[key]), last[key]
		if !reported[who] {
			reported[who] = true
			p.Want("Resources", problems.Text(fmt.Sprintf("%s %q more than once", what.Name, what.Value)), "each once: it is in %s", who)
		}
	}
}

func (c Config) validateProfiles(p *problems.Problems) {
	if c.Profile != "" && !c.Profile.exists() {
		p.Want("Profile", string(c.Profile), "essential or recommended")
	}
	known := map[string]bool{}
	for _, r := range c.Resources {
		if !isNil(r) {
			known[r.ResourceKey()] = true
		}
	}
	for _, key := range problems.SortedKeys(c.Profiles) {
		field := fmt.Sprintf("Profiles[%q]", key)
		if !known[key] {
			p.Want(field, key, "the key of a resource: %s", problems.OneOf(key, problems.SortedKeys(known)))
		}
		if !c.Profiles[key].exists() {
			p.Want(field, string(c.Profiles[key]), "essential or recommended")
		}
	}
}

// validateTune reports whether the dashboard can be drawn: whether thresholds are
// numbers.
func (c Config) validateTune(p *problems.Problems, m model) (valid bool) {
	valid = true
	known := map[string]Alarm{}
	for _, r := range m.rows {
		known[r.Key()] = r.Alarm
	}
	for _, key := range problems.SortedKeys(c.Tune) {
		field, tuning := fmt.Sprintf("Tune[%q]", key), c.Tune[key]
		a, ok := known[key]
		if !ok {
			p.Want(field, key, "%s", problems.OneOf(key, problems.SortedKeys(known)))
			continue
		}
		tuning.validate(p, field, a)
		valid = valid && !p.Has(field+".Threshold")
		if tuning.On && a.isIn(c.profileOf(m.owners[a.Resource])) {
			p.Want(field+".On", true, "false: the profile has the alarm already")
		}
	}
	return valid
}

func (c Config) validateNotify(p *problems.Problems, m model) {
	users := map[Severity][]string{}
	composite := map[Severity]string{}
	for _, a := range m.alarms {
		users[a.Severity] = append(users[a.Severity], a.Key())
	}
	for _, a := range slices.Concat(m.alarms, m.held.messages) {
		if _, ok := a.When.(cloudwatch.Composite); ok {
			composite[a.Severity] = a.Key()
		}
	}
	for _, s := range order(problems.SortedKeys(users)) {
		if len(c.Notify[s]) == 0 && problems.IsKey(string(s)) && s != Silent {
			p.Want(fmt.Sprintf("Notify[%q]", s), problems.Text("empty"), "at least one target for %s", problems.Some(users[s]))
		}
	}
	for _, s := range c.NoOKActions {
		if _, ok := c.Notify[s]; !ok {
			p.Want("NoOKActions", string(s), "a severity that Notify has")
		}
	}
	for _, s := range order(problems.SortedKeys(c.Notify)) {
		field := fmt.Sprintf("Notify[%q]", s)
		if !problems.IsKey(string(s)) {
			p.Want("Notify", string(s), "a severity that matches %s", problems.KeyPattern)
			continue
		}
		if s == Silent {
			p.Want(field, problems.Text(fmt.Sprintf("%d targets", len(c.Notify[s]))), "none: nobody is told of silent alarms")
			continue
		}
		first := map[string]int{}
		actions := 0
		for i, t := range c.Notify[s] {
			at := fmt.Sprintf("%s[%d]", field, i)
			c.validateTarget(p, at, t)
			if t.onlyMetrics() && composite[s] != "" {
				p.Want(at, t.address, "no action of EC2 or Auto Scaling: AWS does not take them in the composite alarm %s", composite[s])
			}
			if before, ok := first[t.protocol+t.same()]; ok {
				p.Want(at, problems.Text(t.shown()), "each target once: %s[%d] is the same", field, before)
				continue
			}
			first[t.protocol+t.same()] = i
			if !t.isSubscription() {
				actions++
			}
		}
		most, made := cloudwatch.MaxActions, ""
		if c.makesTopic(s) {
			most, made = most-1, ", and one is the topic made here"
		}
		if actions > most {
			p.Want(field, problems.Text(fmt.Sprintf("%d topics and actions", actions)), "at most %d: an alarm has %d actions%s", most, cloudwatch.MaxActions, made)
		}
	}
}

// validateComposites looks for alarms that rules name and that are not there, for
// rules that go round in a circle, and for silent alarms that no rule names.
func (c Config) validateComposites(p *problems.Problems, m model) {
	made := m.byKey()
	at := map[string]string{}
	for _, r := range m.rows {
		at[r.Key()] = r.at
	}
	named := map[string]bool{}
	for _, a := range m.alarms {
		composite, ok := a.When.(cloudwatch.Composite)
		if !ok {
			continue
		}
		for _, key := range composite.Alarms() {
			named[key] = true
			_, exists := made[key]
			_, configured := at[key]
			switch {
			case exists || key == "":
			case c.Tune[key].Off:
				p.Want(at[a.Key()]+".When", key, "an alarm that is on: Tune has switched it off")
			case configured:
				p.Want(at[a.Key()]+".When", key, "an alarm of the profile: set Profile to recommended, or On in Tune")
			default:
				p.Want(at[a.Key()]+".When", key, "%s", problems.OneOf(key, problems.SortedKeys(made)))
			}
		}
		if circle := findCircle(a.Key(), made, nil); circle != nil {
			p.Want(at[a.Key()]+".When", strings.Join(circle, " > "), "a rule that does not come back to the alarm itself")
		}
	}
	for _, a := range m.alarms {
		if a.Severity == Silent && !named[a.Key()] {
			p.Want(at[a.Key()]+".Severity", string(Silent), "a severity that Notify has, or a composite alarm that names it: nobody would ever hear of it")
		}
	}
}

// findCircle returns the way from an alarm back to itself through rules of
// composite alarms, or nil.
func findCircle(start string, alarms map[string]Alarm, way []string) []string {
	at := start
	if len(way) > 0 {
		at = way[len(way)-1]
	} else {
		way = []string{start}
	}
	composite, ok := alarms[at].When.(cloudwatch.Composite)
	if !ok || composite.Rule == nil {
		return nil
	}
	for _, key := range composite.Alarms() {
		if key == start {
			return append(way, key)
		}
		if slices.Contains(way, key) {
			continue
		}
		if circle := findCircle(start, alarms, append(slices.Clone(way), key)); circle != nil {
			return circle
		}
	}
	return nil
}

// validateLengths reports what is too long for AWS when Name or RunbookURL are put
// before it: the longest of each, because a shorter one makes all of them valid.
func (c Config) validateLengths(p *problems.Problems, m model) {
	if token.Is(c.Name) || p.Has("Name") {
		return
	}
	type length struct {
		of, hint        string
		length, allowed int
	}
	var worst length
	name := func(of, hint, name string, allowed int) {
		if n := len(name); n-allowed > worst.length-worst.allowed {
			worst = length{of, hint, n, allowed}
		}
	}
	for _, a := range m.all() {
		name("the name of the alarm "+a.Key(), "a shorter Name or Key", c.alarmName(a), cloudwatch.MaxNameLength)
	}
	for _, s := range c.notified() {
		if c.makesTopic(s) {
			name("the name of the topic for "+string(s), "a shorter Name", c.topicName(s), maxTopic)
		}
	}
	if c.makesKey() {
		name("the alias of the key that is made", "a shorter Name, or a KMSKeyARN", c.keyAlias(), maxAlias)
	}
	if worst.length > worst.allowed {
		p.Want("Name", c.Name, "%s: %s has %d characters, and AWS allows %d", worst.hint, worst.of, worst.length, worst.allowed)
	}
	longest, most := "", cloudwatch.MaxDescriptionLength
	for _, a := range m.alarms {
		if n := utf8.RuneCountInString(a.description(c.RunbookURL)); n > most {
			longest, most = a.Key(), n
		}
		if composite, ok := a.When.(cloudwatch.Composite); ok && composite.Rule != nil {
			rule := a.Definition().Composite(func(key string) string { return c.Name + "/" + key }).AlarmRule
			if n := len(rule); n > cloudwatch.MaxRuleLength {
				p.Want("Extra", problems.Text(fmt.Sprintf("a rule of %d characters for %s", n, a.Key())), "at most %d: combine alarms in several composite alarms", cloudwatch.MaxRuleLength)
			}
		}
	}
	if longest != "" {
		p.Want("RunbookURL", c.RunbookURL, "a shorter URL: the description of the alarm %s has %d characters, and AWS allows %d", longest, most, cloudwatch.MaxDescriptionLength)
	}
}

// validateDashboards checks the bodies with stand-ins for what only AWS knows.
func (c Config) validateDashboards(p *problems.Problems, m model) {
	known := map[string]bool{}
	for _, panel := range m.panels {
		known[panel.ID] = true
	}
	layout := func(field string, ids []string) {
		for i, id := range ids {
			switch {
			case !known[id]:
				p.Want(fmt.Sprintf("%s[%d]", field, i), id, "%s", problems.OneOf(id, problems.SortedKeys(known)))
			case slices.Index(ids, id) < i:
				p.Want(fmt.Sprintf("%s[%d]", field, i), id, "each panel once")
			}
		}
	}
	before := p.Len()
	layout("Layout", c.Layout)
	seen := map[string]bool{}
	for i, d := range c.Dashboards {
		at := fmt.Sprintf("Dashboards[%d]", i)
		if !problems.IsKey(d.Key) {
			p.Want(at+".Key", d.Key, "a key that matches %s", problems.KeyPattern)
		}
		if seen[d.Key] {
			p.Want(at+".Key", d.Key, "each key once")
		}
		seen[d.Key] = true
		if name := c.dashboardName(d); !token.Is(name) && len(name) > cloudwatch.MaxNameLength {
			p.Want(at+".Key", name, "a shorter key: a dashboard's name has at most %d characters", cloudwatch.MaxNameLength)
		}
		layout(at+".Layout", d.Layout)
		d.validateResources(p, at, m)
	}
	if p.Len() > before {
		return
	}
	for _, d := range c.dashboards() {
		for _, page := range c.pages(m, d, func(Alarm) string { return "${arn}" }) {
			for _, problem := range problems.List(dashboard.Validate(page.body.String())) {
				p.Add(fmt.Errorf("%s: %w", page.constructID, problem))
			}
		}
	}
}

func (d Dashboard) validateResources(p *problems.Problems, at string, m model) {
	known := map[string]bool{}
	for part, owner := range m.owners {
		known[part], known[owner] = true, true
	}
	for i, key := range d.Resources {
		if !known[key] {
			p.Want(fmt.Sprintf("%s.Resources[%d]", at, i), key, "%s", problems.OneOf(key, problems.SortedKeys(known)))
		}
	}
}
