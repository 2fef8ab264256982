package verbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// severities are the values of the tag Severity of alarms, most urgent first.
var severities = []string{"critical", "warning"}

// silent is the severity of alarms that are parts of others and tell nobody.
const silent = "silent"

const (
	// alarmPause is how long a tested alarm stays in ALARM, so that CloudWatch sends
	// what it sends.
	alarmPause = 5 * time.Second
	// tagReaders is how many alarms' tags are read at once.
	tagReaders = 4
)

// AlarmTest is a test of the way from alarms to people. It is what --output json
// prints.
type AlarmTest struct {
	Environment string `json:"environment"`
	Ending
	Alarms []TestedAlarm `json:"alarms"`

	who identity
}

// TestedAlarm is the alarm of one severity.
type TestedAlarm struct {
	Severity string `json:"severity"`
	Name     string `json:"name"`
	// Before is the state that the alarm had, and has again.
	Before     string      `json:"before"`
	Recipients []Recipient `json:"recipients"`
	// Silent says that the alarm's actions are switched off: nobody is told.
	Silent bool `json:"silent,omitempty"`

	touched bool
}

// Recipient is an address that an alarm is sent to.
type Recipient struct {
	Protocol string `json:"protocol"`
	// Address is an e-mail address or the like; of a URL, which may hold a key, only
	// the host.
	Address string `json:"address"`
	// Confirmed says that the address gets messages. A subscription does not until
	// somebody has followed the link in its first message.
	Confirmed bool `json:"confirmed"`
}

func (r Recipient) String() string {
	if !r.Confirmed {
		return r.Address + " (not confirmed: will receive nothing)"
	}
	return r.Address
}

// reached reports whether anybody is told.
func (t TestedAlarm) reached() bool {
	return !t.Silent && slices.ContainsFunc(t.Recipients, func(r Recipient) bool { return r.Confirmed })
}

// PlanAlarmTest chooses an alarm of each severity and says who is told about it. It
// changes nothing; [App.TestAlarms] does the test.
func (a *App) PlanAlarmTest(ctx context.Context) (AlarmTest, error) {
	work, stop := a.reading(ctx)
	defer stop()
	test := AlarmTest{Environment: a.env.Name, Alarms: []TestedAlarm{}}
	if err := a.planAlarmTest(work, &test); err != nil {
		err = interruption(work, err)
		return test, a.fail(&test.Ending, unstarted(err), err)
	}
	return test, a.fail(&test.Ending, Planned, nil)
}

func (a *App) planAlarmTest(ctx context.Context, test *AlarmTest) (err error) {
	if test.who, err = a.permitted(ctx); err != nil {
		return err
	}
	found := &findings{}
	a.checkLock(ctx, found)
	if err := a.checkRollouts(ctx, found); err != nil {
		return err
	}
	alarms, err := a.operationsAlarms(ctx)
	if err != nil {
		return err
	}
	tagged, err := a.tagAlarms(ctx, alarms)
	if err != nil {
		return err
	}
	picked, missing := pickAlarms(tagged, a.env.Name)
	found.list = append(found.list, missing...)
	for _, p := range picked {
		recipients, err := a.recipients(ctx, p.alarm.AlarmActions)
		if err != nil {
			return err
		}
		test.Alarms = append(test.Alarms, TestedAlarm{
			Severity: p.severity, Name: aws.ToString(p.alarm.AlarmName), Before: string(p.alarm.StateValue),
			Recipients: recipients, Silent: !aws.ToBool(p.alarm.ActionsEnabled),
		})
	}
	for _, t := range test.Alarms {
		if !t.reached() {
			a.out.Warn(fmt.Sprintf("nobody is told when %s goes off", t.Name))
		}
	}
	return found.unmet()
}

// checkRollouts finds out whether anybody deploys, with omc or without: an alarm that
// guards a deployment would roll it back.
func (a *App) checkRollouts(ctx context.Context, found *findings) error {
	services, err := a.describeServices(ctx)
	for _, service := range services {
		checkNoRollout(service, found)
	}
	return err
}

// taggedAlarm is an alarm and its severity, which may be empty.
type taggedAlarm struct {
	alarm    cloudwatchtypes.MetricAlarm
	severity string
}

// tagAlarms reads the severity of each alarm.
func (a *App) tagAlarms(ctx context.Context, alarms []cloudwatchtypes.MetricAlarm) ([]taggedAlarm, error) {
	tagged := make([]taggedAlarm, len(alarms))
	slots := make(chan struct{}, tagReaders)
	err := eachUntilFailure(ctx, indexes(len(alarms)), func(ctx context.Context, i int) error {
		slots <- struct{}{}
		defer func() { <-slots }()
		tagged[i].alarm = alarms[i]
		out, err := a.aws.alarms.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: alarms[i].AlarmArn})
		if err != nil {
			return fmt.Errorf("reading the tags of alarm %s: %w", aws.ToString(alarms[i].AlarmName), err)
		}
		for _, tag := range out.Tags {
			if aws.ToString(tag.Key) == "Severity" {
				tagged[i].severity = aws.ToString(tag.Value)
			}
		}
		return nil
	})
	return tagged, err
}

