package verbs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
)

const (
	// LongestMaintenance is how long a window may be: CloudWatch takes data of the next two
	// hours (API reference, PutMetricData), less what clocks differ by.
	LongestMaintenance = 110 * time.Minute
	// lookBack is how many minutes before the window count, too: the alarm may still look
	// at them when it is evaluated next.
	lookBack = 3
)

// MaintenanceOptions are the choices for [App.PlanMaintenance].
type MaintenanceOptions struct {
	// For is how long the window is: whole minutes, up to [LongestMaintenance].
	For time.Duration
	// Reason is why. The team's message has it.
	Reason string
	// End ends every window instead.
	End bool
}

// Validate returns what is wrong with the choices, for the command line.
func (o MaintenanceOptions) Validate() error {
	switch {
	case o.End && (o.For != 0 || o.Reason != ""):
		return errors.New("--end: is given with --for or --reason, want it alone: it ends the window at once")
	case o.End:
		return nil
	case o.For < time.Minute || o.For > LongestMaintenance || o.For%time.Minute != 0:
		return fmt.Errorf("--for: is %s, want whole minutes from 1m to %s: CloudWatch takes data of the next two hours only; run it again to go on", o.For, LongestMaintenance)
	case strings.TrimSpace(o.Reason) == "":
		return errors.New(`--reason: is empty, want why nobody is to be told, such as "new database version"`)
	}
	return nil
}

