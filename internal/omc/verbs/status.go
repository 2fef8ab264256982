package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// Status is what an environment is doing. It is what --output json prints.
type Status struct {
	Environment string `json:"environment"`
	// Ending says how far the status could be read: [report.Failed] is not everything.
	report.Ending
	Cluster  string          `json:"cluster"`
	Services []ServiceStatus `json:"services"`
	// Alarms are the alarms of the operations stack that are not OK.
	Alarms []AlarmStatus `json:"alarms,omitempty"`
	// AlarmsTotal is how many alarms the stack has, nil when that is not known.
	AlarmsTotal *int `json:"alarmsTotal"`
	// Lock is who deploys now. LockText puts it into words.
	Lock     *ledger.Lock `json:"lock,omitempty"`
	LockText string       `json:"lockText,omitempty"`
	// Last is the newest record. LastText puts it into words.
	Last     *ledger.Record `json:"last,omitempty"`
	LastText string         `json:"lastText,omitempty"`
	// Next says what to do when something was left undone.
	Next []string `json:"next,omitempty"`
}

// ServiceStatus is what one service is doing.
type ServiceStatus struct {
	Service  string `json:"service"`
	Status   string `json:"status"`
	Image    string `json:"image"`
	Revision string `json:"revision"`
	Running  int32  `json:"running"`
	Desired  int32  `json:"desired"`
	Pending  int32  `json:"pending"`
	// Rollout is ECS's word for the newest deployment, and how many there are.
	Rollout string `json:"rollout"`
}

