package monitoring

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/instance"
	"github.com/ohmycoins/infra/constructs/shape"
)

// RDS is a database instance, other than one of Aurora. Metrics: Amazon RDS user
// guide, "Amazon CloudWatch metrics for Amazon RDS".
type RDS struct {
	// Key is the database's stable name: "postgres".
	Key string
	// Instance is the DB instance identifier, not the resource id ("db-…"), which
	// CloudWatch does not know.
	Instance string
	// Class is the instance class: "db.t3.micro". Memory, connections, load and CPU
	// credits are compared with what it has. Default: no alarms on them.
	Class string
	// Engine is the database's engine: postgres, mysql or mariadb. It says how many
	// connections there are by default. Default: postgres.
	Engine string
	// MaxConnections is the most connections that a parameter group of your own allows.
	// Default: what the class has by default.
	MaxConnections float64
	// Replica says that the instance is a read replica. Default: false.
	Replica bool
	// PerformanceInsights says that the instance publishes the load of the database.
	// Default: false.
	PerformanceInsights bool
	// GP2 says that the storage is of type gp2 and below 1 TiB, so that it bursts.
	// Default: false.
	GP2 bool
	// FullWithinDays is how long before the storage is full, at the speed of the last
	// hours, an alarm goes off. Default: 4.
	FullWithinDays int
}

// ResourceKey implements [Resource].
func (d RDS) ResourceKey() string { return d.Key }

// Validate implements [Resource].
func (d RDS) Validate() error {
	var p Problems
	shape.DatabaseName.Check(&p, "Instance", d.Instance)
	_, err := instance.Database(d.Class)
	if d.Class != "" && err != nil {
		p.Want("Class", d.Class, "%s", err)
	}
	if d.Class == "" && d.PerformanceInsights {
		p.Want("Class", d.Class, "the instance class, with PerformanceInsights: the load is compared with its vCPUs")
	}
	if !slices.Contains([]string{"", "postgres", "mysql", "mariadb"}, d.Engine) && d.MaxConnections == 0 {
		p.Want("Engine", d.Engine, "postgres, mysql or mariadb; or MaxConnections: for others it is not known")
	}
	shape.CheckKnown(&p, "MaxConnections", d.MaxConnections, "a number of connections, or 0 for that of the class")
	if d.FullWithinDays < 0 || d.FullWithinDays > 90 {
		p.Want("FullWithinDays", d.FullWithinDays, "1 to 90 days, or 0 for %d", fullWithinDays)
	}
	return p.Err()
}

