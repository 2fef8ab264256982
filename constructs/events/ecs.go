package events

import (
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/problems"
)

// ECSCluster tells of the services and tasks of a cluster. Events: Amazon ECS developer
// guide, "Amazon ECS service deployment state change events" and "Amazon ECS task state
// change events".
type ECSCluster struct {
	// Key begins the keys of the rules. Default: "ecs".
	Key string
	// Cluster is the name of the cluster.
	Cluster string
}

// Validate implements [Source].
func (c ECSCluster) Validate() error {
	var p problems.Problems
	checkKey(&p, c.Key)
	shape.ClusterName.Check(&p, "Cluster", c.Cluster)
	return p.Err()
}

// Rules implements [Source].
func (c ECSCluster) Rules() []Rule {
	// A task that stops goes through several states, and says why in each.
	stopped := func(detail Pattern) Pattern {
		detail["clusterArn"] = Is(Suffix(":cluster/" + c.Cluster))
		detail["lastStatus"] = Is("STOPPED")
		return Pattern{"source": Is("aws.ecs"), "detail-type": Is("ECS Task State Change"), "detail": detail}
	}
	const killed = 137 // by SIGKILL, as the kernel does where memory is short
	return kind("ecs", c.Key, []Rule{
		{
			Key: "deployment-failed", Severity: monitoring.Warning,
			Pattern: Pattern{
				"source": Is("aws.ecs"), "detail-type": Is("ECS Deployment State Change"),
				"resources": Is(Wildcard("*:service/" + c.Cluster + "/*")),
				"detail":    Pattern{"eventName": Is("SERVICE_DEPLOYMENT_FAILED")},
			},
			Title: "A deployment failed: <$.detail.reason>",
			Where: "<$.resources[0]>, deployment <$.detail.deploymentId>",
			First: "Read the service's events and why its new tasks stopped. Where ECS does not roll back by itself, do it.",
		},
		{
			Key: "task-out-of-memory", Severity: monitoring.Warning,
			Pattern: stopped(Pattern{
				"stopCode": Is("EssentialContainerExited"),
				or: Either(
					Pattern{"stoppedReason": Is(Prefix("OutOfMemory"))},
					Pattern{"containers": Pattern{"reason": Is(Prefix("OutOfMemory"))}},
					Pattern{"containers": Pattern{"exitCode": Is(killed)}},
				),
			}),
			Title: "A task of <$.detail.group> was killed for its memory: <$.detail.stoppedReason>",
			Where: "<$.detail.taskArn>",
			First: "Compare the memory of the service with its limit. Roll back when it began with a deployment, else give it more.",
		},
		{
			Key: "task-failed", Severity: monitoring.Warning,
			Pattern: stopped(Pattern{
				"stopCode":   Is("EssentialContainerExited"),
				"containers": Pattern{"exitCode": Is(AnythingBut(0, killed))},
			}),
			Title: "A task of <$.detail.group> ended with an error: <$.detail.stoppedReason>",
			Where: "<$.detail.taskArn>",
			First: "Read the last lines that the task logged.",
		},
		{
			Key: "task-not-started", Severity: monitoring.Warning,
			Pattern: stopped(Pattern{"stopCode": Is("TaskFailedToStart")}),
			Title:   "A task of <$.detail.group> could not start: <$.detail.stoppedReason>",
			Where:   "<$.detail.taskArn>",
			First:   "The reason names what is missing: a secret or one of its keys, the image, an address in the subnet.",
		},
	})
}
