package monitoring

import (
	"fmt"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// ECSService is an ECS service on Fargate. Metrics: Amazon ECS developer guide,
// "Amazon ECS CloudWatch metrics" and "Container Insights metrics".
type ECSService struct {
	// Key is the service's stable name, part of alarm names and Terraform
	// addresses: "backend".
	Key string
	// Cluster and Service are the names of the cluster and the service.
	Cluster, Service string
	// ContainerInsights says that the cluster publishes task counts, which the
	// dashboard then shows. Default: false.
	ContainerInsights bool
}

// ResourceKey implements [Resource].
func (s ECSService) ResourceKey() string { return s.Key }

// Validate implements [Resource].
func (s ECSService) Validate() error {
	var p Problems
	shape.ClusterName.Check(&p, "Cluster", s.Cluster)
	shape.ServiceName.Check(&p, "Service", s.Service)
	return p.Err()
}

// Watch implements [Resource].
func (s ECSService) Watch() Watch {
	cpu := s.metric("AWS/ECS", "CPUUtilization", cloudwatch.Percent)
	memory := s.metric("AWS/ECS", "MemoryUtilization", cloudwatch.Percent)
	fiveMinutes := cloudwatch.Window{EvaluationPeriods: 5}
	return Watch{
		Alarms: []Alarm{
			{
				ID: "cpu-high", Severity: Warning,
				When: cpu.Above(80), Window: fiveMinutes, Missing: cloudwatch.Missing,
				FirstStep: "Compare with request count and recent deployments, then add tasks or roll back.",
				Section:   "ecs-cpu-high",
			},
			{
				ID: "memory-high", Severity: Warning,
				When: memory.Above(80), Window: fiveMinutes, Missing: cloudwatch.Missing,
				FirstStep: "Look for a leak since the last deployment, then restart tasks or raise the memory.",
				Section:   "ecs-memory-high",
			},
		},
		Panels: []Panel{
			{
				ID: "ecs-utilization", Title: "ECS: CPU and memory utilization",
				Lines: []Line{{Of: cpu, Label: "CPU"}, {Of: memory, Label: "memory"}},
			},
			s.tasks(),
		},
	}
}

// tasks shows how many tasks there are, or says why it is not known.
func (s ECSService) tasks() Panel {
	panel := Panel{ID: "ecs-tasks", Title: "ECS: desired and running tasks", Rank: 1}
	if !s.ContainerInsights {
		panel.Text = fmt.Sprintf("No task counts for **%s**: Container Insights is off in cluster `%s`.", s.Key, s.Cluster)
		return panel
	}
	panel.Lines = []Line{
		{Of: s.metric("ECS/ContainerInsights", "DesiredTaskCount", cloudwatch.Count), Label: "desired"},
		{Of: s.metric("ECS/ContainerInsights", "RunningTaskCount", cloudwatch.Count), Label: "running"},
	}
	return panel
}

func (s ECSService) metric(namespace, name string, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: namespace, Name: name, Unit: unit, Stat: cloudwatch.Average, Period: time.Minute,
		Dimensions: []cloudwatch.Dimension{{Name: "ClusterName", Value: s.Cluster}, {Name: "ServiceName", Value: s.Service}},
	}
}