// Watch implements [Resource].
func (d RDS) Watch() Watch {
	cpu := d.metric("CPUUtilization", cloudwatch.Average, cloudwatch.Percent)
	storage := d.metric("FreeStorageSpace", cloudwatch.Minimum, cloudwatch.Bytes)
	watch := Watch{
		Alarms: append([]Alarm{
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
		}, d.recommended()...),
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
	panel := databasePanel("RDS")
	days := panel("days", "days until the storage is full", 8)
	most := 10.0 * float64(d.fullWithin()) // a disk that does not fill lasts for millions
	days.Left = Axis{Label: "days", Max: &most}
	watch.Panels = slices.Concat(watch.Panels,
		databaseGraphs("RDS", watch.Alarms),
		Graph(panel("disk-balance", "balances of the disk", 8), watch.Alarms, "ebs-byte-balance-low", "ebs-io-balance-low", "burst-balance-low"),
		Graph(days, watch.Alarms, "storage-full-soon"),
		Graph(panel("replica-lag", "lag of the replica", 8), watch.Alarms, "replica-lag-high"),
	)
	return watch
}

// databasePanel returns panels of a kind of database for the alarms beyond the essential
// ones.
func databasePanel(kind string) func(id, title string, width int) Panel {
	return func(id, title string, width int) Panel {
		return Panel{ID: strings.ToLower(kind) + "-" + id, Title: kind + ": " + title, Profile: Recommended, Width: width}
	}
}

// databaseGraphs are what alarms look at that instances of RDS and of Aurora have.
func databaseGraphs(kind string, alarms []Alarm) []Panel {
	panel := databasePanel(kind)
	memory := panel("memory", "free memory and CPU credits", 6)
	memory.Left = Axis{Label: "MiB", DivideBy: 1 << 20}
	return slices.Concat(
		Graph(panel("latency", "latency of the disk", 6), alarms, "read-latency-high", "write-latency-high"),
		Graph(memory, alarms, "memory-low", "cpu-credits-low"),
		Graph(panel("db-load", "sessions at work", 8), alarms, "load-high"),
		Graph(panel("transaction-ids", "transaction ids in use", 8), alarms, "transaction-ids-high"),
	)
}

const fullWithinDays = 4

func (d RDS) fullWithin() int {
	if d.FullWithinDays == 0 {
		return fullWithinDays
	}
	return d.FullWithinDays
}

// recommended are the alarms beyond the essential ones.
func (d RDS) recommended() []Alarm {
	metric := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return d.metric(name, stat, unit).WithPeriod(time.Minute)
	}
	minutes := func(n int) cloudwatch.Window { return cloudwatch.Window{EvaluationPeriods: n} }
	alarms := []Alarm{
		{
			// A database that publishes nothing is not there.
			ID: "cpu-saturated", Severity: Critical, Profile: Recommended,
			When: metric("CPUUtilization", cloudwatch.Average, cloudwatch.Percent).Above(90), Window: minutes(5), Missing: cloudwatch.Breaching,
			FirstStep: "Look whether the database is available, then find the longest-running queries.",
			Section:   "rds-cpu-saturated",
		},
		d.fullSoon(),
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
			ID: "ebs-byte-balance-low", Severity: Warning, Profile: Recommended,
			When: metric("EBSByteBalance%", cloudwatch.Average, cloudwatch.Percent).Below(10), Window: minutes(3), Missing: cloudwatch.Missing,
			FirstStep: "The disk is about to get slow: look what reads and writes, and stop what can wait.",
			Section:   "rds-disk-burst-low",
		},
		{
			ID: "ebs-io-balance-low", Severity: Warning, Profile: Recommended,
			When: metric("EBSIOBalance%", cloudwatch.Average, cloudwatch.Percent).Below(10), Window: minutes(3), Missing: cloudwatch.Missing,
			FirstStep: "The disk is about to get slow: look what reads and writes, and stop what can wait.",
			Section:   "rds-disk-burst-low",
		},
	}
	if d.GP2 {
		alarms = append(alarms, Alarm{
			ID: "burst-balance-low", Severity: Warning, Profile: Recommended,
			When: metric("BurstBalance", cloudwatch.Average, cloudwatch.Percent).Below(20), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "The disk is about to get slow: stop what can wait, and change the storage to gp3.",
			Section:   "rds-disk-burst-low",
		})
	}
	if d.Engine == "" || d.Engine == "postgres" {
		alarms = append(alarms, Alarm{
			// At two billion PostgreSQL stops taking writes.
			ID: "transaction-ids-high", Severity: Critical, Profile: Recommended,
			When: metric("MaximumUsedTransactionIDs", cloudwatch.Average, cloudwatch.Count).Above(1e9), Window: minutes(1), Missing: cloudwatch.Missing,
			FirstStep: "Find the oldest transaction and end it, then let a vacuum run to its end.",
			Section:   "rds-transaction-ids-high",
		})
	}
	if d.Replica {
		alarms = append(alarms, Alarm{
			ID: "replica-lag-high", Severity: Warning, Profile: Recommended,
			When: metric("ReplicaLag", cloudwatch.Maximum, cloudwatch.Seconds).Above(60), Window: minutes(10), Missing: cloudwatch.Breaching,
			FirstStep: "Look at the CPU of the replica and at long queries on it; a replica that has stopped says so in its status.",
			Section:   "rds-replica-lag-high",
		})
	}
	return append(alarms, d.sized()...)
}

