// Package alarmtest plays scenarios on the alarms of a configuration: what metrics
// do goes in, which alarms go off and who is told comes out. It needs neither AWS nor
// Node, so that every change of a threshold can be tried in milliseconds:
//
//	func TestDiskFills(t *testing.T) {
//		alarmtest.Run(t, shop, alarmtest.Scenario{
//			Name: "the disk fills in six hours",
//			Series: alarmtest.Healthy(shop).
//				Set("postgres", "FreeStorageSpace", alarmtest.Ramp(20*monitoring.GiB, 0), alarmtest.Between(0, 6*time.Hour)),
//			Want: []alarmtest.Event{
//				{At: 3*time.Hour + 2*time.Minute, Alarm: "postgres/storage-low", State: "ALARM", Tells: []string{"oncall@example.com"}},
//				{At: 6 * time.Hour, Within: 10 * time.Minute, Alarm: "postgres/storage-low", State: "OK"},
//			},
//		})
//	}
//
// The package evaluate beside it says which of CloudWatch's rules are followed.
package alarmtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Scenario is a story and what alarms make of it. It begins at midnight, with every
// alarm in OK.
type Scenario struct {
	// Name is what failures call the scenario.
	Name string
	// Series is what the metrics do: [Healthy], with changes.
	Series *Series
	// Want is everything that happens, in any order. None: nothing may happen.
	Want []Event
}

// Event is a change of an alarm's state and the message about it, or a message that was
// held back. Which alarm sends the message does not matter: composite alarms that send
// those of others are not shown.
type Event struct {
	// At is the time since the begin of the scenario.
	At time.Duration
	// Within is how much later it may be. Default: not at all.
	Within time.Duration
	// Alarm is the alarm's key: "backend/cpu-high".
	Alarm string
	// State is the one that the alarm enters.
	State cloudwatch.State
	// Tells is who gets a message: addresses, URLs and ARNs in any order. Default, nil:
	// not looked at. [Nobody]: nobody.
	Tells []string
	// Held says that nothing changes but that a message comes which was held back.
	Held bool
	// Delay is how much later than the change the message comes, because it waits for what
	// may hold it back. Default: not looked at.
	Delay time.Duration
	// Reason is why. It is not compared.
	Reason string
}

// Nobody is told.
var Nobody = []string{}

// Play returns what happens in a scenario, in order of time.
func Play(cfg monitoring.Config, s Scenario) ([]Event, error) {
	story, err := s.story(cfg)
	if err != nil {
		return nil, err
	}
	return newTeller(cfg).events(story.in, story.history), nil
}

// input is what has to be evaluated for a scenario.
func (s Scenario) input(cfg monitoring.Config) (evaluate.Input, error) {
	if s.Series == nil {
		return evaluate.Input{}, fmt.Errorf("scenario %q: Series: is nil, want what the metrics do: Healthy(cfg)", s.Name)
	}
	data, err := s.Series.data()
	if err != nil {
		return evaluate.Input{}, fmt.Errorf("scenario %q: %w", s.Name, err)
	}
	in := evaluate.Input{
		Data: data, Bands: s.Series.limits(cfg), Start: map[string]cloudwatch.State{},
		From: midnight, To: midnight.Add(s.Series.length),
	}
	in.Alarms, in.Composites = cfg.Definitions()
	for _, a := range in.Alarms {
		in.Start[a.Name] = cloudwatch.OK
	}
	for _, a := range in.Composites {
		in.Start[a.Name] = cloudwatch.OK
	}
	return in, nil
}

// events joins changes with the messages about them, of whichever alarm sends them.
func (t teller) events(in evaluate.Input, h evaluate.History) []Event {
	waits := map[string]time.Duration{}
	for _, a := range in.Composites {
		waits[a.Name] = a.ActionsSuppressorWaitPeriod
	}
	var list []Event
	suppressed := map[string]string{}
	for _, c := range h.Changes {
		key := keyOf(t.cfg, c.Alarm)
		if c.SuppressedBy != "" {
			suppressed[t.subject(c.Alarm)+c.At.String()] = " (actions suppressed: " + c.SuppressedBy + ")"
		}
		if t.known[key] {
			list = append(list, Event{At: c.At.Sub(midnight), Alarm: key, State: c.To, Tells: Nobody, Reason: c.Reason})
		}
	}
	for i := range list {
		list[i].Reason += suppressed[list[i].Alarm+midnight.Add(list[i].At).String()]
	}
	for _, n := range h.Notifications {
		list = t.add(list, n, waits[n.Alarm])
	}
	sortEvents(list)
	return list
}

// teller finds the change that a message is about.
type teller struct {
	cfg    monitoring.Config
	speaks map[string]string // names of alarms that send messages of others: whose
	known  map[string]bool   // keys of alarms that are configured
}

func newTeller(cfg monitoring.Config) teller {
	t := teller{cfg: cfg, speaks: cfg.Messages(), known: map[string]bool{}}
	for _, a := range cfg.Alarms() {
		t.known[a.Key()] = true
	}
	return t
}

