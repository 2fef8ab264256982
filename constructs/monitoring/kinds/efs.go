package kinds

import (
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// EFS is an EFS file system. Metrics: Amazon EFS user guide, "CloudWatch metrics for
// Amazon EFS".
type EFS struct {
	// Key is the file system's stable name: "media".
	Key string
	// FileSystem is its id: "fs-0123456789abcdef0".
	FileSystem string
}

var fileSystemID = regexp.MustCompile(`^fs-[0-9a-f]{8,40}$`)

// ResourceKey implements [monitoring.Resource].
func (f EFS) ResourceKey() string { return f.Key }

// Validate implements [monitoring.Resource].
func (f EFS) Validate() error {
	var p monitoring.Problems
	identifier(&p, "FileSystem", f.FileSystem, fileSystemID, `the id of the file system ("fs-0123456789abcdef0"), not its ARN or DNS name`)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (f EFS) Watch() monitoring.Watch {
	of := func(name, stat string) cloudwatch.Metric {
		return metric("AWS/EFS", name, stat, dimension("FileSystemId", f.FileSystem))
	}
	used, credits := of("PercentIOLimit", cloudwatch.Average), of("BurstCreditBalance", cloudwatch.Average)
	return watch("efs",
		// Each has data only in the performance or throughput mode that it is about.
		[]monitoring.Alarm{
			{
				ID: "io-limit", Severity: monitoring.Warning,
				When: used.AtLeast(100), Window: periods(15), Missing: cloudwatch.Missing,
				FirstStep: "Find what reads and writes many small files; move it to a file system of its own.",
			},
			{
				ID: "burst-credits-gone", Severity: monitoring.Critical,
				When: credits.AtMost(0), Window: periods(15), Missing: cloudwatch.Missing,
				FirstStep: "Set the throughput mode to elastic: without credits the file system is as slow as it is small.",
			},
		},
		monitoring.Panel{ID: "efs-io", Title: "EFS: share of the I/O limit, and clients", Lines: []monitoring.Line{
			{Of: used, Label: "I/O"},
			{Of: of("ClientConnections", cloudwatch.Sum), Label: "clients", Right: true},
		}},
		monitoring.Panel{
			ID: "efs-credits", Title: "EFS: burst credits", Left: monitoring.Axis{Label: "GiB", DivideBy: monitoring.GiB},
			Lines: []monitoring.Line{{Of: credits, Label: "credits"}},
		},
	)
}
