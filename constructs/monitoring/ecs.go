package monitoring

import (
	"fmt"
	"slices"
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
	// Tasks is the smallest number of tasks that is enough. Default: 1.
	Tasks int
	// ContainerInsights says that the cluster publishes task counts, which the
	// dashboard and alarms then show. Default: false.
	ContainerInsights bool
	// ServiceConnect says that the service publishes the errors that ECS Service Connect
	// sees. Default: false.
	ServiceConnect bool
	// MaxResponseTime is the average response time of Service Connect that is too long,
	// in the unit of your own data: AWS's documents name seconds and milliseconds.
	// Default: no alarm on it.
	MaxResponseTime float64
	// Volume says that the tasks have an EBS volume. Default: false.
	Volume bool
}

// ResourceKey implements [Resource].
func (s ECSService) ResourceKey() string { return s.Key }

// Validate implements [Resource].
func (s ECSService) Validate() error {
	var p Problems
	shape.ClusterName.Check(&p, "Cluster", s.Cluster)
	shape.ServiceName.Check(&p, "Service", s.Service)
	if s.Tasks < 0 {
		p.Want("Tasks", s.Tasks, "the smallest number of tasks that is enough, or 0 for 1")
	}
	if s.MaxResponseTime < 0 || s.MaxResponseTime > 0 && !s.ServiceConnect {
		p.Want("MaxResponseTime", s.MaxResponseTime, "a response time above 0 with ServiceConnect, or 0 for no alarm")
	}
	return p.Err()
}

// Watch implements [Resource].
func (s ECSService) Watch() Watch {
	cpu := s.metric("AWS/ECS", "CPUUtilization", cloudwatch.Percent)
	memory := s.metric("AWS/ECS", "MemoryUtilization", cloudwatch.Percent)
	fiveMinutes := cloudwatch.Window{EvaluationPeriods: 5}
	alarms := []Alarm{
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
		{
			// Each task has a sample of its CPU a minute, and a service without tasks has none
			// (developer guide, "Amazon ECS service utilization metrics").
			ID: "tasks-missing", Severity: Critical, Profile: Recommended,
			When: cpu.WithStat(cloudwatch.SampleCount).Below(float64(max(1, s.Tasks))), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Breaching,
			FirstStep: "Read the service's events and why its tasks stopped, then roll back or correct what they miss.",
			Section:   "ecs-tasks-missing",
		},
	}
	if s.ContainerInsights {
		alarms = append(alarms, s.insights()...)
	}
	if s.ServiceConnect {
		alarms = append(alarms, Alarm{
			ID: "service-5xx-high", Severity: Critical, Profile: Recommended,
			When:   s.metric("AWS/ECS", "HTTPCode_Target_5XX_Count", cloudwatch.Count).WithStat(cloudwatch.Sum).Above(2),
			Window: fiveMinutes, Missing: cloudwatch.NotBreaching,
			FirstStep: "Read the service's error logs, and roll back when they start with a deployment.",
			Section:   "ecs-service-connect",
		})
	}
	if s.MaxResponseTime > 0 {
		alarms = append(alarms, Alarm{
			ID: "service-response-time-high", Severity: Warning, Profile: Recommended,
			When:   s.metric("AWS/ECS", "TargetResponseTime", cloudwatch.Seconds).Above(s.MaxResponseTime),
			Window: fiveMinutes, Missing: cloudwatch.Missing,
			FirstStep: "Look at the service's CPU and at what it waits for.",
			Section:   "ecs-service-connect",
		})
	}
	if s.Volume {
		alarms = append(alarms, Alarm{
			ID: "volume-full", Severity: Critical, Profile: Recommended,
			When:   s.metric("AWS/ECS", "EBSFilesystemUtilization", cloudwatch.Percent).Above(90),
			Window: fiveMinutes, Missing: cloudwatch.Missing,
			FirstStep: "Find out what fills the volume, then restart the tasks or give them a larger one.",
			Section:   "ecs-storage-high",
		})
	}
	return Watch{
		Alarms: alarms,
		Panels: append([]Panel{
			{
				ID: "ecs-utilization", Title: "ECS: CPU and memory utilization",
				Lines: []Line{{Of: cpu, Label: "CPU"}, {Of: memory, Label: "memory"}},
			},
			s.tasks(),
		}, append(s.deployments(), s.graphs(alarms)...)...),
	}
}

