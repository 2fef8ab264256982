package kinds_test

import (
	"reflect"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/internal/test/coverage"
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
	kinds.SQSQueue{Key: "queue", Name: "shop-orders"},
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
var full = func() []monitoring.Resource {
	var list []monitoring.Resource
	for _, kind := range coverage.Kinds() {
		if reflect.TypeOf(kind.Example).PkgPath() == reflect.TypeFor[kinds.SQSQueue]().PkgPath() {
			list = append(list, kind.Example)
		}
	}
	return list
}()
