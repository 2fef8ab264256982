package monitoring

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// RDS is a database instance. Metrics: Amazon RDS user guide, "Amazon CloudWatch
// metrics for Amazon RDS".
type RDS struct {
	// Key is the database's stable name: "postgres".
	Key string
	// Instance is the DB instance identifier, not the resource id ("db-…"), which
	// CloudWatch does not know.
	Instance string
}

// ResourceKey implements [Resource].
func (d RDS) ResourceKey() string { return d.Key }

// Validate implements [Resource].
func (d RDS) Validate() error {
	var p Problems
	shape.DatabaseName.Check(&p, "Instance", d.Instance)
	return p.Err()
}

// Watch implements [Resource].
func (d RDS) Watch() Watch {
	cpu := d.metric("CPUUtilization", cloudwatch.Average, cloudwatch.Percent)
	storage := d.metric("FreeStorageSpace", cloudwatch.Minimum, cloudwatch.Bytes)
	return Watch{
		Alarms: []Alarm{
			{
				ID: "cpu-high", Severity: Warning,
				When: cpu.Above(80), Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Missing,
				FirstStep: "Find the longest-running queries, and end the one that is stuck.",
				Section:   "rds-cpu-high",
			},
			{
				ID: "storage-low", Severity: Critical,
				When: storage.Below(10 * GiB), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.Missing,
				FirstStep: "Raise the allocated storage now: a full disk stops the database.",
				Section:   "rds-storage-low",
			},
		},
		Panels: []Panel{
			{
				ID: "rds-load", Title: "RDS: CPU and connections", Width: 6,
				Lines: []Line{
					{Of: cpu, Label: "CPU"},
					{Of: d.metric("DatabaseConnections", cloudwatch.Average, cloudwatch.Count), Label: "connections", Right: true},
				},
			},
			{
				ID: "rds-storage", Title: "RDS: free storage", Width: 6,
				Left:  Axis{Label: "GiB", DivideBy: GiB},
				Lines: []Line{{Of: storage, Label: "free"}},
			},
		},
	}
}

func (d RDS) metric(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/RDS", Name: name, Stat: stat, Period: 5 * time.Minute, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: d.Instance}},
	}
}
