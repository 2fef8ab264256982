package kinds_test

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
)

const (
	certificate  = "arn:aws:acm:ap-southeast-2:000000000000:certificate/11111111-2222-3333-4444-555555555555"
	stateMachine = "arn:aws:states:ap-southeast-2:000000000000:stateMachine:shop-checkout"
	check        = "11111111-2222-3333-4444-555555555555"
)

var orders = cloudwatch.Metric{Namespace: "Shop", Name: "Orders", Stat: cloudwatch.Sum, Period: 5 * time.Minute, Unit: cloudwatch.Count}

var done = cloudwatch.Metric{Namespace: "Shop", Name: "BackupDone"}

// minimal are the kinds with what they cannot do without. What has everything is in
// coverage.Kinds.
var minimal = []monitoring.Resource{
	kinds.SQSQueue{Key: "orders", Name: "shop-orders"},
	kinds.LambdaFunction{Key: "invoice", Name: "shop-invoice"},
	kinds.DynamoDBTable{Key: "carts", Name: "shop-carts"},
	kinds.RESTAPI{Key: "rest", Name: "shop", Stage: "prod"},
	kinds.HTTPAPI{Key: "http", ID: "a1b2c3d4e5"},
	kinds.NLB{Key: "nlb", ARNSuffix: "net/shop/1", TargetGroups: map[string]string{"web": "targetgroup/web/2"}},
	kinds.CloudFront{Key: "site", DistributionID: "E1ABCDEFGHIJKL"},
	kinds.S3Bucket{Key: "uploads", Name: "shop-uploads", RequestMetrics: "EntireBucket"},
	kinds.EFS{Key: "media", FileSystem: "fs-0123456789abcdef0"},
	kinds.NATGateway{Key: "nat", ID: "nat-0123456789abcdef0"},
	kinds.SNSTopic{Key: "alarms", Name: "shop-critical"},
	kinds.Certificate{Key: "certificate", ARN: certificate},
	kinds.HealthCheck{Key: "outside", ID: check},
	kinds.AutoScalingGroup{Key: "workers", Name: "shop workers", MinInService: 2},
	kinds.StateMachine{Key: "checkout", ARN: stateMachine},
	kinds.ScheduleGroup{Key: "schedules"},
	kinds.KinesisStream{Key: "events", Name: "shop-events"},
	kinds.UserPool{Key: "customers", ID: "ap-southeast-2_AbCdEf123", Clients: map[string]string{"web": "1h57kf5cpq17m0eml12example"}},
	kinds.LogGroup{Key: "log", Name: "/ecs/shop/backend", ErrorPattern: "?ERROR ?Traceback"},
	kinds.ScheduledJob{Key: "backup", Done: done, Every: 24 * time.Hour},
	kinds.CustomMetric{
		Key: "sales", Of: orders, When: map[string]cloudwatch.Condition{"low": orders.Below(5)}, Missing: cloudwatch.Breaching,
		FirstStep: "Place an order.",
	},
}

// full are the kinds with everything that adds alarms.
var full = []monitoring.Resource{
	kinds.SQSQueue{
		Key: "orders", Name: "shop-orders.fifo", DeadLetterQueue: "shop-orders-dead.fifo", MaxAge: 10 * time.Minute,
		MaxWaiting: 1000, MaxInFlight: 500, AlwaysSent: true,
	},
	kinds.LambdaFunction{Key: "invoice", Name: "shop-invoice", Timeout: 30 * time.Second, Concurrency: 100, MaxIteratorAge: time.Minute},
	kinds.DynamoDBTable{
		Key: "carts", Name: "shop-carts", Indexes: map[string]string{"by-date": "ByDate"},
		MaxLatency: map[string]time.Duration{"GetItem": 20 * time.Millisecond, "Query": 50 * time.Millisecond},
		Replicas:   []string{"eu-west-1"}, ToKinesis: true,
	},
	kinds.RESTAPI{Key: "rest", Name: "shop", Stage: "prod", MinRequests: 10},
	kinds.HTTPAPI{Key: "http", ID: "a1b2c3d4e5", Stage: "prod", MinRequests: 10},
	kinds.NLB{Key: "nlb", ARNSuffix: "net/shop/1", TargetGroups: map[string]string{"web": "targetgroup/web/2", "mail": "targetgroup/mail/3"}},
	kinds.CloudFront{Key: "site", DistributionID: "E1ABCDEFGHIJKL", MaxOriginLatency: time.Second, Functions: map[string]string{"redirect": "shop_redirect"}},
	kinds.S3Bucket{
		Key: "uploads", Name: "shop-uploads", RequestMetrics: "EntireBucket",
		Replications: map[string]kinds.S3Replication{"backup": {Destination: "shop-backup", RuleID: "everything"}},
	},
	kinds.EFS{Key: "media", FileSystem: "fs-0123456789abcdef0"},
	kinds.NATGateway{Key: "nat", ID: "nat-0123456789abcdef0"},
	kinds.SNSTopic{Key: "alarms", Name: "shop-critical", DeadLetters: true, MinMessages: 1},
	kinds.Certificate{Key: "certificate", ARN: certificate},
	kinds.HealthCheck{Key: "outside", ID: check},
	kinds.AutoScalingGroup{Key: "workers", Name: "shop workers", MinInService: 2},
	kinds.StateMachine{Key: "checkout", ARN: stateMachine, MaxDuration: time.Minute},
	kinds.ScheduleGroup{Key: "schedules", Name: "nightly"},
	kinds.KinesisStream{Key: "events", Name: "shop-events", MaxIteratorAge: 10 * time.Minute, Consumers: map[string]string{"search": "shop-search"}},
	kinds.UserPool{
		Key: "customers", ID: "ap-southeast-2_AbCdEf123", Clients: map[string]string{"web": "1h57kf5cpq17m0eml12example"},
		IdentityProviders: map[string]string{"google": "Google"},
	},
	kinds.LogGroup{Key: "log", Name: "/ecs/shop/backend", ErrorPattern: `{ $.level = "error" }`, MaxErrors: 10, MaxSilence: time.Hour},
	kinds.ScheduledJob{
		Key: "backup", Done: done, Every: 24 * time.Hour, Grace: 2 * time.Hour, Severity: monitoring.Critical, FirstStep: "Start the backup by hand.",
	},
	kinds.CustomMetric{
		Key: "sales", Title: "Orders", Of: orders, Missing: cloudwatch.Breaching, Severity: monitoring.Critical,
		When: map[string]cloudwatch.Condition{
			"low":    orders.Below(5),
			"odd":    cloudwatch.Anomaly{Of: orders, Op: cloudwatch.BelowBand, Band: 3},
			"silent": cloudwatch.Heartbeat{Of: orders},
		},
		Window: cloudwatch.Window{EvaluationPeriods: 6, DatapointsToAlarm: 4}, FirstStep: "Place an order.", Section: "orders",
	},
}
