// Package rollout decides about roll-outs from what ECS says: whether one goes on, has
// succeeded or failed, what a service runs, and what a new task definition is. It calls nothing.
package rollout

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A Verdict says whether a roll-out goes on.
type Verdict int

// The verdicts.
const (
	Progressing Verdict = iota
	Succeeded
	Failed
)

// Judgment is the verdict about one roll-out and why.
type Judgment struct {
	Verdict Verdict
	// Reason says why it failed.
	Reason string
	// Running, Desired, Pending and FailedTasks describe our deployment, zero when
	// it is gone.
	Running, Desired, Pending, FailedTasks int32
}

// statusPrimary is ECS's word for the newest deployment of a service.
const statusPrimary = "PRIMARY"

// Judge decides about the roll-out with that deployment id, which our own update
// returned. A service that is stable proves nothing: after a failed roll-out it is
// stable on the old task definition.
func Judge(service ecstypes.Service, id string) Judgment {
	var ours, primary *ecstypes.Deployment
	for i := range service.Deployments {
		d := &service.Deployments[i]
		if aws.ToString(d.Id) == id {
			ours = d
		}
		if aws.ToString(d.Status) == statusPrimary {
			primary = d
		}
	}
	if service.Status == nil {
		return Judgment{Verdict: Failed, Reason: "the service is gone"}
	}
	if status := *service.Status; status != "ACTIVE" {
		return Judgment{Verdict: Failed, Reason: fmt.Sprintf("the service is %s", status)}
	}
	if ours == nil {
		return Judgment{Verdict: Failed, Reason: "our deployment " + id + " is gone" + replacedBy(primary)}
	}
	j := Judgment{
		Running:     ours.RunningCount,
		Desired:     ours.DesiredCount,
		Pending:     ours.PendingCount,
		FailedTasks: ours.FailedTasks,
	}
	switch {
	case ours.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		j.Verdict, j.Reason = Failed, "ECS says that the roll-out failed"
		if why := aws.ToString(ours.RolloutStateReason); why != "" {
			j.Reason += ": " + why
		}
	case primary != ours:
		j.Verdict, j.Reason = Failed, "our deployment "+id+" was superseded"+replacedBy(primary)
	case ours.RolloutState == ecstypes.DeploymentRolloutStateCompleted && ours.RunningCount >= ours.DesiredCount:
		j.Verdict = Succeeded
	}
	return j
}

func replacedBy(primary *ecstypes.Deployment) string {
	if primary == nil {
		return ""
	}
	text := fmt.Sprintf(": deployment %s of %s took its place",
		aws.ToString(primary.Id), RevisionName(aws.ToString(primary.TaskDefinition)))
	if why := aws.ToString(primary.RolloutStateReason); why != "" {
		text += " (" + why + ")"
	}
	return text
}

// PrimaryID returns the id of the newest deployment of a service: the one that an
// update just made.
func PrimaryID(service ecstypes.Service) string { return aws.ToString(PrimaryOf(service).Id) }

// PrimaryOf returns the newest deployment of a service, an empty one when it has none.
func PrimaryOf(service ecstypes.Service) ecstypes.Deployment {
	for _, d := range service.Deployments {
		if aws.ToString(d.Status) == statusPrimary {
			return d
		}
	}
	return ecstypes.Deployment{}
}

// Runs reports whether a task definition is what a service runs or is on its way to.
func Runs(service ecstypes.Service, definition string) bool {
	return definition != "" && aws.ToString(PrimaryOf(service).TaskDefinition) == definition
}

// SettledOn reports whether a service runs a task definition and nothing else: its
// roll-out is complete.
func SettledOn(service ecstypes.Service, definition string) bool {
	return Runs(service, definition) && Judge(service, PrimaryID(service)).Verdict == Succeeded
}
