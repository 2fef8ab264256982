package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// Redis is an ElastiCache replication group. Metrics: Amazon ElastiCache user guide,
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
		hits.Lines = append(hits.Lines, Line{Resource: part, Of: hitRate.WithPeriod(time.Minute), Label: "hit rate"})
		load.Lines = append(load.Lines,
			Line{Resource: part, Of: cpu, Label: "engine CPU"},
			Line{Resource: part, Of: metric("CurrConnections", time.Minute, cloudwatch.Count), Label: "connections", Right: true},
		)
	}
	return Watch{Alarms: alarms, Panels: []Panel{hits, load}}
}
