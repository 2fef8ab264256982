package monitoring

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/instance"
	"github.com/ohmycoins/infra/constructs/shape"
)

// Redis is an ElastiCache replication group of Redis or Valkey. Metrics: Amazon ElastiCache user guide,
// "Metrics for Valkey and Redis OSS".
type Redis struct {
	// Key is the replication group's stable name: "redis".
	Key string
	// Nodes are the cache cluster ids of its nodes ("<group>-001"), each under a
	// stable name: the alarms of "001" in "redis" have the resource key
	// "redis-001". CloudWatch knows nodes, not replication groups.
	Nodes map[string]string
	// Standalone says that the nodes are in no replication group, so that their ids may
	// end in anything. Default: ids end in a number, "-001".
	Standalone bool
	// NodeType is the type of the nodes: "cache.t3.micro". Connections, the CPU of the host
	// and CPU credits are compared with what it has. Default: no alarms on the CPU of the
	// host and on credits, and the connections of a large node.
	NodeType string
	// MaxConnections is the most connections that a node is to have. Default: what the node
	// type takes, 20,000 to 65,000.
	MaxConnections float64
}

// ResourceKey implements [Resource].
func (r Redis) ResourceKey() string { return r.Key }

// Validate implements [Resource].
func (r Redis) Validate() error {
	var p Problems
	if len(r.Nodes) == 0 {
		p.Want("Nodes", Text("empty"), "at least one cache cluster id: CloudWatch has no metrics of replication groups")
	}
	for _, key := range slices.Sorted(maps.Keys(r.Nodes)) {
		field := fmt.Sprintf("Nodes[%q]", key)
		if !IsPart(key) {
			p.Want(field, key, "a key of a-z 0-9 -")
		}
		if r.Standalone {
			shape.CacheNodeName.Check(&p, field, r.Nodes[key])
		} else {
			shape.GroupNodeName.Check(&p, field, r.Nodes[key])
		}
	}
	if _, err := instance.Cache(r.NodeType); r.NodeType != "" && err != nil {
		p.Want("NodeType", r.NodeType, "%s", err)
	}
	shape.CheckKnown(&p, "MaxConnections", r.MaxConnections, fmt.Sprintf("at most %.0f connections, or 0 for that many", r.connections()))
	if r.MaxConnections > r.connections() {
		p.Want("MaxConnections", r.MaxConnections, "at most %.0f connections, or 0 for that many: a node takes no more", r.connections())
	}
	return p.Err()
}

// Watch implements [Resource].
func (r Redis) Watch() Watch {
	var alarms []Alarm
	// A low hit rate is bad and so is a high CPU: two panels, because two thresholds at
	// 70 with opposite meanings cannot be told apart in one.
	hits := Panel{ID: "redis-hit-rate", Title: "Redis: hit rate", Width: 6}
	load := Panel{ID: "redis-load", Title: "Redis: engine CPU and connections", Width: 6}
	for _, key := range slices.Sorted(maps.Keys(r.Nodes)) {
		part := r.Key + "-" + key
		metric := func(name string, period time.Duration, unit cloudwatch.Unit) cloudwatch.Metric {
			return cloudwatch.Metric{
				Namespace: "AWS/ElastiCache", Name: name, Stat: cloudwatch.Average, Period: period, Unit: unit,
				Dimensions: []cloudwatch.Dimension{{Name: "CacheClusterId", Value: r.Nodes[key]}},
			}
		}
		hitRate := metric("CacheHitRate", 5*time.Minute, cloudwatch.Percent)
		cpu := metric("EngineCPUUtilization", time.Minute, cloudwatch.Percent)
		alarms = append(alarms,
			Alarm{
				Resource: part, ID: "hit-rate-low", Severity: Warning,
				When: hitRate.Below(70), Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Missing,
				FirstStep: "Look for evictions and for a change of keys in the last deployment.",
				Section:   "redis-hit-rate-low",
			},
			Alarm{
				Resource: part, ID: "cpu-high", Severity: Warning,
				When: cpu.Above(70), Window: cloudwatch.Window{EvaluationPeriods: 5}, Missing: cloudwatch.Missing,
				FirstStep: "Find slow commands with SLOWLOG; on a node with one or two vCPUs look at CPUUtilization too.",
				Section:   "redis-cpu-high",
			},
		)
		alarms = append(alarms, r.recommended(part, r.Nodes[key])...)
		hits.Lines = append(hits.Lines, Line{Resource: part, Of: hitRate.WithPeriod(time.Minute), Label: "hit rate"})
		load.Lines = append(load.Lines,
			Line{Resource: part, Of: cpu, Label: "engine CPU"},
			Line{Resource: part, Of: metric("CurrConnections", time.Minute, cloudwatch.Count), Label: "connections", Right: true},
		)
	}
	return Watch{Alarms: alarms, Panels: append([]Panel{hits, load}, r.graphs(alarms)...)}
}

// graphs are what the alarms beyond the essential ones look at.
func (r Redis) graphs(alarms []Alarm) []Panel {
	panel := func(id, title string, width int) Panel {
		return Panel{ID: "redis-" + id, Title: "Redis: " + title, Profile: Recommended, Width: width}
	}
	swap := panel("connections", "connections and swap", 6)
	swap.Right = Axis{Label: "MiB", DivideBy: 1 << 20}
	return slices.Concat(
		Graph(panel("memory", "memory and evictions", 6), alarms, "memory-high", "evictions-high"),
		Graph(swap, alarms, "connections-high", "swap-high"),
		Graph(panel("host", "CPU of the host and CPU credits", 8), alarms, "host-cpu-high", "cpu-credits-low"),
		Graph(panel("replication", "replication lag, and changes of the role", 8), alarms, "replication-lag-high", "failover"),
		Graph(panel("authentication", "failed log-ins", 8), alarms, "authentication-failures"),
	)
}

