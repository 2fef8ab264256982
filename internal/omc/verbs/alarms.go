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

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
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
	report.Ending
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

	wait    time.Duration
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
	return test, a.fail(&test.Ending, report.Planned, nil)
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
	alarms, err := a.tellingAlarms(ctx)
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
		recipients, err := a.recipients(ctx, p.alarm.actions)
		if err != nil {
			return err
		}
		test.Alarms = append(test.Alarms, TestedAlarm{
			Severity: p.severity, Name: p.alarm.name, Before: string(p.alarm.state),
			Recipients: recipients, Silent: p.alarm.silent, wait: p.alarm.wait,
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

// anyAlarm is what the verbs look at of an alarm, of whichever type.
type anyAlarm struct {
	name, arn, reason string
	state             cloudwatchtypes.StateValue
	actions           []string
	// silent says that its actions are switched off, heldBack that its suppressor holds
	// them back now. A message waits for the suppressor.
	silent, heldBack bool
	suppressor, rule string
	wait             time.Duration
}

func fromMetric(a cloudwatchtypes.MetricAlarm) anyAlarm {
	return anyAlarm{
		name: aws.ToString(a.AlarmName), arn: aws.ToString(a.AlarmArn), reason: aws.ToString(a.StateReason),
		state: a.StateValue, actions: a.AlarmActions, silent: !aws.ToBool(a.ActionsEnabled),
	}
}

func fromComposite(a cloudwatchtypes.CompositeAlarm) anyAlarm {
	suppressor := aws.ToString(a.ActionsSuppressor)
	if _, name, isARN := strings.Cut(suppressor, ":alarm:"); isARN {
		suppressor = name
	}
	return anyAlarm{
		name: aws.ToString(a.AlarmName), arn: aws.ToString(a.AlarmArn), reason: aws.ToString(a.StateReason),
		state: a.StateValue, actions: a.AlarmActions, silent: !aws.ToBool(a.ActionsEnabled),
		suppressor: suppressor, rule: aws.ToString(a.AlarmRule), heldBack: a.ActionsSuppressedBy != "",
		wait: time.Duration(aws.ToInt32(a.ActionsSuppressorWaitPeriod)) * time.Second,
	}
}

// bothTypes asks for composite alarms, too: without it CloudWatch leaves them out.
var bothTypes = []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm}

// describeAlarms returns alarms by name, in one call.
func (a *App) describeAlarms(ctx context.Context, names []string) (map[string]anyAlarm, error) {
	out, err := a.aws.Alarms.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names, AlarmTypes: bothTypes})
	if err != nil {
		return nil, fmt.Errorf("describing alarms: %w", err)
	}
	alarms := map[string]anyAlarm{}
	for _, alarm := range out.MetricAlarms {
		alarms[aws.ToString(alarm.AlarmName)] = fromMetric(alarm)
	}
	for _, alarm := range out.CompositeAlarms {
		alarms[aws.ToString(alarm.AlarmName)] = fromComposite(alarm)
	}
	return alarms, nil
}

// tellingAlarms returns the alarms of the operations stack, of both types, without those
// that hold others back: a test of one would silence them.
func (a *App) tellingAlarms(ctx context.Context) ([]anyAlarm, error) {
	prefix := a.env.Prefix + "/"
	var alarms []anyAlarm
	pages := cloudwatch.NewDescribeAlarmsPaginator(a.aws.Alarms, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix, AlarmTypes: bothTypes})
	err := eachPage(pages.HasMorePages, func() error {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, alarm := range page.MetricAlarms {
			alarms = append(alarms, fromMetric(alarm))
		}
		for _, alarm := range page.CompositeAlarms {
			alarms = append(alarms, fromComposite(alarm))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("describing alarms: %w", err)
	}
	holds := holdBack(alarms)
	return slices.DeleteFunc(alarms, func(a anyAlarm) bool { return holds[a.name] }), nil
}

// holdBack returns the names of the alarms that hold others back, with those in their
// rules.
func holdBack(alarms []anyAlarm) map[string]bool {
	rules := map[string]string{}
	for _, a := range alarms {
		rules[a.name] = a.rule
	}
	holds := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if holds[name] || name == "" {
			return
		}
		holds[name] = true
		if rule, err := evaluate.ParseRule(rules[name]); err == nil {
			for _, part := range rule.Alarms {
				add(part)
			}
		}
	}
	for _, a := range alarms {
		add(a.suppressor)
	}
	return holds
}

// taggedAlarm is an alarm and its severity, which may be empty.
type taggedAlarm struct {
	alarm    anyAlarm
	severity string
}

