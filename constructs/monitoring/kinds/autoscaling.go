package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// AutoScalingGroup is an EC2 Auto Scaling group with its instances. Its group metrics
// have to be switched on. Alarms on instances are on all of the group together, because
// instances come and go. Metrics: Amazon EC2 Auto Scaling user guide, "Amazon
// CloudWatch metrics for Amazon EC2 Auto Scaling".
type AutoScalingGroup struct {
	// Key is the group's stable name: "workers".
	Key string
	// Name is the name of the group.
	Name string
	// MinInService is how much capacity the application needs, in instances or in what
	// the group counts in. At least 1.
	MinInService float64
}

const wantCapacity = "at least 1: the capacity that the application needs"

var groupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _./-]{0,254}$`)

// ResourceKey implements [monitoring.Resource].
func (g AutoScalingGroup) ResourceKey() string { return g.Key }

// Validate implements [monitoring.Resource].
func (g AutoScalingGroup) Validate() error {
	var p monitoring.Problems
	identifier(&p, "Name", g.Name, groupName, `the name of the Auto Scaling group ("workers"), not its ARN`)
	if g.MinInService >= 0 && g.MinInService < 1 {
		p.Want("MinInService", g.MinInService, wantCapacity)
	} else {
		limit(&p, "MinInService", g.MinInService, wantCapacity)
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (g AutoScalingGroup) Watch() monitoring.Watch {
	of := func(namespace, name, stat string) cloudwatch.Metric {
		return metric(namespace, name, stat, dimension("AutoScalingGroupName", g.Name))
	}
	inService := of("AWS/AutoScaling", "GroupInServiceCapacity", cloudwatch.Average)
	cpu := of("AWS/EC2", "CPUUtilization", cloudwatch.Average).WithPeriod(5 * time.Minute)
	checks := of("AWS/EC2", "StatusCheckFailed", cloudwatch.Maximum).WithPeriod(5 * time.Minute)
	volumes := of("AWS/EC2", "StatusCheckFailed_AttachedEBS", cloudwatch.Maximum)
	return watch("autoscaling",
		[]monitoring.Alarm{
			{
				ID: "capacity-low", Severity: monitoring.Critical,
				When: inService.Below(g.MinInService), Window: periods(10), Missing: cloudwatch.Breaching, // a group that is gone has no data
				FirstStep: "Read the group's activities: why instances stop, or why none can be started.",
			},
			{
				ID: "cpu-high", Severity: monitoring.Warning,
				When: cpu.Above(80), Window: periods(3), Missing: cloudwatch.Missing,
				FirstStep: "See whether the group is at its maximum, then what its instances work on.",
			},
			{
				ID: "status-check-failed", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: checks.AtLeast(1), Window: periods(2), Missing: cloudwatch.Missing,
				FirstStep: "Find the instance and see whether the group replaces it; end it when it does not.",
			},
			{
				ID: "volume-check-failed", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: volumes.AtLeast(1), Window: periods(10), Missing: cloudwatch.Missing,
				FirstStep: "End the instance whose volume does not answer: the group starts another one.",
			},
		},
		monitoring.Panel{ID: "autoscaling-capacity", Title: "Auto Scaling: capacity and CPU", Lines: []monitoring.Line{
			{Of: inService, Label: "in service"},
			{Of: of("AWS/AutoScaling", "GroupDesiredCapacity", cloudwatch.Average), Label: "desired"},
			{Of: of("AWS/AutoScaling", "GroupMaxSize", cloudwatch.Average), Label: "maximum"},
			{Of: cpu, Label: "CPU", Right: true},
		}},
		monitoring.Panel{ID: "autoscaling-checks", Title: "Auto Scaling: failed status checks", Lines: []monitoring.Line{
			{Of: checks, Label: "instances"},
			{Of: volumes, Label: "volumes"},
		}},
	)
}