// Maintenance is a window in which nobody is told about alarms. It is what --output json
// prints.
type Maintenance struct {
	Environment string `json:"environment"`
	report.Ending
	// Alarm is what holds the messages back.
	Alarm string `json:"alarm"`
	// From and Until are the window; there is none when it ends.
	From   time.Time `json:"from,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
	// Ended says that it ends every window; Minutes is how many it takes back.
	Ended   bool `json:"ended"`
	Minutes int  `json:"minutes,omitempty"`

	who identity
}

// PlanMaintenance says what window there would be. It changes nothing; [App.Maintain]
// makes it.
func (a *App) PlanMaintenance(ctx context.Context, opt MaintenanceOptions) (Maintenance, error) {
	work, stop := a.reading(ctx)
	defer stop()
	m := Maintenance{Environment: a.env.Name, Alarm: a.env.MaintenanceAlarm(), Ended: opt.End, Reason: opt.Reason}
	if !opt.End {
		m.From = a.clock.Now().UTC().Truncate(time.Minute)
		m.Until = m.From.Add(opt.For)
	}
	err := opt.Validate()
	if err == nil {
		m.who, err = a.permitted(work)
	}
	if err == nil {
		found := &findings{}
		a.checkSwitch(work, found)
		err = found.unmet()
	}
	if err != nil {
		err = interruption(work, err)
		return m, a.fail(&m.Ending, unstarted(err), err)
	}
	return m, a.fail(&m.Ending, report.Planned, nil)
}

// checkSwitch finds out whether the alarm is there that holds messages back.
func (a *App) checkSwitch(ctx context.Context, found *findings) {
	name := a.env.MaintenanceAlarm()
	switch alarms, err := a.describeAlarms(ctx, []string{name}); {
	case err != nil:
		found.add("alarm "+name, awsapi.Brief(err), "")
	case alarms[name].name == "":
		found.add("alarm "+name, "it does not exist, so that nothing would hold messages back", "deploy the operations stack first: cdktf deploy "+a.env.Name)
	}
}

// Maintain makes the window of a plan, or ends those that there are. The window is data
// of a metric, a value for each of its minutes, so that it ends by itself whatever becomes
// of omc. The alarm is set at once, with the reason, and finds the data when it is
// evaluated.
func (a *App) Maintain(ctx context.Context, m Maintenance) (Maintenance, error) {
	work, stop := a.reading(ctx)
	defer stop()
	err := a.maintain(work, &m)
	switch {
	case err == nil:
		return m, a.fail(&m.Ending, report.Succeeded, nil)
	case m.Minutes > 0: // the data is there
		m.State = append(m.State, "to end it: omc maintenance "+a.env.Name+" --end")
		return m, a.fail(&m.Ending, report.Failed, interruption(work, err))
	}
	err = interruption(work, err)
	return m, a.fail(&m.Ending, unstarted(err), err)
}

func (a *App) maintain(ctx context.Context, m *Maintenance) error {
	state, reason := cloudwatchtypes.StateValueAlarm, fmt.Sprintf("Maintenance until %s, by omc for %s on %s: %s", m.Until.Format("15:04 MST"), m.who.arn, a.host, m.Reason)
	changes := map[time.Time]float64{}
	if m.Ended {
		state, reason = cloudwatchtypes.StateValueOk, fmt.Sprintf("Maintenance ended by omc for %s on %s", m.who.arn, a.host)
		left, err := a.maintenanceLeft(ctx)
		if err != nil {
			return err
		}
		for minute, value := range left {
			changes[minute] = -value
		}
		if len(changes) == 0 {
			return nil
		}
	} else {
		changes = m.minutes(1)
	}
	if err := a.putMaintenance(ctx, changes); err != nil {
		return err
	}
	m.Minutes = len(changes)
	return a.setAlarm(ctx, m.Alarm, state, shorten(reason))
}

// minutes gives a value to each minute of the window, and to those before it that count,
// too.
func (m Maintenance) minutes(value float64) map[time.Time]float64 {
	minutes := map[time.Time]float64{}
	for minute := m.From.Add(-lookBack * time.Minute); minute.Before(m.Until); minute = minute.Add(time.Minute) {
		minutes[minute] = value
	}
	return minutes
}

// maintenanceLeft returns the minutes, from those that the alarm still looks at on, that
// say that there is maintenance, and by how much.
func (a *App) maintenanceLeft(ctx context.Context) (map[time.Time]float64, error) {
	now := a.clock.Now().UTC().Truncate(time.Minute)
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-lookBack * time.Minute)), EndTime: aws.Time(now.Add(2*time.Hour + time.Minute)),
		MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{Id: aws.String("m"), MetricStat: &cloudwatchtypes.MetricStat{
			Metric: &cloudwatchtypes.Metric{
				Namespace: aws.String(a.env.Maintenance().Namespace), MetricName: aws.String(a.env.Maintenance().Name),
			},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}},
	}
	left := map[time.Time]float64{}
	pages := cloudwatch.NewGetMetricDataPaginator(a.aws.Alarms, in)
	err := eachPage(pages.HasMorePages, func() error {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, result := range page.MetricDataResults {
			for i := range min(len(result.Timestamps), len(result.Values)) {
				if v := result.Values[i]; v > 0 {
					left[result.Timestamps[i].UTC()] = v
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the windows that there are: %w", err)
	}
	return left, nil
}

// putMaintenance adds values to minutes of the metric, all in one call, so that a window
// is made or not made. A call that is sent twice makes each minute count more, and ending
// takes back whatever there is.
func (a *App) putMaintenance(ctx context.Context, changes map[time.Time]float64) error {
	var data []cloudwatchtypes.MetricDatum
	for _, minute := range slices.SortedFunc(maps.Keys(changes), time.Time.Compare) {
		data = append(data, cloudwatchtypes.MetricDatum{
			MetricName: aws.String(a.env.Maintenance().Name), Timestamp: aws.Time(minute), Value: aws.Float64(changes[minute]),
		})
	}
	_, err := a.aws.Alarms.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String(a.env.Maintenance().Namespace), MetricData: data})
	if err != nil {
		return fmt.Errorf("writing the window: %w", err)
	}
	return nil
}

// A silence is a window for as long as a verb works.
type silence struct {
	until   time.Time
	minutes map[time.Time]float64
}

// silence holds messages back while the deployment changes something, for as long as it
// and its rollback may take. That it cannot is no reason not to deploy.
func (d *deployment) silence(ctx context.Context) *silence {
	from := d.clock.Now().UTC().Truncate(time.Minute)
	length := min((d.left+d.App.timeout(0)).Truncate(time.Minute)+time.Minute, LongestMaintenance)
	m := Maintenance{Alarm: d.env.MaintenanceAlarm(), From: from, Until: from.Add(length), Reason: "deployment " + d.record.ID, who: d.who}
	if err := d.maintain(ctx, &m); err != nil {
		d.out.Warn("messages of alarms are not held back: " + awsapi.Brief(err))
		if m.Minutes == 0 {
			return nil
		}
	}
	d.out.Info("messages of alarms are held back until " + m.Until.Format("15:04 MST") + " or the end")
	return &silence{m.Until, m.minutes(-1)}
}

// speak ends a silence, and no other window.
func (d *deployment) speak(ctx context.Context, s *silence) {
	if s == nil {
		return
	}
	ctx, cancel := d.lastWords(ctx)
	defer cancel()
	now := d.clock.Now().Add(-lookBack * time.Minute)
	maps.DeleteFunc(s.minutes, func(minute time.Time, _ float64) bool { return minute.Before(now.Truncate(time.Minute)) })
	if len(s.minutes) == 0 {
		return // it has ended by itself
	}
	if err := d.putMaintenance(ctx, s.minutes); err != nil {
		d.out.Warn("messages of alarms are held back until " + s.until.Format("15:04 MST") + ": " + awsapi.Brief(err))
	}
}

// Page returns the window for people.
func (m Maintenance) Page() report.Page {
	page := report.Page{Title: "omc maintenance " + m.Environment + ": " + string(m.Outcome), Notes: m.State, Error: m.Error}
	window := fmt.Sprintf("from %s until %s", m.From.Format("15:04"), m.Until.Format("15:04 MST"))
	switch {
	case m.Error != "":
	case m.Ended && m.Outcome == report.Planned:
		page.Title = "omc maintenance " + m.Environment + ": would end, and messages come again"
	case m.Ended && m.Minutes == 0:
		page.Title = "omc maintenance " + m.Environment + ": there is none"
	case m.Ended:
		page.Title = "omc maintenance " + m.Environment + ": ended; messages come again in five minutes"
	case m.Outcome == report.Planned:
		page.Title = "omc maintenance " + m.Environment + ": nobody would be told about alarms " + window
	default:
		page.Title = "omc maintenance " + m.Environment + ": nobody is told about alarms " + window
		page.Notes = append(page.Notes, "to end it sooner: omc maintenance "+m.Environment+" --end")
	}
	return page
}
