package coverage

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

var (
	orders = cloudwatch.Metric{Namespace: "Shop", Name: "Orders", Stat: cloudwatch.Sum, Period: 5 * time.Minute, Unit: cloudwatch.Count}
	done   = cloudwatch.Metric{Namespace: "Shop", Name: "BackupDone"}
)

// Reasons that several exceptions have.
const (
	alwaysIgnored   = "the same, but for missing data: CloudWatch ignores it for DynamoDB, whatever an alarm says"
	ofTheAccount    = "is of the account as a whole, which no table can mend"
	detailedMetrics = "metrics of single methods have to be switched on and cost extra; the stage is watched as a whole"
	webSocket       = "WebSocket APIs only, which are no kind"
	textMessages    = "text messages are counted for the account and by country; those of a topic are not told apart"
	byGroup         = "the same for all instances of the group, because instances come and go"
	ofSchedules     = "the same for a group of schedules, by which AWS publishes"
)

// others are those of the package kinds.
func others() []Kind {
	return []Kind{
		{
			Name:       "SQS queue",
			Namespaces: []string{"AWS/SQS"},
			Example: kinds.SQSQueue{
				Key: "queue", Name: "shop-orders.fifo", DeadLetterQueue: "shop-orders-dead.fifo", MaxAge: 10 * time.Minute,
				MaxWaiting: 1000, MaxInFlight: 500, AlwaysSent: true,
			},
		},
		{
			Name:       "Lambda function",
			Namespaces: []string{"AWS/Lambda"},
			Example:    kinds.LambdaFunction{Key: "invoice", Name: "shop-invoice", Timeout: 30 * time.Second, Concurrency: 100, MaxIteratorAge: time.Minute},
			Exceptions: []Exception{
				{Metric: "AWS/Lambda ClaimedAccountConcurrency", Instead: "concurrency-high", Why: "is of the account, not of a function; `concurrency-high` is closer to the cause"},
			},
		},
		{
			Name:       "DynamoDB table",
			Namespaces: []string{"AWS/DynamoDB"},
			Example: kinds.DynamoDBTable{
				Key: "carts", Name: "shop-carts", Indexes: map[string]string{"by-date": "ByDate"},
				MaxLatency: map[string]time.Duration{"GetItem": 20 * time.Millisecond, "Query": 50 * time.Millisecond},
				Replicas:   []string{"eu-west-1"}, ToKinesis: true,
			},
			Exceptions: []Exception{
				{Metric: "AWS/DynamoDB ReadThrottleEvents", Instead: "reads-throttled", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB WriteThrottleEvents", Instead: "writes-throttled", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB SystemErrors", Instead: "system-errors", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB SuccessfulRequestLatency", Instead: "getitem-slow", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB ReplicationLatency", Instead: "replication-late-eu-west-1", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB FailedToReplicateRecordCount", Instead: "changes-lost", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB AgeOfOldestUnreplicatedRecord", Instead: "changes-late", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB ThrottledPutRecordCount", Instead: "changes-throttled", Why: alwaysIgnored},
				{Metric: "AWS/DynamoDB AccountProvisionedReadCapacityUtilization", Why: ofTheAccount},
				{Metric: "AWS/DynamoDB AccountProvisionedWriteCapacityUtilization", Why: ofTheAccount},
				{Metric: "AWS/DynamoDB UserErrors", Why: ofTheAccount},
			},
		},
		{
			Name:       "API Gateway, REST API",
			Namespaces: []string{"AWS/ApiGateway"},
			Example:    kinds.RESTAPI{Key: "rest", Name: "shop", Stage: "prod", MinRequests: 10},
			Exceptions: []Exception{
				{Metric: "AWS/ApiGateway Count", By: "ApiName,Stage,Resource,Method", Instead: "requests-low", Why: detailedMetrics},
				{Metric: "AWS/ApiGateway Latency", By: "ApiName,Stage,Resource,Method", Instead: "latency-high", Why: detailedMetrics},
			},
		},
		{
			Name:       "API Gateway, HTTP API",
			Namespaces: []string{"AWS/ApiGateway"},
			Example:    kinds.HTTPAPI{Key: "http", ID: "a1b2c3d4e5", Stage: "prod", MinRequests: 10},
			Exceptions: []Exception{
				{Metric: "AWS/ApiGateway Count", By: "ApiId,Stage,Resource,Method", Instead: "requests-low", Why: detailedMetrics},
				{Metric: "AWS/ApiGateway Latency", By: "ApiId,Stage,Resource,Method", Instead: "latency-high", Why: detailedMetrics},
				{Metric: "AWS/ApiGateway IntegrationLatency", By: "ApiId,Stage,Route", Instead: "integration-slow", Why: detailedMetrics},
				{Metric: "AWS/ApiGateway ClientError", Why: webSocket},
				{Metric: "AWS/ApiGateway ExecutionError", Why: webSocket},
				{Metric: "AWS/ApiGateway MessageCount", Why: webSocket},
			},
		},
		{
			Name:       "Network load balancer",
			Namespaces: []string{"AWS/NetworkELB"},
			Example:    kinds.NLB{Key: "nlb", ARNSuffix: "net/shop/1", TargetGroups: map[string]string{"web": "targetgroup/web/2", "mail": "targetgroup/mail/3"}},
		},
		{
			Name:       "CloudFront distribution",
			Namespaces: []string{"AWS/CloudFront"},
			Example:    kinds.CloudFront{Key: "site", DistributionID: "E1ABCDEFGHIJKL", MaxOriginLatency: time.Second, Functions: map[string]string{"redirect": "shop_redirect"}},
		},
		{
			Name:       "S3 bucket",
			Namespaces: []string{"AWS/S3"},
			Example: kinds.S3Bucket{
				Key: "uploads", Name: "shop-uploads", RequestMetrics: "EntireBucket",
				Replications: map[string]kinds.S3Replication{"backup": {Destination: "shop-backup", RuleID: "everything"}},
			},
		},
		{
			Name:       "EFS file system",
			Namespaces: []string{"AWS/EFS"},
			Example:    kinds.EFS{Key: "media", FileSystem: "fs-0123456789abcdef0"},
		},
		{
			Name:       "NAT gateway",
			Namespaces: []string{"AWS/NATGateway"},
			Example:    kinds.NATGateway{Key: "nat", ID: "nat-0123456789abcdef0"},
		},
		{
			Name:       "SNS topic",
			Namespaces: []string{"AWS/SNS"},
			Example:    kinds.SNSTopic{Key: "alarms", Name: "shop-critical", DeadLetters: true, MinMessages: 1},
			Exceptions: []Exception{
				{Metric: "AWS/SNS SMSMonthToDateSpentUSD", Why: textMessages},
				{Metric: "AWS/SNS SMSSuccessRate", Why: textMessages},
			},
		},
		{
			Name:       "ACM certificate",
			Namespaces: []string{"AWS/CertificateManager"},
			Example:    kinds.Certificate{Key: "certificate", ARN: certificate},
		},
		{
			Name:       "Route 53 health check",
			Namespaces: []string{"AWS/Route53"},
			Example:    kinds.HealthCheck{Key: "outside", ID: check},
		},
		{
			Name:       "EC2 Auto Scaling group",
			Namespaces: []string{"AWS/AutoScaling", "AWS/EC2"},
			Example:    kinds.AutoScalingGroup{Key: "workers", Name: "shop workers", MinInService: 2},
			Exceptions: []Exception{
				{Metric: "AWS/EC2 CPUUtilization", Instead: "cpu-high", Why: byGroup},
				{Metric: "AWS/EC2 StatusCheckFailed", Instead: "status-check-failed", Why: byGroup},
				{Metric: "AWS/EC2 StatusCheckFailed_AttachedEBS", Instead: "volume-check-failed", Why: byGroup},
			},
		},
		{
			Name:       "Step Functions state machine",
			Namespaces: []string{"AWS/States"},
			Example:    kinds.StateMachine{Key: "checkout", ARN: stateMachine, MaxDuration: time.Minute},
		},
		{
			Name:       "EventBridge Scheduler group",
			Namespaces: []string{"AWS/Scheduler"},
			Example:    kinds.ScheduleGroup{Key: "schedules", Name: "nightly"},
			Exceptions: []Exception{
				{Metric: "AWS/Scheduler InvocationDroppedCount", Instead: "invocations-dropped", Why: ofSchedules},
				{Metric: "AWS/Scheduler InvocationThrottleCount", Instead: "invocations-throttled", Why: ofSchedules},
				{Metric: "AWS/Scheduler InvocationsFailedToBeSentToDeadLetterCount", Instead: "dead-letters-lost", Why: ofSchedules},
				{Metric: "AWS/Scheduler TargetErrorThrottledCount", Instead: "target-throttled", Why: ofSchedules},
			},
		},
		{
			Name:       "Kinesis data stream",
			Namespaces: []string{"AWS/Kinesis"},
			Example:    kinds.KinesisStream{Key: "events", Name: "shop-events", MaxIteratorAge: 10 * time.Minute, Consumers: map[string]string{"search": "shop-search"}},
		},
		{
			Name:       "Cognito user pool",
			Namespaces: []string{"AWS/Cognito"},
			Example: kinds.UserPool{
				Key: "customers", ID: "ap-southeast-2_AbCdEf123", Clients: map[string]string{"web": "1h57kf5cpq17m0eml12example"},
				IdentityProviders: map[string]string{"google": "Google"},
			},
		},
		{
			Name:       "Log group",
			Namespaces: []string{"AWS/Logs"},
			Example:    kinds.LogGroup{Key: "log", Name: "/ecs/shop/backend", ErrorPattern: `{ $.level = "error" }`, MaxErrors: 10, MaxSilence: time.Hour},
		},
		{
			Name: "Scheduled job",
			Example: kinds.ScheduledJob{
				Key: "backup", Done: done, Every: 24 * time.Hour, Grace: 2 * time.Hour, Severity: monitoring.Critical, FirstStep: "Start the backup by hand.",
			},
		},
		{
			Name: "Custom metric",
			Example: kinds.CustomMetric{
				Key: "sales", Title: "Orders", Of: orders, Missing: cloudwatch.Breaching, Severity: monitoring.Critical,
				When: map[string]cloudwatch.Condition{
					"low":    orders.Below(5),
					"odd":    cloudwatch.Anomaly{Of: orders, Op: cloudwatch.BelowBand, Band: 3},
					"silent": cloudwatch.Heartbeat{Of: orders},
				},
				Window: cloudwatch.Window{EvaluationPeriods: 6, DatapointsToAlarm: 4}, FirstStep: "Place an order.", Section: "orders",
			},
		},
	}
}
