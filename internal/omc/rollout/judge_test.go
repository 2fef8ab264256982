package rollout

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func deploymentOf(id, status string, state ecstypes.DeploymentRolloutState, running int32) ecstypes.Deployment {
	return ecstypes.Deployment{
		Id: &id, Status: &status, RolloutState: state, RunningCount: running, DesiredCount: 2,
		TaskDefinition: aws.String("arn:aws:ecs:ap-southeast-2:000000000000:task-definition/app:" + strings.TrimLeft(id, "d")),
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		completed  = ecstypes.DeploymentRolloutStateCompleted
		inProgress = ecstypes.DeploymentRolloutStateInProgress
		isFailed   = ecstypes.DeploymentRolloutStateFailed
	)
	reason := func(d ecstypes.Deployment, why string) ecstypes.Deployment { d.RolloutStateReason = &why; return d }
	tests := map[string]struct {
		status      string // default ACTIVE
		deployments []ecstypes.Deployment
		want        Verdict
		reason      string
	}{
		"just begun":                  {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", inProgress, 0), deploymentOf("d1", "ACTIVE", completed, 2)}, want: Progressing},
		"all run, not judged by ECS":  {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", inProgress, 2)}, want: Progressing},
		"no state yet":                {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", "", 2)}, want: Progressing},
		"completed":                   {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 2)}, want: Succeeded},
		"completed, tasks are gone":   {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 0)}, want: Progressing},
		"FAILED":                      {deployments: []ecstypes.Deployment{reason(deploymentOf("d2", "PRIMARY", isFailed, 0), "tasks failed to start.")}, want: Failed, reason: "the roll-out failed: tasks failed to start."},
		"FAILED, on its way back":     {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 2), deploymentOf("d2", "ACTIVE", isFailed, 0)}, want: Failed, reason: "the roll-out failed"},
		"gone, stable":                {deployments: []ecstypes.Deployment{reason(deploymentOf("d3", "PRIMARY", completed, 2), "circuit breaker: rolling back")}, want: Failed, reason: "d2 is gone: deployment d3 of app:3 took its place (circuit breaker: rolling back)"},
		"superseded, still there":     {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 0), deploymentOf("d2", "ACTIVE", inProgress, 1)}, want: Failed, reason: "was superseded: deployment d3 of app:3"},
		"superseded after completion": {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 0), deploymentOf("d2", "ACTIVE", completed, 2)}, want: Failed, reason: "was superseded"},
		"completed, nothing wanted": {deployments: []ecstypes.Deployment{func() ecstypes.Deployment {
			d := deploymentOf("d2", "PRIMARY", completed, 0)
			d.DesiredCount = 0
			return d
		}()}, want: Succeeded},
		"no deployments":          {want: Failed, reason: "d2 is gone"},
		"the service is draining": {status: "DRAINING", deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 2)}, want: Failed, reason: "the service is DRAINING"},
	}
	for name, test := range tests {
		status := test.status
		if status == "" {
			status = "ACTIVE"
		}
		got := Judge(ecstypes.Service{Status: &status, Deployments: test.deployments}, "d2")
		if got.Verdict != test.want || !strings.Contains(got.Reason, test.reason) || (test.want == Failed) != (got.Reason != "") {
			t.Errorf("%s: %v %q, want %v %q", name, got.Verdict, got.Reason, test.want, test.reason)
		}
	}
	if got := Judge(ecstypes.Service{}, "d2"); got.Verdict != Failed || !strings.Contains(got.Reason, "gone") {
		t.Errorf("a service that does not exist: %+v", got)
	}
}
