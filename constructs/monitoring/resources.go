package monitoring

import (
	"fmt"

	"github.com/ohmycoins/infra/internal/problems"
)

// Resource is something that is watched: [ECSService], [ALB], [RDS] or [Redis].
type Resource interface {
	// key is the resource's stable name; keys lists it and those of its parts.
	key() string
	keys() []string
	validate(p *fieldProblems)
	alarms() []Alarm
	panels() []panel
}

// series is where the metrics of one thing are found in CloudWatch.
type series struct {
	key        string
	namespace  string
	dimensions dimensions
}

type dimensions []dimension

type dimension struct{ name, value string }

func (d dimensions) asMap() map[string]string {
	m := make(map[string]string, len(d))
	for _, dim := range d {
		m[dim.name] = dim.value
	}
	return m
}

// ECSService is an ECS service on Fargate.
type ECSService struct {
	// Key is the service's stable name, part of alarm names and Terraform
	// addresses: "backend".
	Key string
	// Cluster and Service are the names of the cluster and the service.
	Cluster, Service string
	// ContainerInsights says that the cluster publishes task counts, which the
	// dashboard then shows. Default: false.
	ContainerInsights bool
}

func (s ECSService) key() string    { return s.Key }
func (s ECSService) keys() []string { return []string{s.Key} }

func (s ECSService) validate(p *fieldProblems) {
	p.wantSet("Cluster", s.Cluster, "the name of the ECS cluster")
	p.wantSet("Service", s.Service, "the name of the ECS service")
}

func (s ECSService) in(namespace string) series {
	return series{s.Key, namespace, dimensions{{"ClusterName", s.Cluster}, {"ServiceName", s.Service}}}
}

func (s ECSService) alarms() []Alarm {
	return s.in("AWS/ECS").alarms("ecs",
		row{"cpu-high", Warning, "CPUUtilization", "Average", above, 80, 60, 5, missing, "Compare with request count and recent deployments, then add tasks or roll back."},
		row{"memory-high", Warning, "MemoryUtilization", "Average", above, 80, 60, 5, missing, "Look for a leak since the last deployment, then restart tasks or raise the memory."},
	)
}

func (s ECSService) panels() []panel {
	ecs, insights := s.in("AWS/ECS"), s.in("ECS/ContainerInsights")
	tasks := panel{widget: taskCounts, lines: []line{
		insights.line("DesiredTaskCount", "Average", "desired"),
		insights.line("RunningTaskCount", "Average", "running"),
	}}
	if !s.ContainerInsights {
		tasks = panel{widget: taskCounts, note: fmt.Sprintf(
			"No task counts for **%s**: Container Insights is off in cluster `%s`.", s.Key, s.Cluster)}
	}
	return []panel{
		{widget: ecsUtilization, lines: []line{
			ecs.line("CPUUtilization", "Average", "CPU"),
			ecs.line("MemoryUtilization", "Average", "memory"),
		}},
		tasks,
	}
}

// ALB is an application load balancer and its target groups.
type ALB struct {
	// Key is the load balancer's stable name: "alb".
	Key string
	// ARNSuffix is the end of its ARN, as CloudWatch wants it: "app/<name>/<id>".
	ARNSuffix string
	// TargetGroups are the ARN suffixes of its target groups
	// ("targetgroup/<name>/<id>"), each under a stable name: the alarms of
	// "backend" in "alb" have the resource key "alb-backend". Default: none.
	TargetGroups map[string]string
}

func (b ALB) key() string    { return b.Key }
func (b ALB) keys() []string { return append([]string{b.Key}, partKeys(b.Key, b.TargetGroups)...) }

func (b ALB) validate(p *fieldProblems) {
	p.wantPrefix("ARNSuffix", b.ARNSuffix, "app/", `the end of the load balancer's ARN ("app/<name>/<id>")`)
	for _, key := range problems.SortedKeys(b.TargetGroups) {
		field := fmt.Sprintf("TargetGroups[%q]", key)
		p.wantPart(field, key)
		p.wantPrefix(field, b.TargetGroups[key], "targetgroup/", `the end of the target group's ARN ("targetgroup/<name>/<id>")`)
		if b.ARNSuffix == "" {
			p.Want(field, b.TargetGroups[key], "its load balancer's ARNSuffix too: CloudWatch needs both dimensions")
		}
	}
}

func (b ALB) series() series {
	return series{b.Key, "AWS/ApplicationELB", dimensions{{"LoadBalancer", b.ARNSuffix}}}
}

func (b ALB) alarms() []Alarm {
	alarms := b.series().alarms("alb",
		row{"5xx-high", Critical, "HTTPCode_Target_5XX_Count", "Sum", above, 10, 300, 1, notBreaching, "Read the backend's error logs, and roll back when they start with a deployment."},
	)
	for _, key := range problems.SortedKeys(b.TargetGroups) {
		group := series{partKey(b.Key, key), "AWS/ApplicationELB", dimensions{{"LoadBalancer", b.ARNSuffix}, {"TargetGroup", b.TargetGroups[key]}}}
		alarms = append(alarms, group.alarms("alb",
			row{"unhealthy-targets", Critical, "UnHealthyHostCount", "Maximum", above, 0, 60, 3, missing, "Read why the target fails its health check, then the last log lines of its task."},
		)...)
	}
	return alarms
}