// AlarmStatus is an alarm that is not OK.
type AlarmStatus struct {
	Name   string    `json:"name"`
	State  string    `json:"state"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Status says what runs, what is wrong and what was done last. It changes nothing.
func (a *App) Status(ctx context.Context) (Status, error) {
	work, stop := a.reading(ctx)
	defer stop()
	status := Status{Environment: a.env.Name, Cluster: a.env.Cluster.Name, Services: []ServiceStatus{}, LastText: "unknown"}
	if _, err := a.permitted(work); err != nil {
		err = interruption(work, err)
		return status, a.fail(&status.Ending, unstarted(err), err)
	}
	var services map[string]ecstypes.Service // nil as long as they are not known
	parts := []func() error{
		func() (err error) {
			if services, err = a.describeServices(work); err != nil {
				return err
			}
			return a.statusOfServices(work, services, &status)
		},
		func() error { return a.statusOfAlarms(work, &status) },
		func() error { return a.statusOfDeployments(work, &status) },
	}
	outcome, err := report.Succeeded, awsapi.Each(parts, func(part func() error) error { return part() })
	status.Next = a.whatToDo(status.Last, status.Lock, services)
	if err != nil {
		outcome, err = report.Failed, interruption(work, err)
	}
	if errors.Is(err, awsapi.ErrInterrupted) {
		outcome = report.Interrupted
	}
	return status, a.fail(&status.Ending, outcome, err)
}

func (a *App) statusOfServices(ctx context.Context, services map[string]ecstypes.Service, status *Status) error {
	list := make([]ServiceStatus, len(a.env.Cluster.Services))
	err := awsapi.Each(awsapi.Indexes(len(list)), func(i int) error {
		service := a.env.Cluster.Services[i]
		described, exists := services[service.Name]
		list[i] = ServiceStatus{Service: service.Key, Status: "MISSING"}
		if !exists {
			return nil
		}
		list[i] = serviceStatus(service.Key, described)
		definition, err := a.describeDefinition(ctx, aws.ToString(described.TaskDefinition))
		if err != nil {
			return err
		}
		list[i].Image, err = rollout.ImageOf(definition.TaskDefinition, service.Container)
		return err
	})
	status.Services = list
	return err
}

func serviceStatus(key string, service ecstypes.Service) ServiceStatus {
	s := ServiceStatus{
		Service: key, Status: aws.ToString(service.Status),
		Revision: rollout.RevisionName(aws.ToString(service.TaskDefinition)),
		Running:  service.RunningCount, Desired: service.DesiredCount, Pending: service.PendingCount,
		Rollout: "none",
	}
	if primary := rollout.PrimaryOf(service); primary.Id != nil {
		s.Rollout = string(primary.RolloutState)
	}
	if n := len(service.Deployments); n > 1 {
		s.Rollout += fmt.Sprintf(" (%d deployments)", n)
	}
	return s
}

func (a *App) statusOfAlarms(ctx context.Context, status *Status) error {
	alarms, err := a.operationsAlarms(ctx)
	if err != nil {
		return err
	}
	total := len(alarms)
	for _, alarm := range alarms {
		if alarm.StateValue == cloudwatchtypes.StateValueOk {
			continue
		}
		status.Alarms = append(status.Alarms, AlarmStatus{
			Name: aws.ToString(alarm.AlarmName), State: string(alarm.StateValue),
			Reason: aws.ToString(alarm.StateReason), Since: aws.ToTime(alarm.StateTransitionedTimestamp),
		})
	}
	status.AlarmsTotal = &total
	return nil
}

func (a *App) statusOfDeployments(ctx context.Context, status *Status) error {
	lock, locked, err := a.store().Holder(ctx)
	if err != nil {
		return err
	}
	now := a.clock.Now()
	if locked {
		status.Lock, status.LockText = &lock, lock.Describe(now)
	}
	records, err := a.store().Records(ctx, 1)
	if err != nil {
		return err
	}
	var last *ledger.Record
	if len(records) > 0 {
		last = &records[0]
		status.Last = last
	}
	status.LastText = describeLast(last, status.Lock, now)
	return nil
}

// whatToDo says what to do when the last verb was left undone, like its own end: by how
// the services are described now. When that is not known, there is nothing to say.
func (a *App) whatToDo(last *ledger.Record, lock *ledger.Lock, services map[string]ecstypes.Service) []string {
	var next []string
	now := a.clock.Now()
	if lock != nil && lock.Abandoned(now) != "" {
		next = append(next, "omc unlock "+a.env.Name)
	}
	running := last != nil && last.Finished.IsZero() && !last.Crashed(lock, now)
	if last == nil || running || last.Outcome == report.Succeeded || services == nil {
		return next
	}
	var targets []*target
	for i, entry := range last.Services {
		if service, is := serviceByKey(a.env, entry.Service); is {
			targets = append(targets, &target{env: service, entry: &last.Services[i], seen: services[service.Name]})
		}
	}
	left, foreign := undone(targets, last.Verb)
	return append(next, rollbacks(a.env.Name, left, foreign)...)
}

// describeLast puts the newest record into words. The lock is nil when nobody holds it.
func describeLast(last *ledger.Record, lock *ledger.Lock, now time.Time) string {
	if last == nil {
		return "none"
	}
	text := fmt.Sprintf("%s %s by %s on %s", last.Verb, last.ID, ledger.ShortARN(last.By), last.Host)
	if last.Commit != "" {
		text += ", commit " + last.Commit
	}
	if !last.Finished.IsZero() {
		text += fmt.Sprintf(": %s at %s", last.Outcome, last.Finished.Format(time.RFC3339))
		return text
	}
	text += fmt.Sprintf(": at %s: %s", last.Updated.Format(time.RFC3339), last.Step)
	if !last.Crashed(lock, now) {
		return text + "; it is running, or it died a moment ago"
	}
	text += "; it did not finish"
	if migration := unfinishedMigration(last); migration != "" {
		text += "; " + migration
	}
	for _, s := range last.Services {
		if s.Touched {
			text += fmt.Sprintf("; %s was or may have been updated from %s to %s", s.Name,
				rollout.RevisionName(s.Before.TaskDefinition), rollout.RevisionName(s.After.TaskDefinition))
		}
	}
	if !slices.ContainsFunc(last.Services, func(s ledger.ServiceRecord) bool { return s.Touched }) {
		return text + "; no service was touched"
	}
	return text
}

// Page returns the status for people.
func (s Status) Page() report.Page {
	page := report.Page{Title: "omc status " + s.Environment, Columns: []string{"SERVICE", "STATUS", "REVISION", "TASKS", "ROLLOUT", "IMAGE"}, Error: s.Error}
	for _, service := range s.Services {
		tasks := fmt.Sprintf("%d/%d", service.Running, service.Desired)
		if service.Pending > 0 {
			tasks += fmt.Sprintf(" (%d pending)", service.Pending)
		}
		page.Rows = append(page.Rows, []string{service.Service, service.Status, service.Revision, tasks, service.Rollout, shortImage(service.Image)})
	}
	alarms := "Alarms: unknown"
	if s.AlarmsTotal != nil {
		alarms = fmt.Sprintf("Alarms: %d, of which %d are not OK", *s.AlarmsTotal, len(s.Alarms))
	}
	page.Notes = []string{"", alarms}
	for _, alarm := range s.Alarms {
		page.Notes = append(page.Notes, fmt.Sprintf("  %s %s: %s", alarm.State, alarm.Name, alarm.Reason))
	}
	if s.Lock != nil {
		page.Notes = append(page.Notes, "Locked: "+s.LockText)
	}
	page.Notes = append(page.Notes, "Last deployment: "+s.LastText)
	for _, next := range s.Next {
		page.Notes = append(page.Notes, "What to do: "+next)
	}
	return page
}

// shortImage returns an image's repository and the first digits of its digest, as
// wide as a terminal likes it.
func shortImage(full string) string {
	name := full[strings.LastIndex(full, "/")+1:]
	const digits = len("@sha256:") + image.ShortCommit
	if at := strings.Index(name, "@sha256:"); at >= 0 && len(name) > at+digits {
		return name[:at+digits]
	}
	return name
}
