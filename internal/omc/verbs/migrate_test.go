package verbs

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

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
