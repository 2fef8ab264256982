package verbs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A verdict says whether a roll-out goes on.
type verdict int

const (
	progressing verdict = iota
	succeeded
	failed
)

// judgment is the verdict about one roll-out and why.
type judgment struct {
	verdict verdict
	// reason says why it failed.
	reason string
	// running, desired, pending and failedTasks describe our deployment, zero when
	// it is gone.
	running, desired, pending, failedTasks int32
}

// statusPrimary is ECS's word for the newest deployment of a service.
const statusPrimary = "PRIMARY"

// judge decides about the roll-out with that deployment id, which our own update
// returned. A service that is stable proves nothing: after a failed roll-out it is
// stable on the old task definition.
func judge(service ecstypes.Service, id string) judgment {
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
		return judgment{verdict: failed, reason: "the service is gone"}
	}
	if status := *service.Status; status != "ACTIVE" {
		return judgment{verdict: failed, reason: fmt.Sprintf("the service is %s", status)}
	}
	if ours == nil {
		return judgment{verdict: failed, reason: "our deployment " + id + " is gone" + replacedBy(primary)}
	}
	j := judgment{
		running:     ours.RunningCount,
		desired:     ours.DesiredCount,
		pending:     ours.PendingCount,
		failedTasks: ours.FailedTasks,
	}
	switch {
	case ours.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		j.verdict, j.reason = failed, "ECS says that the roll-out failed"
		if why := aws.ToString(ours.RolloutStateReason); why != "" {
			j.reason += ": " + why
		}
	case primary != ours:
		j.verdict, j.reason = failed, "our deployment "+id+" was superseded"+replacedBy(primary)
	case ours.RolloutState == ecstypes.DeploymentRolloutStateCompleted && ours.RunningCount >= ours.DesiredCount:
		j.verdict = succeeded
	}
	return j
}

func replacedBy(primary *ecstypes.Deployment) string {
	if primary == nil {
		return ""
	}
	text := fmt.Sprintf(": deployment %s of %s took its place",
		aws.ToString(primary.Id), revisionName(aws.ToString(primary.TaskDefinition)))
	if why := aws.ToString(primary.RolloutStateReason); why != "" {
		text += " (" + why + ")"
	}
	return text
}

// primaryID returns the id of the newest deployment of a service: the one that an
// update just made.
func primaryID(service ecstypes.Service) string { return aws.ToString(primaryOf(service).Id) }

// primaryOf returns the newest deployment of a service, an empty one when it has none.
func primaryOf(service ecstypes.Service) ecstypes.Deployment {
	for _, d := range service.Deployments {
		if aws.ToString(d.Status) == statusPrimary {
			return d
		}
	}
	return ecstypes.Deployment{}
}

// runs reports whether a task definition is what a service runs or is on its way to.
func runs(service ecstypes.Service, definition string) bool {
	return definition != "" && aws.ToString(primaryOf(service).TaskDefinition) == definition
}

// settledOn reports whether a service runs a task definition and nothing else: its
// roll-out is complete.
func settledOn(service ecstypes.Service, definition string) bool {
	return runs(service, definition) && judge(service, primaryID(service)).verdict == succeeded
}