// tagAlarms reads the severity of each alarm.
func (a *App) tagAlarms(ctx context.Context, alarms []anyAlarm) ([]taggedAlarm, error) {
	tagged := make([]taggedAlarm, len(alarms))
	slots := make(chan struct{}, tagReaders)
	err := awsapi.EachUntilFailure(ctx, awsapi.Indexes(len(alarms)), func(ctx context.Context, i int) error {
		slots <- struct{}{}
		defer func() { <-slots }()
		tagged[i].alarm = alarms[i]
		out, err := a.aws.Alarms.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &alarms[i].arn})
		if err != nil {
			return fmt.Errorf("reading the tags of alarm %s: %w", alarms[i].name, err)
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

// pickAlarms chooses the alarm to test of each severity, among those that tell anybody if
// there are any: the first whose message comes soonest, by name, that is not in ALARM and
// not held back. It says which severity has none.
func pickAlarms(alarms []taggedAlarm, env string) (picked []taggedAlarm, found []report.Finding) {
	alarms = slices.Clone(alarms)
	slices.SortFunc(alarms, func(a, b taggedAlarm) int {
		tells := func(t taggedAlarm) int { return min(1, len(t.alarm.actions)) }
		return cmp.Or(cmp.Compare(tells(b), tells(a)), cmp.Compare(a.alarm.wait, b.alarm.wait), cmp.Compare(a.alarm.name, b.alarm.name))
	})
	for _, severity := range severities {
		of := slices.DeleteFunc(slices.Clone(alarms), func(a taggedAlarm) bool { return a.severity != severity })
		if tells := slices.DeleteFunc(slices.Clone(of), func(a taggedAlarm) bool { return len(a.alarm.actions) == 0 }); len(tells) > 0 {
			of = tells
		}
		quiet := func(a taggedAlarm) bool { return a.alarm.state != cloudwatchtypes.StateValueAlarm }
		i := slices.IndexFunc(of, func(a taggedAlarm) bool { return quiet(a) && !a.alarm.heldBack })
		switch {
		case len(of) == 0:
			found = append(found, report.Finding{Subject: severity + " alarms", Problem: "there are none", Next: "deploy the operations stack first: cdktf deploy " + env})
		case i < 0 && slices.ContainsFunc(of, quiet):
			found = append(found, report.Finding{Subject: severity + " alarms", Problem: "the messages of all are held back, so that none can be tested", Next: "wait until the maintenance or the outage is over: omc status " + env})
		case i < 0:
			found = append(found, report.Finding{Subject: severity + " alarms", Problem: fmt.Sprintf("all %d are in ALARM, so that none can be tested", len(of)), Next: "find the cause first: omc verify " + env})
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
		pages := sns.NewListSubscriptionsByTopicPaginator(a.aws.Topics, &sns.ListSubscriptionsByTopicInput{TopicArn: &action})
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
		failure = a.clock.Sleep(work, alarmPause+longestWait(test.Alarms))
	}
	left, stuck := lease.lower(ctx, test.Alarms, reason)
	if stuck != nil {
		test.State = left
		return test, a.fail(&test.Ending, report.Stuck, errors.Join(failure, stuck))
	}
	if failure != nil {
		failure = interruption(work, failure)
		outcome := unstarted(failure)
		if touched := slices.ContainsFunc(test.Alarms, func(t TestedAlarm) bool { return t.touched }); touched && outcome == report.NothingChanged {
			outcome = report.RolledBack
		}
		return test, a.fail(&test.Ending, outcome, failure)
	}
	if err := unreached(test.Alarms); err != nil {
		return test, a.fail(&test.Ending, report.Failed, err)
	}
	return test, a.fail(&test.Ending, report.Succeeded, nil)
}

// longestWait is how long a message waits for what may hold it back.
func longestWait(alarms []TestedAlarm) time.Duration {
	var longest time.Duration
	for _, t := range alarms {
		longest = max(longest, t.wait)
	}
	return longest
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
		case now.state == cloudwatchtypes.StateValueAlarm:
			found.add("alarm "+t.Name, "it has gone off meanwhile: "+now.reason, "find the cause first: omc verify "+a.env.Name)
		default:
			t.Before = string(now.state)
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
	_ = awsapi.Each(awsapi.Indexes(len(alarms)), func(i int) error {
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
		if err := l.store().Verify(ctx, l.lock); err != nil {
			return err
		}
		alarms, err := l.describeAlarms(ctx, []string{t.Name})
		if err != nil && awsapi.TroubleOf(err) != awsapi.Permanent {
			return err
		}
		// CloudWatch may have evaluated the alarm meanwhile: then its state is the
		// truth, and not ours to change.
		now := alarms[t.Name]
		if err == nil && now.reason != reason {
			l.out.Info(fmt.Sprintf("%s: %s, as CloudWatch says by itself", t.Name, now.state))
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
	_, err := a.aws.Alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason})
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
func (t AlarmTest) Page() report.Page {
	headline := map[report.Outcome]string{
		report.Planned:        "would set to ALARM and back",
		report.Succeeded:      "set to ALARM and back; these should have received it",
		report.Failed:         "set to ALARM and back, and not everything is as it should be",
		report.RolledBack:     "failed; every alarm has its state again",
		report.Interrupted:    "interrupted; every alarm has its state again",
		report.NothingChanged: "no alarm was touched",
		report.Stuck:          "failed, and not every alarm has its state again",
	}[t.Outcome]
	page := report.Page{
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