// graphs are what the alarms beyond the essential ones look at.
func (s ECSService) graphs(alarms []Alarm) []Panel {
	panel := func(id, title string) Panel {
		return Panel{ID: "ecs-" + id, Title: "ECS: " + title, Profile: Recommended, Width: 8, Rank: 2}
	}
	return slices.Concat(
		Graph(panel("tasks-there", "tasks that send measurements"), alarms, "tasks-missing"),
		Graph(panel("tasks-unstable", "tasks that do not run, and restarts"), alarms, "tasks-below-desired", "tasks-pending", "containers-restart"),
		Graph(panel("storage", "storage of the tasks"), alarms, "ephemeral-storage-high", "volume-full"),
		Graph(panel("service-connect", "Service Connect"), alarms, "service-5xx-high", "service-response-time-high"),
	)
}

// deployments shows when there were any, where it is known.
func (s ECSService) deployments() []Panel {
	if !s.ContainerInsights {
		return nil
	}
	return []Panel{{
		ID: "ecs-deployments", Title: "ECS: deployments that go on", Section: Overview, Profile: Recommended,
		Lines: []Line{{Of: s.metric("ECS/ContainerInsights", "DeploymentCount", cloudwatch.Count).WithStat(cloudwatch.Maximum), Label: "deployments"}},
	}}
}

// insights are the alarms that need Container Insights.
func (s ECSService) insights() []Alarm {
	metric := func(name string, unit cloudwatch.Unit) cloudwatch.Metric {
		return s.metric("ECS/ContainerInsights", name, unit)
	}
	tenMinutes := cloudwatch.Window{EvaluationPeriods: 10}
	return []Alarm{
		{
			ID: "tasks-below-desired", Severity: Warning, Profile: Recommended,
			When: cloudwatch.Math{
				Expression: "desired - running", Label: "tasks that do not run", Unit: cloudwatch.Count,
				Using: map[string]cloudwatch.Metric{
					"desired": metric("DesiredTaskCount", cloudwatch.Count),
					"running": metric("RunningTaskCount", cloudwatch.Count),
				},
			}.Above(0),
			Window: tenMinutes, Missing: cloudwatch.NotBreaching,
			FirstStep: "Read the service's events: they say why tasks do not start or do not stay.",
			Section:   "ecs-tasks-unstable",
		},
		{
			ID: "tasks-pending", Severity: Warning, Profile: Recommended,
			When: metric("PendingTaskCount", cloudwatch.Count).Above(0), Window: tenMinutes, Missing: cloudwatch.NotBreaching,
			FirstStep: "Read the service's events: a task that stays pending waits for its image, its secrets or capacity.",
			Section:   "ecs-tasks-unstable",
		},
		{
			ID: "containers-restart", Severity: Warning, Profile: Recommended,
			When:   metric("RestartCount", cloudwatch.Count).WithStat(cloudwatch.Sum).WithPeriod(5 * time.Minute).Above(3),
			Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
			FirstStep: "Read the last log lines before each restart, and roll back when it began with a deployment.",
			Section:   "ecs-tasks-unstable",
		},
		{
			ID: "ephemeral-storage-high", Severity: Warning, Profile: Recommended,
			When: cloudwatch.Math{
				Expression: "100 * used / reserved", Label: "ephemeral storage", Unit: cloudwatch.Percent,
				Using: map[string]cloudwatch.Metric{
					"used":     metric("EphemeralStorageUtilized", "Gigabytes"),
					"reserved": metric("EphemeralStorageReserved", "Gigabytes"),
				},
			}.Above(80),
			Window: cloudwatch.Window{EvaluationPeriods: 5}, Missing: cloudwatch.NotBreaching,
			FirstStep: "Restart the tasks to empty their disks, then find out what they write.",
			Section:   "ecs-storage-high",
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
