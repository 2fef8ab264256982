package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// S3Bucket is an S3 bucket. S3 counts errors only where request metrics are switched
// on, and tells of replication only where its metrics are. Metrics: Amazon S3 user
// guide, "Amazon S3 metrics and dimensions".
type S3Bucket struct {
	// Key is the bucket's stable name: "uploads".
	Key string
	// Name is the name of the bucket.
	Name string
	// RequestMetrics is the id of the bucket's request metrics configuration:
	// "EntireBucket". Default: none, and then there are no alarms on errors.
	RequestMetrics string
	// Replications are the replication rules with metrics, each under a stable name: the
	// alarms of "backup" in "uploads" have the resource key "uploads-backup". Default:
	// none. One of RequestMetrics and Replications is needed.
	Replications map[string]S3Replication
}

// S3Replication is a rule by which S3 copies objects.
type S3Replication struct {
	// Destination is the name of the bucket that objects are copied to.
	Destination string
	// RuleID is the id of the rule.
	RuleID string
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	filterID   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	ruleID     = regexp.MustCompile(`^[!-~][ -~]{0,254}$`)
)

// ResourceKey implements [monitoring.Resource].
func (b S3Bucket) ResourceKey() string { return b.Key }

// Validate implements [monitoring.Resource].
func (b S3Bucket) Validate() error {
	var p monitoring.Problems
	identifier(&p, "Name", b.Name, bucketName, `the name of the bucket ("shop-uploads"), not its ARN or URL`)
	switch {
	case b.RequestMetrics != "":
		identifier(&p, "RequestMetrics", b.RequestMetrics, filterID, `the id of a request metrics configuration ("EntireBucket")`)
	case len(b.Replications) == 0:
		p.Want("RequestMetrics", monitoring.Text("empty"), `the id of the bucket's request metrics configuration ("EntireBucket"), or Replications: S3 publishes nothing else to alarm on`)
	}
	for _, key := range sorted(b.Replications) {
		at := partField(&p, "Replications", key)
		identifier(&p, at+".Destination", b.Replications[key].Destination, bucketName, `the name of the bucket that objects are copied to, not its ARN`)
		identifier(&p, at+".RuleID", b.Replications[key].RuleID, ruleID, `the id of the replication rule`)
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (b S3Bucket) Watch() monitoring.Watch {
	var alarms []monitoring.Alarm
	size := metric("AWS/S3", "BucketSizeBytes", cloudwatch.Average, dimension("BucketName", b.Name), dimension("StorageType", "StandardStorage")).WithPeriod(24 * time.Hour)
	panels := []monitoring.Panel{{
		ID: "s3-size", Title: "S3: size", Left: monitoring.Axis{Label: "GiB", DivideBy: monitoring.GiB},
		Lines: []monitoring.Line{{Of: size, Label: "standard storage"}},
	}}
	if b.RequestMetrics != "" {
		of := func(name, stat string) cloudwatch.Metric {
			return metric("AWS/S3", name, stat, dimension("BucketName", b.Name), dimension("FilterId", b.RequestMetrics))
		}
		// The average of errors is their share of the requests; without any there is no
		// data.
		server, client := of("5xxErrors", cloudwatch.Average), of("4xxErrors", cloudwatch.Average)
		alarms = append(alarms,
			monitoring.Alarm{
				ID: "5xx-high", Severity: monitoring.Critical,
				When: server.Above(0.05), Window: periods(15), Missing: cloudwatch.Missing,
				FirstStep: "See whether requests are above the rate of a prefix (503 Slow Down), and whether they are retried.",
			},
			monitoring.Alarm{
				ID: "4xx-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: client.Above(0.05), Window: periods(15), Missing: cloudwatch.Missing,
				FirstStep: "Find out in the access log who is refused: a changed policy or a missing object.",
			},
		)
		panels = append(panels, monitoring.Panel{
			ID: "s3-errors", Title: "S3: requests, and share of errors", Left: monitoring.Axis{Label: "share"},
			Lines: []monitoring.Line{
				{Of: server, Label: "5xx"},
				{Of: client, Label: "4xx"},
				{Of: of("AllRequests", cloudwatch.Sum), Label: "requests", Right: true},
			},
		})
	}
	replication := monitoring.Panel{ID: "s3-replication", Title: "S3: replication"}
	for _, key := range sorted(b.Replications) {
		rule := b.Replications[key]
		of := func(name, stat string) cloudwatch.Metric {
			return metric("AWS/S3", name, stat,
				dimension("SourceBucket", b.Name), dimension("DestinationBucket", rule.Destination), dimension("RuleId", rule.RuleID))
		}
		failed := of("OperationsFailedReplication", cloudwatch.Maximum)
		resource := part(b.Key, key)
		alarms = append(alarms, monitoring.Alarm{
			Resource: resource, ID: "replication-failed", Severity: monitoring.Warning,
			When: failed.Above(0), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Check the replication role's permissions on both buckets and keys, then replicate the failed objects.",
		})
		replication.Lines = append(replication.Lines,
			monitoring.Line{Resource: resource, Of: failed, Label: "failed"},
			monitoring.Line{Resource: resource, Of: of("ReplicationLatency", cloudwatch.Maximum), Label: "latency", Right: true},
		)
	}
	if len(replication.Lines) > 0 {
		panels = append(panels, replication)
	}
	return watch("s3", alarms, panels...)
}
