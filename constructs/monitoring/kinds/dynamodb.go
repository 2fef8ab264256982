package kinds

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// DynamoDBTable is a DynamoDB table. CloudWatch ignores missing data of DynamoDB
// whatever an alarm says, so that every alarm says so. Metrics: Amazon DynamoDB
// developer guide, "DynamoDB metrics and dimensions".
type DynamoDBTable struct {
	// Key is the table's stable name: "orders".
	Key string
	// Name is the name of the table.
	Name string
	// Indexes are the names of its global secondary indexes, each under a stable name:
	// the alarms of "by-date" in "orders" have the resource key "orders-by-date".
	// Default: none.
	Indexes map[string]string
	// MaxLatency is how long an operation may take on average, by its name:
	// {"GetItem": 20 * time.Millisecond}. Default: no alarm on it.
	MaxLatency map[string]time.Duration
	// Replicas are the regions of the other replicas of a global table. Default: none.
	Replicas []string
	// ToKinesis says that changes go to a Kinesis data stream. Default: false.
	ToKinesis bool
}

var (
	indexName  = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	awsRegion  = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-\d$`)
	operations = []string{
		"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "GetRecords", "PutItem", "Query", "Scan",
		"TransactGetItems", "TransactWriteItems", "UpdateItem",
	}
)

// ResourceKey implements [monitoring.Resource].
func (d DynamoDBTable) ResourceKey() string { return d.Key }

// Validate implements [monitoring.Resource].
func (d DynamoDBTable) Validate() error {
	var p monitoring.Problems
	shape.TableName.Check(&p, "Name", d.Name)
	identifiers(&p, "Indexes", d.Indexes, indexName, `the name of a global secondary index ("by-date")`)
	for _, operation := range sorted(d.MaxLatency) {
		at := `MaxLatency["` + operation + `"]`
		if !slices.Contains(operations, operation) {
			p.Want(at, operation, "one of %s", strings.Join(operations, ", "))
		}
		if d.MaxLatency[operation] < time.Millisecond {
			p.Want(at, d.MaxLatency[operation], "at least a millisecond (20 * time.Millisecond)")
		}
	}
	for _, region := range d.Replicas {
		if !awsRegion.MatchString(region) {
			p.Want("Replicas", region, `the region of another replica ("eu-west-1")`)
		}
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (d DynamoDBTable) Watch() monitoring.Watch {
	of := func(name, stat string, more ...cloudwatch.Dimension) cloudwatch.Metric {
		return metric("AWS/DynamoDB", name, stat, append([]cloudwatch.Dimension{dimension("TableName", d.Name)}, more...)...)
	}
	// Throttled requests are retried by the SDK: five minutes of them are felt.
	throttled := func(resource, id, name, what string, more ...cloudwatch.Dimension) monitoring.Alarm {
		return monitoring.Alarm{
			Resource: resource, ID: id, Severity: monitoring.Critical,
			When: of(name, cloudwatch.Sum, more...).Above(0), Window: periods(5), Missing: cloudwatch.Ignore,
			FirstStep: "Look for a hot key, then raise the " + what + " capacity or its maximum.",
		}
	}
	system := of("SystemErrors", cloudwatch.Sum)
	throttles := monitoring.Panel{ID: "dynamodb-throttles", Title: "DynamoDB: throttled requests and errors of the service", Lines: []monitoring.Line{
		{Of: of("ReadThrottleEvents", cloudwatch.Sum), Label: "throttled reads"},
		{Of: of("WriteThrottleEvents", cloudwatch.Sum), Label: "throttled writes"},
		{Of: system, Label: "errors"},
	}}
	alarms := []monitoring.Alarm{
		throttled("", "reads-throttled", "ReadThrottleEvents", "read"),
		throttled("", "writes-throttled", "WriteThrottleEvents", "write"),
		{
			ID: "system-errors", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: system.Above(0), Window: periods(15), Missing: cloudwatch.Ignore,
			FirstStep: "Look at AWS's health page, and see whether the application retries.",
		},
	}
	for _, key := range sorted(d.Indexes) {
		index := dimension("GlobalSecondaryIndexName", d.Indexes[key])
		alarms = append(alarms,
			throttled(part(d.Key, key), "reads-throttled", "ReadThrottleEvents", "index's read", index),
			throttled(part(d.Key, key), "writes-throttled", "WriteThrottleEvents", "index's write", index),
		)
		throttles.Lines = append(throttles.Lines,
			monitoring.Line{Resource: part(d.Key, key), Of: of("ReadThrottleEvents", cloudwatch.Sum, index), Label: "throttled reads"},
			monitoring.Line{Resource: part(d.Key, key), Of: of("WriteThrottleEvents", cloudwatch.Sum, index), Label: "throttled writes"},
		)
	}
	panels := []monitoring.Panel{throttles, {ID: "dynamodb-capacity", Title: "DynamoDB: consumed capacity", Lines: []monitoring.Line{
		{Of: of("ConsumedReadCapacityUnits", cloudwatch.Sum), Label: "read units"},
		{Of: of("ConsumedWriteCapacityUnits", cloudwatch.Sum), Label: "write units"},
	}}}
	var latencies []monitoring.Line
	for _, operation := range sorted(d.MaxLatency) {
		latency := of("SuccessfulRequestLatency", cloudwatch.Average, dimension("Operation", operation))
		alarms = append(alarms, monitoring.Alarm{
			ID: strings.ToLower(operation) + "-slow", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: latency.Above(milliseconds(d.MaxLatency[operation])), Window: periods(10), Missing: cloudwatch.Ignore,
			FirstStep: "See whether items or pages have become larger, then compare with AWS's health page.",
		})
		latencies = append(latencies, monitoring.Line{Of: latency, Label: operation})
	}
	for _, region := range d.Replicas {
		latency := of("ReplicationLatency", cloudwatch.Average, dimension("ReceivingRegion", region))
		alarms = append(alarms, monitoring.Alarm{
			ID: "replication-late-" + region, Severity: monitoring.Warning,
			When: latency.Above(milliseconds(3 * time.Minute)), Window: periods(15), Missing: cloudwatch.Ignore,
			FirstStep: "Compare the write capacity of the replicas, then look at AWS's health page of that region.",
		})
		latencies = append(latencies, monitoring.Line{Of: latency, Label: "replication to " + region, Right: true})
	}
	if len(latencies) > 0 {
		panels = append(panels, monitoring.Panel{ID: "dynamodb-latency", Title: "DynamoDB: latency", Lines: latencies})
	}
	if d.ToKinesis {
		alarms = append(alarms, d.kinesisAlarms(of)...)
	}
	toKinesis := monitoring.Panel{ID: "dynamodb-changes", Title: "DynamoDB: changes that are not in the stream, and their age"}
	panels = append(panels, monitoring.Graph(toKinesis, alarms, "changes-lost", "changes-throttled", "changes-late")...)
	w := watch("dynamodb", alarms, panels...)
	for i := range w.Alarms { // operations and regions share a section
		switch {
		case strings.HasSuffix(w.Alarms[i].ID, "-slow"):
			w.Alarms[i].Section = "dynamodb-slow"
		case strings.HasPrefix(w.Alarms[i].ID, "replication-late-"):
			w.Alarms[i].Section = "dynamodb-replication-late"
		}
	}
	return w
}

func (d DynamoDBTable) kinesisAlarms(of func(name, stat string, more ...cloudwatch.Dimension) cloudwatch.Metric) []monitoring.Alarm {
	put := dimension("DelegatedOperation", "PutRecord")
	return []monitoring.Alarm{
		{
			ID: "changes-lost", Severity: monitoring.Critical,
			When: of("FailedToReplicateRecordCount", cloudwatch.Sum, put).Above(0), Window: periods(1), Missing: cloudwatch.Ignore,
			FirstStep: "See whether items are above the 34 KB that fit into a record: those changes are not in the stream.",
		},
		{
			ID: "changes-late", Severity: monitoring.Warning,
			When: of("AgeOfOldestUnreplicatedRecord", cloudwatch.Maximum, put).Above(milliseconds(5 * time.Minute)), Window: cloudwatch.Window{EvaluationPeriods: 15}, Missing: cloudwatch.Ignore,
			FirstStep: "See whether the stream still exists, may be written to and has enough shards: changes are lost after 24 hours.",
		},
		{
			ID: "changes-throttled", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: of("ThrottledPutRecordCount", cloudwatch.Maximum, put).Above(0), Window: periods(10), Missing: cloudwatch.Ignore,
			FirstStep: "Add shards to the stream, or set it to on-demand.",
		},
	}
}
