package verbs

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
		want        verdict
		reason      string
	}{
		"just begun":                  {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", inProgress, 0), deploymentOf("d1", "ACTIVE", completed, 2)}, want: progressing},
		"all run, not judged by ECS":  {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", inProgress, 2)}, want: progressing},
		"no state yet":                {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", "", 2)}, want: progressing},
		"completed":                   {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 2)}, want: succeeded},
		"completed, tasks are gone":   {deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 0)}, want: progressing},
		"FAILED":                      {deployments: []ecstypes.Deployment{reason(deploymentOf("d2", "PRIMARY", isFailed, 0), "tasks failed to start.")}, want: failed, reason: "the roll-out failed: tasks failed to start."},
		"FAILED, on its way back":     {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 2), deploymentOf("d2", "ACTIVE", isFailed, 0)}, want: failed, reason: "the roll-out failed"},
		"gone, stable":                {deployments: []ecstypes.Deployment{reason(deploymentOf("d3", "PRIMARY", completed, 2), "circuit breaker: rolling back")}, want: failed, reason: "d2 is gone: deployment d3 of app:3 took its place (circuit breaker: rolling back)"},
		"superseded, still there":     {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 0), deploymentOf("d2", "ACTIVE", inProgress, 1)}, want: failed, reason: "was superseded: deployment d3 of app:3"},
		"superseded after completion": {deployments: []ecstypes.Deployment{deploymentOf("d3", "PRIMARY", inProgress, 0), deploymentOf("d2", "ACTIVE", completed, 2)}, want: failed, reason: "was superseded"},
		"completed, nothing wanted": {deployments: []ecstypes.Deployment{func() ecstypes.Deployment {
			d := deploymentOf("d2", "PRIMARY", completed, 0)
			d.DesiredCount = 0
			return d
		}()}, want: succeeded},
		"no deployments":          {want: failed, reason: "d2 is gone"},
		"the service is draining": {status: "DRAINING", deployments: []ecstypes.Deployment{deploymentOf("d2", "PRIMARY", completed, 2)}, want: failed, reason: "the service is DRAINING"},
	}
	for name, test := range tests {
		status := test.status
		if status == "" {
			status = "ACTIVE"
		}
		got := judge(ecstypes.Service{Status: &status, Deployments: test.deployments}, "d2")
		if got.verdict != test.want || !strings.Contains(got.reason, test.reason) || (test.want == failed) != (got.reason != "") {
			t.Errorf("%s: %v %q, want %v %q", name, got.verdict, got.reason, test.want, test.reason)
		}
	}
	if got := judge(ecstypes.Service{}, "d2"); got.verdict != failed || !strings.Contains(got.reason, "gone") {
		t.Errorf("a service that does not exist: %+v", got)
	}
}

func TestJudgeTask(t *testing.T) {
	t.Parallel()
	task := func(code *int32, why string) ecstypes.Task {
		return ecstypes.Task{StoppedReason: aws.String("Essential container in task exited"), Containers: []ecstypes.Container{
			{Name: aws.String("sidecar"), ExitCode: aws.Int32(0)}, {Name: aws.String("backend"), ExitCode: code, Reason: &why},
		}}
	}
	for name, test := range map[string]struct {
		task ecstypes.Task
		want string
	}{
		"0":            {task(aws.Int32(0), ""), ""},
		"1":            {task(aws.Int32(1), ""), "exit code 1: Essential container in task exited"},
		"137":          {task(aws.Int32(137), "OutOfMemoryError: Container killed"), "exit code 137: Essential container in task exited: OutOfMemoryError"},
		"never ran":    {task(nil, "CannotPullContainerError"), "it never ran: Essential container in task exited: CannotPull"},
		"no container": {ecstypes.Task{}, `has no container "backend"`},
	} {
		err := judgeTask(test.task, "backend")
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