// pickAlarms chooses the alarm to test of each severity: the first by name that is not
// in ALARM. It says which severity has none.
func pickAlarms(alarms []taggedAlarm, env string) (picked []taggedAlarm, found []Finding) {
	alarms = slices.Clone(alarms)
	slices.SortFunc(alarms, func(a, b taggedAlarm) int {
		return cmp.Compare(aws.ToString(a.alarm.AlarmName), aws.ToString(b.alarm.AlarmName))
	})
	for _, severity := range severities {
		of := slices.DeleteFunc(slices.Clone(alarms), func(a taggedAlarm) bool { return a.severity != severity })
		i := slices.IndexFunc(of, func(a taggedAlarm) bool { return a.alarm.StateValue != cloudwatchtypes.StateValueAlarm })
		switch {
		case len(of) == 0:
			found = append(found, Finding{severity + " alarms", "there are none", "deploy the operations stack first: cdktf deploy " + env})
		case i < 0:
			found = append(found, Finding{severity + " alarms", fmt.Sprintf("all %d are in ALARM, so that none can be tested", len(of)), "find the cause first: omc verify " + env})
		default:
			picked = append(picked, of[i])
		}
	}
	return picked, found
}

// recipients returns who is subscribed to an alarm's actions.
func (a *App) recipients(ctx context.Context, actions []string) ([]Recipient, error) {
	list := []Recipient{}
	for _, action := range actions {
		if !strings.Contains(action, ":sns:") {
			list = append(list, Recipient{Protocol: "action", Address: action, Confirmed: true})
			continue
		}
		pages := sns.NewListSubscriptionsByTopicPaginator(a.aws.topics, &sns.ListSubscriptionsByTopicInput{TopicArn: &action})
		err := eachPage(pages.HasMorePages, func() error {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, s := range page.Subscriptions {
				list = append(list, recipient(s))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("listing the subscriptions of %s: %w", action[strings.LastIndex(action, ":")+1:], err)
		}
	}
	slices.SortFunc(list, func(a, b Recipient) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(list), nil
}

// recipient says who a subscription is for. A subscription has no ARN until it is
// confirmed, and none any more when it is deleted.
func recipient(s snstypes.Subscription) Recipient {
	r := Recipient{
		Protocol: aws.ToString(s.Protocol), Address: aws.ToString(s.Endpoint),
		Confirmed: strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:"),
	}
	if u, err := url.Parse(r.Address); err == nil && u.Host != "" {
		r.Address = u.Scheme + "://" + u.Host + "/…"
	}
	return r
}

// TestAlarms sets the alarms of a plan to ALARM, and back to the state that they had,
// also when the user asks to stop. Nobody can deploy meanwhile.
func (a *App) TestAlarms(ctx context.Context, test AlarmTest) (AlarmTest, error) {
	work, stop := a.interruptible(ctx)
	defer stop()
	test.Alarms = slices.Clone(test.Alarms)
	reason := shorten(fmt.Sprintf("Test of the alarm by omc, nothing is wrong: %s on %s", test.who.arn, a.host))
	lease, failure := a.borrow(work, "alarms test", test.who)
	defer lease.giveBack(ctx)
	if failure == nil {
		failure = a.lookAgain(work, test.Alarms)
	}
	if failure == nil {
		failure = lease.raise(work, test.Alarms, reason)
	}
	if failure == nil {
		failure = a.clock.Sleep(work, alarmPause)
	}
	left, stuck := lease.lower(ctx, test.Alarms, reason)
	if stuck != nil {
		test.State = left
		return test, a.fail(&test.Ending, Stuck, errors.Join(failure, stuck))
	}
	if failure != nil {
		failure = interruption(work, failure)
		outcome := unstarted(failure)
		if touched := slices.ContainsFunc(test.Alarms, func(t TestedAlarm) bool { return t.touched }); touched && outcome == NothingChanged {
			outcome = RolledBack
		}
		return test, a.fail(&test.Ending, outcome, failure)
	}
	if err := unreached(test.Alarms); err != nil {
		return test, a.fail(&test.Ending, Failed, err)
	}
	return test, a.fail(&test.Ending, Succeeded, nil)
}

// lookAgain finds out what has changed since the plan was made: somebody may have
// taken a while to agree to it.
func (a *App) lookAgain(ctx context.Context, planned []TestedAlarm) error {
	found := &findings{}
	if err := a.checkRollouts(ctx, found); err != nil {
		return err
	}
	var names []string
	for _, t := range planned {
		names = append(names, t.Name)
	}
	alarms, err := a.describeAlarms(ctx, names)
	if err != nil {
		return err
	}
	for i := range planned {
		t := &planned[i]
		now, exists := alarms[t.Name]
		switch {
		case !exists:
			found.add("alarm "+t.Name, "it does not exist any more", "run the command again")
		case now.StateValue == cloudwatchtypes.StateValueAlarm:
			found.add("alarm "+t.Name, "it has gone off meanwhile: "+aws.ToString(now.StateReason), "find the cause first: omc verify "+a.env.Name)
		default:
			t.Before = string(now.StateValue)
		}
	}
	return found.unmet()
}

// raise sets alarms to ALARM, one after the other, and marks those that are, or may
// be, in ALARM because of it.
func (l *lease) raise(ctx context.Context, alarms []TestedAlarm, reason string) error {
	for i := range alarms {
		t := &alarms[i]
		if err := l.check(ctx, "setting alarm "+t.Name); err != nil {
			return err
		}
		t.touched = true
		if err := l.setAlarm(ctx, t.Name, cloudwatchtypes.StateValueAlarm, reason); err != nil {
			return err
		}
		l.out.Info(t.Name + ": ALARM")
	}
	return nil
}

// lower puts alarms back to the state that they had. It returns what it leaves when it
// cannot.
func (l *lease) lower(ctx context.Context, alarms []TestedAlarm, reason string) (left []string, err error) {
	errs := make([]error, len(alarms))
	_ = each(indexes(len(alarms)), func(i int) error {
		if alarms[i].touched {
			errs[i] = l.lowerOne(ctx, alarms[i], reason)
		}
		return nil
	})
	for i, err := range errs {
		if err != nil {
			left = append(left, fmt.Sprintf("%s may be in ALARM although nothing is wrong, until CloudWatch evaluates it again; it was %s", alarms[i].Name, alarms[i].Before),
				fmt.Sprintf("  aws cloudwatch set-alarm-state --region %s --alarm-name %s --state-value %s --state-reason 'End of the test'", l.env.Region, alarms[i].Name, alarms[i].Before))
		}
	}
	return left, errors.Join(errs...)
}

func (l *lease) lowerOne(ctx context.Context, t TestedAlarm, reason string) error {
	return l.persist(ctx, "putting back alarm "+t.Name, func(ctx context.Context) error {
		if err := l.store().verify(ctx, l.lock); err != nil {
			return err
		}
		alarms, err := l.describeAlarms(ctx, []string{t.Name})
		if err != nil && troubleOf(err) != permanent {
			return err
		}
		// CloudWatch may have evaluated the alarm meanwhile: then its state is the
		// truth, and not ours to change.
		now := alarms[t.Name]
		if err == nil && aws.ToString(now.StateReason) != reason {
			l.out.Info(fmt.Sprintf("%s: %s, as CloudWatch says by itself", t.Name, now.StateValue))
			return nil
		}
		if err := l.setAlarm(ctx, t.Name, cloudwatchtypes.StateValue(t.Before), "End of the test of the alarm by omc"); err != nil {
			return err
		}
		l.out.Info(t.Name + ": " + t.Before + " again")
		return nil
	})
}

func (a *App) setAlarm(ctx context.Context, name string, state cloudwatchtypes.StateValue, reason string) error {
	_, err := a.aws.alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason})
	if err != nil {
		return fmt.Errorf("setting alarm %s to %s: %w", name, state, err)
	}
	return nil
}

// unreached returns an error that names the severities of which nobody is told.
func unreached(alarms []TestedAlarm) error {
	var names []string
	for _, t := range alarms {
		if !t.reached() {
			names = append(names, t.Severity)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("nobody is told about %s alarms: confirm the subscriptions, or name other addresses in the environment and deploy the operations stack", strings.Join(names, " and "))
}

// Page returns the test for people.
func (t AlarmTest) Page() Page {
	headline := map[Outcome]string{
		Planned:        "would set to ALARM and back",
		Succeeded:      "set to ALARM and back; these should have received it",
		Failed:         "set to ALARM and back, and not everything is as it should be",
		RolledBack:     "failed; every alarm has its state again",
		Interrupted:    "interrupted; every alarm has its state again",
		NothingChanged: "no alarm was touched",
		Stuck:          "failed, and not every alarm has its state again",
	}[t.Outcome]
	page := Page{
		Title:   fmt.Sprintf("omc alarms test %s: %s", t.Environment, headline),
		Columns: []string{"SEVERITY", "ALARM", "RECIPIENTS"}, Notes: t.State, Error: t.Error,
	}
	for _, alarm := range t.Alarms {
		page.Rows = append(page.Rows, []string{alarm.Severity, alarm.Name, alarm.addresses()})
	}
	return page
}

func (t TestedAlarm) addresses() string {
	var list []string
	for _, r := range t.Recipients {
		list = append(list, r.String())
	}
	text := strings.Join(list, ", ")
	switch {
	case t.Silent:
		return "nobody, its actions are switched off; else " + cmp.Or(text, "nobody")
	case text == "":
		return "nobody"
	}
	return text
}
