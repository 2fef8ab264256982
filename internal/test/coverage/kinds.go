package coverage

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
)

// Kinds are all kinds of resources that there are.
func Kinds() []Kind { return append(core(), others()...) }

// core are those of the package monitoring.
func core() []Kind {
	return []Kind{
		{
			Name:       "ECS service",
			Namespaces: []string{"AWS/ECS", "ECS/ContainerInsights"},
			Example: monitoring.ECSService{
				Key: "backend", Cluster: "shop", Service: "backend",
				ContainerInsights: true, ServiceConnect: true, MaxResponseTime: 1, Volume: true,
			},
			Exceptions: []Exception{
				{Metric: "AWS/ECS CPUReservation", Why: "clusters on EC2 only; the kind is a service on Fargate"},
				{Metric: "AWS/ECS MemoryReservation", Why: "clusters on EC2 only; the kind is a service on Fargate"},
				{Metric: "AWS/ECS CPUUtilization", Instead: "cpu-high", Why: "the same, but for missing data: that is `tasks-missing`, and sooner"},
				{Metric: "AWS/ECS MemoryUtilization", Instead: "memory-high", Why: "the same, but for missing data: that is `tasks-missing`, and sooner"},
				{Metric: "ECS/ContainerInsights RunningTaskCount", Instead: "tasks-missing", Why: "needs no Container Insights, is sooner and counts missing data as bad"},
				{Metric: "ECS/ContainerInsights EphemeralStorageUtilized", Instead: "ephemeral-storage-high", Why: "90 GB is more than a task has by default, so that the share is compared"},
				{Metric: "ECS/ContainerInsights TaskEphemeralStorageUtilization", By: "ClusterName,ServiceName", Instead: "ephemeral-storage-high", Why: "the same share, without enhanced Container Insights"},
				{Metric: "ECS/ContainerInsights TaskEphemeralStorageUtilization", By: "ClusterName", Why: "the average of a cluster hides a service; each has its own"},
				{Metric: "ECS/ContainerInsights TaskCpuUtilization", By: "ClusterName,ServiceName", Instead: "cpu-high", Why: "the same share, without enhanced Container Insights"},
				{Metric: "ECS/ContainerInsights TaskCpuUtilization", By: "ClusterName", Why: "the average of a cluster hides a service; each has its own"},
				{Metric: "ECS/ContainerInsights TaskMemoryUtilization", By: "ClusterName,ServiceName", Instead: "memory-high", Why: "the same share, without enhanced Container Insights"},
				{Metric: "ECS/ContainerInsights TaskMemoryUtilization", By: "ClusterName", Why: "the average of a cluster hides a service; each has its own"},
				{Metric: "ECS/ContainerInsights ContainerCpuUtilization", By: "ClusterName,ServiceName", Instead: "cpu-high", Why: "on Fargate what counts is the task, which has the CPU"},
				{Metric: "ECS/ContainerInsights ContainerCpuUtilization", By: "ClusterName", Why: "the average of a cluster hides a service; each has its own"},
				{Metric: "ECS/ContainerInsights ContainerMemoryUtilization", By: "ClusterName,ServiceName", Instead: "memory-high", Why: "on Fargate what counts is the task, which has the memory"},
				{Metric: "ECS/ContainerInsights ContainerMemoryUtilization", By: "ClusterName", Why: "the average of a cluster hides a service; each has its own"},
				{Metric: "ECS/ContainerInsights instance_filesystem_utilization", Why: "clusters on EC2 only; the kind is a service on Fargate"},
			},
		},
		{
			Name:       "Application load balancer",
			Namespaces: []string{"AWS/ApplicationELB"},
			Example: monitoring.ALB{
				Key: "alb", ARNSuffix: "app/shop/0000000000000000",
				TargetGroups: map[string]string{"backend": "targetgroup/shop/0000000000000000"},
			},
		},
		{
			Name:       "RDS instance",
			Namespaces: []string{"AWS/RDS"},
			Example: monitoring.RDS{
				Key: "postgres", Instance: "shop", Class: "db.t3.small", Replica: true, PerformanceInsights: true, GP2: true,
			},
			Exceptions: []Exception{
				{Metric: "AWS/RDS FreeStorageSpace", Instead: "storage-low", Why: "the same, but for missing data: a database that publishes nothing is `cpu-saturated`"},
			},
		},
		{
			Name:       "Aurora cluster",
			Namespaces: []string{"AWS/RDS"},
			Example: monitoring.Aurora{
				Key: "orders", Cluster: "orders", Instances: map[string]string{"one": "orders-1"}, Class: "db.t3.medium",
				Engine: "aurora-mysql", PerformanceInsights: true, BinlogReplica: true,
			},
			Exceptions: []Exception{
				{Metric: "AWS/RDS StorageNetworkThroughput", Instead: "read-latency-high", Why: "AWS publishes no limit to compare with; what it does to queries is noticed"},
			},
		},
		{
			Name:       "Redis and Valkey",
			Namespaces: []string{"AWS/ElastiCache"},
			Example: monitoring.Redis{
				Key: "redis", Nodes: map[string]string{"001": "shop-001", "002": "shop-002"}, NodeType: "cache.t3.small",
			},
		},
		{
			Name:    "Canary",
			Example: monitoring.Canary{Key: "api", Name: "shop-api", URL: "https://api.example.com/health", Every: 5 * time.Minute, Body: "true"},
		},
		{
			Name:       "Service level",
			Namespaces: []string{"AWS/ApplicationELB"},
			Example: monitoring.SLO{
				Key: "checkout-latency", Objective: 99.5, Of: monitoring.ALB{
					ARNSuffix: "app/shop/0000000000000000", TargetGroups: map[string]string{"checkout": "targetgroup/checkout/0000000000000000"},
				}.Latency("checkout", 500*time.Millisecond),
			},
		},
	}
}
