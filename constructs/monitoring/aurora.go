package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/instance"
	"github.com/ohmycoins/infra/constructs/shape"
)

// Aurora is a cluster of Aurora. Metrics: Amazon Aurora user guide, "Amazon
// CloudWatch metrics for Amazon Aurora".
type Aurora struct {
	// Key is the cluster's stable name: "orders".
	Key string
	// Cluster is the DB cluster identifier.
	Cluster string
	// Instances are the DB instance identifiers of its instances, each under a stable
	// name: the alarms of "one" in "orders" have the resource key "orders-one".
	// Default: only the cluster is watched.
	Instances map[string]string
	// Class is the class of the instances: "db.r6g.large". Memory, connections, load and
	// CPU credits are compared with what it has. Default: no alarms on them.
	Class string
	// Engine is aurora-postgresql or aurora-mysql.
	Engine string
	// MaxConnections is the most connections that a parameter group of your own allows.
	// Default: what the class has by default.
	MaxConnections float64
	// PerformanceInsights says that the instances publish the load of the database.
	// Default: false.
	PerformanceInsights bool
	// BinlogReplica says that the cluster replicates from another MySQL server.
	// Default: false.
	BinlogReplica bool
}

// ResourceKey implements [Resource].
func (a Aurora) ResourceKey() string { return a.Key }

// Validate implements [Resource].
func (a Aurora) Validate() error {
	var p Problems
	shape.DatabaseClusterName.Check(&p, "Cluster", a.Cluster)
	for _, key := range slices.Sorted(maps.Keys(a.Instances)) {
		field := fmt.Sprintf("Instances[%q]", key)
		if !IsPart(key) {
			p.Want(field, key, "a key of a-z 0-9 -")
		}
		shape.DatabaseName.Check(&p, field, a.Instances[key])
	}
	if _, err := instance.Database(a.Class); a.Class != "" && err != nil {
		p.Want("Class", a.Class, "%s", err)
	}
	if a.Class == "" && a.PerformanceInsights {
		p.Want("Class", a.Class, "the instance class, with PerformanceInsights: the load is compared with its vCPUs")
	}
	if !slices.Contains([]string{"aurora-postgresql", "aurora-mysql"}, a.Engine) {
		p.Want("Engine", a.Engine, "aurora-postgresql or aurora-mysql")
	}
	if a.BinlogReplica && a.Engine != "aurora-mysql" {
		p.Want("BinlogReplica", a.BinlogReplica, "false: only aurora-mysql replicates by binlog")
	}
	shape.CheckKnown(&p, "MaxConnections", a.MaxConnections, "a number of connections, or 0 for that of the class")
	return p.Err()
}

// Watch implements [Resource].
func (a Aurora) Watch() Watch {
	alarms := a.cluster()
	load := Panel{ID: "aurora-load", Title: "Aurora: CPU and connections"}
	for _, key := range slices.Sorted(maps.Keys(a.Instances)) {
		part, id := a.Key+"-"+key, a.Instances[key]
		alarms = append(alarms, a.instance(part, id)...)
		load.Lines = append(load.Lines,
			Line{Resource: part, Of: auroraMetric("CPUUtilization", cloudwatch.Average, cloudwatch.Percent, id), Label: "CPU"},
			Line{Resource: part, Of: auroraMetric("DatabaseConnections", cloudwatch.Average, cloudwatch.Count, id), Label: "connections", Right: true},
		)
	}
	watch := Watch{Alarms: alarms}
	if len(load.Lines) > 0 {
		watch.Panels = []Panel{load}
	}
	watch.Panels = append(watch.Panels, auroraGraphs(alarms)...)
	return watch
}

// auroraGraphs are what alarms look at, besides CPU and connections.
func auroraGraphs(alarms []Alarm) []Panel {
	panel := databasePanel("Aurora")
	writer, volume, local := panel("writer", "uptime of the writer", 8), panel("volume", "volume left", 8), panel("local-storage", "free local storage", 8)
	writer.Profile = Essential // like its alarm
	volume.Left = Axis{Label: "TiB", DivideBy: 1 << 40}
	local.Left = Axis{Label: "GiB", DivideBy: GiB}
	return slices.Concat(
		Graph(writer, alarms, "writer-down"),
		Graph(volume, alarms, "volume-low"),
		databaseGraphs("Aurora", alarms),
		Graph(panel("buffer-cache", "hit rate of the buffer cache", 8), alarms, "buffer-cache-hit-ratio-low"),
		Graph(local, alarms, "local-storage-low"),
		Graph(panel("replica-lag", "lag of replicas, and of replication by binlog", 8), alarms, "replica-lag-high", "binlog-replication-stopped"),
		Graph(panel("transactions", "blocked transactions and history", 8), alarms, "transactions-blocked", "history-list-long"),
	)
}