func (t teller) subject(name string) string {
	if key, ok := t.speaks[name]; ok {
		return key
	}
	return keyOf(t.cfg, name)
}

// add puts a message to the change that it is about, when that is the last one of its
// alarm and no older than a message waits. Otherwise it was held back. What sends the
// messages of an alarm is OK without data, too.
func (t teller) add(list []Event, n evaluate.Notification, wait time.Duration) []Event {
	var tells []string
	for _, action := range n.Actions {
		tells = append(tells, t.cfg.Recipients(action)...)
	}
	at, key := n.At.Sub(midnight), t.subject(n.Alarm)
	last := -1
	for i, e := range list {
		if e.Alarm == key && !e.Held && e.At <= at {
			last = i
		}
	}
	if last >= 0 && at-list[last].At <= wait && (list[last].State == cloudwatch.InAlarm) == (n.State == cloudwatch.InAlarm) {
		list[last].Tells, list[last].Delay = tells, at-list[last].At
		return list
	}
	return append(list, Event{At: at, Alarm: key, State: n.State, Tells: tells, Held: true, Reason: "held back until now"})
}

func sortEvents(list []Event) {
	slices.SortStableFunc(list, func(a, b Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Alarm, b.Alarm)) })
}

// Run plays a scenario and fails the test where something else happens than it
// wants, with both timelines side by side.
func Run(t testing.TB, cfg monitoring.Config, s Scenario) {
	t.Helper()
	got, err := Play(cfg, s)
	if err != nil {
		t.Fatal(err)
	}
	if rows := match(s.Want, got); !same(rows) {
		t.Errorf("scenario %q:\n%s", s.Name, sideBySide(rows))
	}
}

// Messages counts how many messages each recipient gets.
func Messages(events []Event) map[string]int {
	messages := map[string]int{}
	for _, e := range events {
		for _, recipient := range e.Tells {
			messages[recipient]++
		}
	}
	return messages
}

// is says whether an event is the wanted one, whoever is told of it.
func (e *Event) is(got *Event) bool {
	return e.Alarm == got.Alarm && e.State == got.State && e.Held == got.Held && got.At >= e.At && got.At <= e.At+e.Within && (e.Delay == 0 || e.Delay == got.Delay)
}

// told says whether those are told of an event who should be.
func (e *Event) told(got *Event) bool {
	return e.Tells == nil || slices.Equal(slices.Sorted(slices.Values(e.Tells)), slices.Sorted(slices.Values(got.Tells)))
}

// row is a wanted and a real event that belong together, or one of them.
type row struct{ want, got *Event }

// match pairs wanted events with real ones.
func match(want, got []Event) []row {
	want = slices.Clone(want)
	sortEvents(want)
	taken := make([]bool, len(got))
	rows := make([]row, 0, len(want)+len(got))
	for i := range want {
		r := row{want: &want[i]}
		for k := range got {
			if !taken[k] && want[i].is(&got[k]) {
				taken[k], r.got = true, &got[k]
				break
			}
		}
		rows = append(rows, r)
	}
	for k := range got {
		if !taken[k] {
			rows = append(rows, row{got: &got[k]})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.at(), b.at()) })
	return rows
}

func (r row) at() time.Duration {
	if r.want != nil {
		return r.want.At
	}
	return r.got.At
}

// mark says what is wrong with a row, or " ".
func (r row) mark() string {
	switch {
	case r.got == nil:
		return "missing"
	case r.want == nil:
		return "unwanted"
	}
	if !r.want.told(r.got) {
		return "tells"
	}
	return ""
}

// same says whether what happens is what is wanted.
func same(rows []row) bool {
	return !slices.ContainsFunc(rows, func(r row) bool { return r.mark() != "" })
}

// sideBySide shows both timelines.
func sideBySide(rows []row) string {
	lines := [][3]string{{"", "want", "got"}}
	for _, r := range rows {
		lines = append(lines, [3]string{r.mark(), r.want.text(), r.got.text()})
	}
	var widths [3]int
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		text := fmt.Sprintf("  %-*s | %-*s | %s", widths[0], line[0], widths[1], line[1], line[2])
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

// text writes an event in a line of a timeline.
func (e *Event) text() string {
	if e == nil {
		return ""
	}
	at := clock(e.At)
	if e.Within > 0 {
		at += " to " + clock(e.At+e.Within)
	}
	text := fmt.Sprintf("%s %s %s", at, e.Alarm, e.State)
	if e.Held {
		text += " still"
	}
	switch {
	case e.Tells != nil && len(e.Tells) == 0:
		text += ", tells nobody"
	case e.Tells != nil:
		text += ", tells " + strings.Join(e.Tells, " ")
	}
	if e.Delay > 0 && len(e.Tells) > 0 {
		text += " at " + clock(e.At+e.Delay)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%02d", d/time.Hour, d/time.Minute%60, d/time.Second%60)
}
