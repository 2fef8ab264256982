package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// KinesisStream is a Kinesis data stream. Metrics: Amazon Kinesis Data Streams
// developer guide, "Monitor the Amazon Kinesis Data Streams service with Amazon
// CloudWatch".
type KinesisStream struct {
	// Key is the stream's stable name: "events".
	Key string
	// Name is the name of the stream.
	Name string
	// MaxIteratorAge is how far consumers may be behind. Keep it well below the
	// retention period, after which records are lost. Default: an hour, of the 24 that a
	// stream keeps records by default.
	MaxIteratorAge time.Duration
	// Consumers are the names of the consumers with enhanced fan-out, each under a
	// stable name: the alarms of "search" in "events" have the resource key
	// "events-search". Default: none.
	Consumers map[string]string
	// OnlyConsumers says that nothing reads the stream but Consumers, so that the
	// metrics of GetRecords have no data. Default: false.
	OnlyConsumers bool
}

var streamName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// ResourceKey implements [monitoring.Resource].
func (s KinesisStream) ResourceKey() string { return s.Key }

// Validate implements [monitoring.Resource].
func (s KinesisStream) Validate() error {
	var p monitoring.Problems
	identifier(&p, "Name", s.Name, streamName, `the name of the stream ("events"), not its ARN`)
	if s.MaxIteratorAge != 0 && (s.MaxIteratorAge < time.Second || s.MaxIteratorAge > longestRetention) {
		p.Want("MaxIteratorAge", s.MaxIteratorAge, "a second to 365 days, the longest retention (time.Hour), or 0 for an hour")
	}
	identifiers(&p, "Consumers", s.Consumers, streamName, `the name of a consumer ("search"), not its ARN`)
	if s.OnlyConsumers && len(s.Consumers) == 0 {
		p.Want("Consumers", monitoring.Text("empty"), "at least one with OnlyConsumers: else nothing tells whether the stream is read")
	}
	return p.Err()
}

const (
	longestRetention = 365 * 24 * time.Hour
	// minSuccess is the share of calls that succeed on a good day; the SDK retries the
	// others.
	minSuccess = 0.95
)

// Watch implements [monitoring.Resource].
func (s KinesisStream) Watch() monitoring.Watch {
	of := func(name, stat string, more ...cloudwatch.Dimension) cloudwatch.Metric {
		return metric("AWS/Kinesis", name, stat, append([]cloudwatch.Dimension{dimension("StreamName", s.Name)}, more...)...)
	}
	maxAge := milliseconds(orDefault(s.MaxIteratorAge, time.Hour))
	age := of("GetRecords.IteratorAgeMilliseconds", cloudwatch.Maximum)
	writes := of("WriteProvisionedThroughputExceeded", cloudwatch.Average)
	failed := of("PutRecords.FailedRecords", cloudwatch.Sum)
	alarms := []monitoring.Alarm{
		{
			ID: "writes-throttled", Severity: monitoring.Critical,
			When: writes.Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Look for a hot partition key, then add shards or set the stream to on-demand.",
		},
		{
			ID: "put-failing", Severity: monitoring.Critical, Profile: monitoring.Recommended,
			When: of("PutRecord.Success", cloudwatch.Average).Below(minSuccess), Window: periods(5), Missing: cloudwatch.Missing, // not every stream has PutRecord
			FirstStep: "Read the producers' errors: permissions and keys first, then AWS's health page.",
		},
		{
			ID: "records-failed", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: failed.Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "See whether producers send failed records of a batch again.",
		},
	}
	lag := monitoring.Panel{ID: "kinesis-lag", Title: "Kinesis: how far consumers are behind"}
	if !s.OnlyConsumers {
		alarms = append(alarms,
			monitoring.Alarm{
				ID: "iterator-age-high", Severity: monitoring.Critical,
				When: age.Above(maxAge), Window: periods(15), Missing: cloudwatch.Breaching, // nobody reads
				FirstStep: "See whether the consumers run, then for a record that fails again and again.",
			},
			monitoring.Alarm{
				ID: "get-failing", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: of("GetRecords.Success", cloudwatch.Average).Below(minSuccess), Window: periods(5), Missing: cloudwatch.Missing,
				FirstStep: "Read the consumers' errors: permissions and keys first, then AWS's health page.",
			},
			monitoring.Alarm{
				ID: "reads-throttled", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: of("ReadProvisionedThroughputExceeded", cloudwatch.Average).Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
				FirstStep: "Give consumers enhanced fan-out, or let them read less often.",
			},
		)
		lag.Lines = append(lag.Lines, monitoring.Line{Of: age, Label: "behind"})
	}
	for _, key := range sorted(s.Consumers) {
		behind := of("SubscribeToShardEvent.MillisBehindLatest", cloudwatch.Average, dimension("ConsumerName", s.Consumers[key]))
		alarms = append(alarms, monitoring.Alarm{
			Resource: part(s.Key, key), ID: "behind", Severity: monitoring.Critical, Profile: monitoring.Recommended,
			When: behind.Above(maxAge), Window: periods(5), Missing: cloudwatch.Missing, // a consumer may stop on purpose
			FirstStep: "See whether the consumer runs and what it waits for.",
		})
		lag.Lines = append(lag.Lines, monitoring.Line{Resource: part(s.Key, key), Of: behind, Label: "behind"})
	}
	panels := []monitoring.Panel{lag, {ID: "kinesis-records", Title: "Kinesis: records", Lines: []monitoring.Line{
		{Of: of("IncomingRecords", cloudwatch.Sum), Label: "written"},
		{Of: failed, Label: "failed"},
		{Of: writes, Label: "throttled", Right: true},
	}}}
	calls := monitoring.Graph(more("kinesis-calls", "Kinesis: calls that succeed, and throttled reads"), alarms, "put-failing", "get-failing", "reads-throttled")
	return watch("kinesis", alarms, append(panels, calls...)...)
}