// cluster are the alarms of the cluster as a whole.
func (a Aurora) cluster() []Alarm {
	writer := func(name string, unit cloudwatch.Unit) cloudwatch.Metric {
		m := a.clusterMetric(name, unit)
		m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: "Role", Value: "WRITER"})
		return m
	}
	alarms := []Alarm{
		{
			ID: "writer-down", Severity: Critical,
			When: writer("EngineUptime", cloudwatch.Seconds).AtMost(0), Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Breaching,
			FirstStep: "Look at the cluster's events: a failover that does not end needs another instance to fail over to.",
			Section:   "aurora-writer-down",
		},
		{
			// A volume ends at 128 TiB; a tenth is time enough to move data.
			ID: "volume-low", Severity: Warning, Profile: Recommended,
			When:   a.clusterMetric("AuroraVolumeBytesLeftTotal", cloudwatch.Bytes).Below(12 << 40),
			Window: cloudwatch.Window{EvaluationPeriods: 5}, Missing: cloudwatch.Breaching,
			FirstStep: "Find the largest tables, and remove or archive what nobody needs.",
			Section:   "aurora-volume-low",
		},
	}
	if a.BinlogReplica {
		alarms = append(alarms, Alarm{
			// -1 says that replication has stopped.
			ID: "binlog-replication-stopped", Severity: Critical, Profile: Recommended,
			When: writer("AuroraBinlogReplicaLag", cloudwatch.Seconds).AtMost(-1), Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Breaching,
			FirstStep: "Read the last error with SHOW REPLICA STATUS, correct it, and start replication again.",
			Section:   "aurora-replication",
		})
	}
	return alarms
}

// instance are the alarms of an instance of the cluster.
func (a Aurora) instance(part, id string) []Alarm {
	metric := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return auroraMetric(name, stat, unit, id)
	}
	minutes := func(n int) cloudwatch.Window { return cloudwatch.Window{EvaluationPeriods: n} }
	alarms := []Alarm{
		{
			ID: "cpu-high", Severity: Warning,
			When: metric("CPUUtilization", cloudwatch.Average, cloudwatch.Percent).Above(80), Window: minutes(5), Missing: cloudwatch.Breaching,
			FirstStep: "Find the longest-running queries, and end the one that is stuck.",
			Section:   "rds-cpu-high",
		},
		{
			ID: "read-latency-high", Severity: Warning, Profile: Recommended,
			When: metric("ReadLatency", "p90", cloudwatch.Seconds).Above(0.02), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "Look what reads: a query without an index, or memory that is too small for the data in use.",
			Section:   "rds-latency-high",
		},
		{
			ID: "write-latency-high", Severity: Warning, Profile: Recommended,
			When: metric("WriteLatency", "p90", cloudwatch.Seconds).Above(0.02), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "Look what writes: a job, a vacuum, a backup.",
			Section:   "rds-latency-high",
		},
		{
			ID: "buffer-cache-hit-ratio-low", Severity: Warning, Profile: Recommended,
			When: metric("BufferCacheHitRatio", cloudwatch.Average, cloudwatch.Percent).Below(80), Window: minutes(10), Missing: cloudwatch.Missing,
			FirstStep: "The data in use is larger than the memory: find queries that read whole tables, or take a larger class.",
			Section:   "aurora-memory",
		},
		{
			// Sorts and temporary tables fail when it is full.
			ID: "local-storage-low", Severity: Critical, Profile: Recommended,
			When: metric("FreeLocalStorage", cloudwatch.Average, cloudwatch.Bytes).Below(5 * GiB), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "End the query that sorts or fills a temporary table, then look at the logs that are kept on the instance.",
			Section:   "aurora-memory",
		},
		{
			ID: "replica-lag-high", Severity: Warning, Profile: Recommended,
			When: metric("AuroraReplicaLag", cloudwatch.Maximum, cloudwatch.Milliseconds).Above(2000), Window: minutes(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Reads from this instance are old: look at its CPU and at long queries on it.",
			Section:   "aurora-replication",
		},
	}
	if a.Engine == "aurora-mysql" {
		alarms = append(alarms,
			Alarm{
				ID: "transactions-blocked", Severity: Warning, Profile: Recommended,
				When: metric("BlockedTransactions", cloudwatch.Average, cloudwatch.CountPerSecond).Above(1), Window: minutes(5), Missing: cloudwatch.NotBreaching,
				FirstStep: "Find the transaction that holds the lock, and end it when nobody needs it.",
				Section:   "aurora-transactions",
			},
			Alarm{
				ID: "history-list-long", Severity: Warning, Profile: Recommended,
				When: metric("RollbackSegmentHistoryListLength", cloudwatch.Average, cloudwatch.Count).Above(1e6), Window: minutes(5), Missing: cloudwatch.Breaching,
				FirstStep: "Find the oldest transaction and end it: nothing is purged as long as it is open.",
				Section:   "aurora-transactions",
			})
	} else {
		alarms = append(alarms, Alarm{
			ID: "transaction-ids-high", Severity: Critical, Profile: Recommended,
			When: metric("MaximumUsedTransactionIDs", cloudwatch.Average, cloudwatch.Count).Above(1e9), Window: minutes(1), Missing: cloudwatch.Missing,
			FirstStep: "Find the oldest transaction and end it, then let a vacuum run to its end.",
			Section:   "rds-transaction-ids-high",
		})
	}
	size, err := instance.Database(a.Class)
	alarms = append(alarms, databaseAlarms(databaseMetrics{
		metric: metric, size: size, known: err == nil, maxConnections: a.MaxConnections,
		engine: a.Engine, performanceInsights: a.PerformanceInsights,
	})...)
	for i := range alarms {
		alarms[i].Resource = part
	}
	return alarms
}

func (a Aurora) clusterMetric(name string, unit cloudwatch.Unit) cloudwatch.Metric {
	m := auroraMetric(name, cloudwatch.Average, unit, a.Cluster)
	m.Dimensions[0].Name = "DBClusterIdentifier"
	return m
}

func auroraMetric(name, stat string, unit cloudwatch.Unit, id string) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/RDS", Name: name, Stat: stat, Period: time.Minute, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: id}},
	}
}