// connections are the most that a node takes.
func (r Redis) connections() float64 {
	if size, err := instance.Cache(r.NodeType); err == nil {
		return size.Connections
	}
	return instance.CacheConnections
}

// recommended are the alarms of a node beyond the essential ones.
func (r Redis) recommended(part, node string) []Alarm {
	engine := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "AWS/ElastiCache", Name: name, Stat: stat, Period: time.Minute, Unit: unit,
			Dimensions: []cloudwatch.Dimension{{Name: "CacheClusterId", Value: node}},
		}
	}
	// Metrics of the host have the number of the node too, which is always the same.
	host := func(name string, unit cloudwatch.Unit) cloudwatch.Metric {
		m := engine(name, cloudwatch.Average, unit)
		m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: "CacheNodeId", Value: "0001"})
		return m
	}
	minutes := func(n int) cloudwatch.Window { return cloudwatch.Window{EvaluationPeriods: n} }
	most := r.MaxConnections
	if most == 0 {
		most = r.connections()
	}
	alarms := []Alarm{
		{
			// A node that is gone has no metrics, and so sets off none of the others.
			ID: "node-missing", Severity: Critical,
			When: cloudwatch.Heartbeat{Of: engine("EngineCPUUtilization", cloudwatch.Average, cloudwatch.Percent)}, Window: minutes(5),
			FirstStep: "Look at the state of the replication group and at its events: ElastiCache replaces a node by itself, and says so there.",
			Section:   "redis-node-missing",
		},
		{
			ID: "memory-high", Severity: Warning,
			When: engine("DatabaseMemoryUsagePercentage", cloudwatch.Average, cloudwatch.Percent).Above(80), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "Look for keys without a lifetime; then take larger nodes.",
			Section:   "redis-memory-high",
		},
		{
			ID: "evictions-high", Severity: Warning,
			When:   engine("Evictions", cloudwatch.Sum, cloudwatch.Count).WithPeriod(5 * time.Minute).Above(100),
			Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
			FirstStep: "Redis throws keys away because its memory is full: look at the memory, then take larger nodes.",
			Section:   "redis-evictions-high",
		},
		{
			ID: "connections-high", Severity: Warning,
			When: host("CurrConnections", cloudwatch.Count).Above(math.Floor(0.8 * most)), Window: minutes(10), Missing: cloudwatch.Missing,
			FirstStep: "Look who holds the connections, and restart the service that does not give them back.",
			Section:   "redis-connections-high",
		},
		{
			// More than 50 MiB on disk: ElastiCache user guide, "Which metrics should I monitor?".
			ID: "swap-high", Severity: Warning,
			When: host("SwapUsage", cloudwatch.Bytes).Above(50 << 20), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "Look at the memory: keep a larger part of it free for Redis itself, or take larger nodes.",
			Section:   "redis-swap-high",
		},
		{
			ID: "authentication-failures", Severity: Warning,
			When:   engine("AuthenticationFailures", cloudwatch.Sum, cloudwatch.Count).WithPeriod(5 * time.Minute).Above(10),
			Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
			FirstStep: "Find out who tries to log in: a service with an old password, or somebody who should not.",
			Section:   "redis-authentication-failures",
		},
	}
	if len(r.Nodes) > 1 {
		// Only replicas publish it, and any node can become one.
		alarms = append(alarms, Alarm{
			ID: "replication-lag-high", Severity: Warning,
			When: engine("ReplicationLag", cloudwatch.Average, cloudwatch.Seconds).Above(2), Window: minutes(15), Missing: cloudwatch.Missing,
			FirstStep: "Reads from this node are old, and a failover would lose writes: look for a burst of writes.",
			Section:   "redis-replication-lag-high",
		}, Alarm{
			// 1 for the primary, 0 for a replica. EventBridge tells nothing of failovers that
			// ElastiCache makes by itself.
			ID: "failover", Severity: Warning,
			When: cloudwatch.Math{
				Expression: "ABS(DIFF(primary))",
				Using:      map[string]cloudwatch.Metric{"primary": engine("IsMaster", cloudwatch.Maximum, cloudwatch.Count)},
				Unit:       cloudwatch.Count, Label: "change of the role",
			}.Above(0),
			Window: minutes(1), Missing: cloudwatch.NotBreaching,
			FirstStep: "A replica has become the primary, or the other way round: look whether the application has reconnected.",
			Section:   "redis-failover",
		})
	}
	if size, err := instance.Cache(r.NodeType); err == nil {
		// Redis works on one vCPU: on hosts with few the others have to be free for it.
		limit := 90.0
		if size.VCPUs <= 2 {
			limit /= size.VCPUs
		}
		alarms = append(alarms, Alarm{
			ID: "host-cpu-high", Severity: Warning,
			When: host("CPUUtilization", cloudwatch.Percent).Above(limit), Window: minutes(5), Missing: cloudwatch.Missing,
			FirstStep: "Compare with the CPU of the engine: if that is low, a backup, a sync or many new connections use the host.",
			Section:   "redis-host-cpu-high",
		})
		if size.Bursts() {
			alarms = append(alarms, Alarm{
				ID: "cpu-credits-low", Severity: Warning,
				When:   host("CPUCreditBalance", cloudwatch.None).WithPeriod(5 * time.Minute).Below(math.Floor(size.MaxCredits() / 10)),
				Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
				FirstStep: "The node uses more CPU than its type is made for: find slow commands, or take a type that does not burst.",
				Section:   "redis-cpu-credits-low",
			})
		}
	}
	for i := range alarms {
		alarms[i].Resource, alarms[i].Profile = part, Recommended
	}
	return alarms
}