// fullSoon compares how many days the free storage lasts, at the speed of the last
// hours.
func (d RDS) fullSoon() Alarm {
	const period = 6 * time.Hour // four a day: the fourth part of a day's growth, without the noise of hours
	return Alarm{
		ID: "storage-full-soon", Severity: Warning, Profile: Recommended,
		When: cloudwatch.Math{
			// What does not shrink lasts for a very long time: a byte a period.
			Expression: "free / IF(DIFF(free) < 0, 0 - DIFF(free), 1) / 4", Label: "days until the storage is full",
			Using: map[string]cloudwatch.Metric{"free": d.metric("FreeStorageSpace", cloudwatch.Average, cloudwatch.Bytes).WithPeriod(period)},
		}.Below(float64(d.fullWithin())),
		Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Missing,
		FirstStep: "Find out what fills the disk, then remove it or raise the allocated storage.",
		Section:   "rds-storage-full-soon",
	}
}

// sized are the alarms whose thresholds depend on the class.
func (d RDS) sized() []Alarm {
	size, err := instance.Database(d.Class)
	engine := d.Engine
	if engine == "" {
		engine = "postgres"
	}
	return databaseAlarms(databaseMetrics{
		metric: func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
			return d.metric(name, stat, unit).WithPeriod(time.Minute)
		},
		size: size, known: err == nil, maxConnections: d.MaxConnections, engine: engine, performanceInsights: d.PerformanceInsights,
	})
}

// databaseMetrics is what the alarms depend on that instances of RDS and of Aurora
// have.
type databaseMetrics struct {
	metric              func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric
	size                instance.Size
	known               bool // whether there is a size
	maxConnections      float64
	engine              string
	performanceInsights bool
}

// databaseAlarms are the alarms whose thresholds depend on the size of an instance.
func databaseAlarms(d databaseMetrics) []Alarm {
	var alarms []Alarm
	most := d.maxConnections
	if most == 0 && d.known {
		most = d.size.MaxConnections(d.engine)
	}
	if most > 0 {
		alarms = append(alarms, Alarm{
			ID: "connections-high", Severity: Warning, Profile: Recommended,
			When:   d.metric("DatabaseConnections", cloudwatch.Average, cloudwatch.Count).Above(math.Floor(0.8 * most)),
			Window: cloudwatch.Window{EvaluationPeriods: 5}, Missing: cloudwatch.Breaching,
			FirstStep: "Look who holds the connections, and restart the service that does not give them back.",
			Section:   "rds-connections-high",
		})
	}
	if !d.known {
		return alarms
	}
	alarms = append(alarms, Alarm{
		ID: "memory-low", Severity: Warning, Profile: Recommended,
		When:   d.metric("FreeableMemory", cloudwatch.Average, cloudwatch.Bytes).Below(math.Floor(d.size.Memory / 20)),
		Window: cloudwatch.Window{EvaluationPeriods: 15}, Missing: cloudwatch.Breaching,
		FirstStep: "Look for many connections and large queries; a larger class helps when there are none.",
		Section:   "rds-memory-low",
	})
	if d.performanceInsights {
		alarms = append(alarms, Alarm{
			ID: "load-high", Severity: Warning, Profile: Recommended,
			When:   d.metric("DBLoad", cloudwatch.Average, cloudwatch.None).Above(d.size.VCPUs),
			Window: cloudwatch.Window{EvaluationPeriods: 15}, Missing: cloudwatch.Missing,
			FirstStep: "More sessions are at work than there are vCPUs: look in Performance Insights what they wait for.",
			Section:   "rds-load-high",
		})
	}
	if d.size.Bursts() {
		alarms = append(alarms, Alarm{
			ID: "cpu-credits-low", Severity: Warning, Profile: Recommended,
			When:   d.metric("CPUCreditBalance", cloudwatch.Average, cloudwatch.None).WithPeriod(5 * time.Minute).Below(math.Floor(d.size.MaxCredits() / 10)),
			Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
			FirstStep: "The database uses more CPU than its class is made for: find the queries, or take a class that does not burst.",
			Section:   "rds-cpu-credits-low",
		})
	}
	return alarms
}

func (d RDS) metric(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/RDS", Name: name, Stat: stat, Period: 5 * time.Minute, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: d.Instance}},
	}
}