func (b ALB) panels() []panel {
	alb := b.series()
	return []panel{
		{widget: responseTime, lines: []line{
			alb.line("TargetResponseTime", "Average", "average"),
			alb.line("TargetResponseTime", "p95", "p95"),
			alb.line("TargetResponseTime", "p99", "p99"),
		}},
		{widget: statusCodes, lines: []line{
			alb.line("HTTPCode_Target_2XX_Count", "Sum", "2xx"),
			alb.line("HTTPCode_Target_4XX_Count", "Sum", "4xx"),
			alb.line("HTTPCode_Target_5XX_Count", "Sum", "5xx"),
		}},
	}
}

// RDS is a database instance.
type RDS struct {
	// Key is the database's stable name: "postgres".
	Key string
	// Instance is the DB instance identifier, not the resource id ("db-…"), which
	// CloudWatch does not know.
	Instance string
}

func (d RDS) key() string    { return d.Key }
func (d RDS) keys() []string { return []string{d.Key} }

func (d RDS) validate(p *fieldProblems) {
	p.wantSet("Instance", d.Instance, "the DB instance identifier")
}

func (d RDS) series() series {
	return series{d.Key, "AWS/RDS", dimensions{{"DBInstanceIdentifier", d.Instance}}}
}

func (d RDS) alarms() []Alarm {
	return d.series().alarms("rds",
		row{"cpu-high", Warning, "CPUUtilization", "Average", above, 80, 300, 2, missing, "Find the longest-running queries, and end the one that is stuck."},
		row{"storage-low", Critical, "FreeStorageSpace", "Minimum", below, 10 * GiB, 300, 1, missing, "Raise the allocated storage now: a full disk stops the database."},
	)
}

func (d RDS) panels() []panel {
	db := d.series()
	return []panel{
		{widget: databaseLoad, lines: []line{
			db.line("CPUUtilization", "Average", "CPU"),
			db.line("DatabaseConnections", "Average", "connections").onRight(),
		}},
		{widget: databaseStorage, lines: []line{
			db.line("FreeStorageSpace", "Minimum", "free"),
		}},
	}
}

// Redis is an ElastiCache replication group.
type Redis struct {
	// Key is the replication group's stable name: "redis".
	Key string
	// Nodes are the cache cluster ids of its nodes ("<group>-001"), each under a
	// stable name: the alarms of "001" in "redis" have the resource key
	// "redis-001". CloudWatch knows nodes, not replication groups.
	Nodes map[string]string
}

func (r Redis) key() string    { return r.Key }
func (r Redis) keys() []string { return partKeys(r.Key, r.Nodes) }

func (r Redis) validate(p *fieldProblems) {
	if len(r.Nodes) == 0 {
		p.Want("Nodes", problems.Text("empty"), "at least one cache cluster id: CloudWatch has no metrics of replication groups")
	}
	for _, key := range problems.SortedKeys(r.Nodes) {
		field := fmt.Sprintf("Nodes[%q]", key)
		p.wantPart(field, key)
		p.wantSet(field, r.Nodes[key], "a cache cluster id")
	}
}

func (r Redis) node(key string) series {
	return series{partKey(r.Key, key), "AWS/ElastiCache", dimensions{{"CacheClusterId", r.Nodes[key]}}}
}

func (r Redis) alarms() []Alarm {
	var alarms []Alarm
	for _, key := range problems.SortedKeys(r.Nodes) {
		alarms = append(alarms, r.node(key).alarms("redis",
			row{"hit-rate-low", Warning, "CacheHitRate", "Average", below, 70, 300, 2, missing, "Look for evictions and for a change of keys in the last deployment."},
			row{"cpu-high", Warning, "EngineCPUUtilization", "Average", above, 70, 60, 5, missing, "Find slow commands with SLOWLOG; on a node with one or two vCPUs look at CPUUtilization too."},
		)...)
	}
	return alarms
}

func (r Redis) panels() []panel {
	var panels []panel
	for _, key := range problems.SortedKeys(r.Nodes) {
		node := r.node(key)
		panels = append(panels, panel{widget: cache, lines: []line{
			node.line("CacheHitRate", "Average", "hit rate"),
			node.line("EngineCPUUtilization", "Average", "engine CPU"),
			node.line("CurrConnections", "Average", "connections").onRight(),
		}})
	}
	return panels
}

// partKey names a part of a resource: the node "001" of "redis" is "redis-001".
func partKey(key, part string) string { return key + "-" + part }

func partKeys(key string, parts map[string]string) []string {
	var keys []string
	for _, part := range problems.SortedKeys(parts) {
		keys = append(keys, partKey(key, part))
	}
	return keys
}
