package kinds_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/test/coverage"
)

// look are the commands that show more of a resource, for its sections in a runbook.
var look = map[string][]string{
	"ECSService": {
		`aws ecs describe-services --cluster "$CLUSTER" --services "$SERVICE" --query "services[].[deployments[].serviceConnectConfiguration,events[:5].message]"`,
	},
	"RDS": {
		`aws rds describe-db-instances --db-instance-identifier "$REPLICA" --query "DBInstances[].[DBInstanceStatus,StatusInfos,ReadReplicaSourceDBInstanceIdentifier]"`,
	},
	"Aurora": {
		`aws rds describe-db-clusters --db-cluster-identifier "$CLUSTER" --query "DBClusters[].[Status,DBClusterMembers[].[DBInstanceIdentifier,IsClusterWriter]]"`,
		`aws rds describe-events --source-type db-cluster --source-identifier "$CLUSTER" --duration 180`,
	},
	"SQSQueue": {
		`aws sqs get-queue-attributes --queue-url "$QUEUE_URL" --attribute-names All`,
		`aws sqs receive-message --queue-url "$DEAD_LETTERS_URL" --visibility-timeout 0 --attribute-names All`,
		`aws sqs start-message-move-task --source-arn "$DEAD_LETTERS_ARN"`,
	},
	"LambdaFunction": {
		`aws lambda get-function-configuration --function-name "$FUNCTION" --query "[LastModified,State,Timeout,MemorySize]"`,
		`aws logs filter-log-events --log-group-name "/aws/lambda/$FUNCTION" --filter-pattern "?ERROR ?Exception ?\"timed out\"" --max-items 20`,
		`aws lambda get-account-settings --query "AccountLimit"`,
	},
	"DynamoDBTable": {
		`aws dynamodb describe-table --table-name "$TABLE" --query "Table.[BillingModeSummary,ProvisionedThroughput,Replicas]"`,
		`aws dynamodb describe-kinesis-streaming-destination --table-name "$TABLE"`,
	},
	"RESTAPI": {
		`aws apigateway get-stage --rest-api-id "$API" --stage-name "$STAGE" --query "[deploymentId,lastUpdatedDate,accessLogSettings]"`,
		`aws apigateway get-deployments --rest-api-id "$API" --limit 5`,
	},
	"HTTPAPI": {
		`aws apigatewayv2 get-stage --api-id "$API" --stage-name "$STAGE"`,
		`aws apigatewayv2 get-integrations --api-id "$API" --query "Items[].[IntegrationUri,TimeoutInMillis]"`,
	},
	"NLB": {
		`aws elbv2 describe-target-health --target-group-arn "$TARGET_GROUP_ARN" --query "TargetHealthDescriptions[].[Target.Id,TargetHealth]"`,
	},
	"CloudFront": {
		`aws cloudfront get-distribution --id "$DISTRIBUTION" --query "Distribution.[Status,LastModifiedTime,DistributionConfig.Origins.Items[].DomainName]"`,
		`aws cloudfront describe-function --name "$FUNCTION" --stage LIVE`,
	},
	"S3Bucket": {
		`aws s3api get-bucket-metrics-configuration --bucket "$BUCKET" --id EntireBucket`,
		`aws s3api get-bucket-replication --bucket "$BUCKET"`,
	},
	"EFS": {
		`aws efs describe-file-systems --file-system-id "$FILE_SYSTEM" --query "FileSystems[].[ThroughputMode,PerformanceMode,SizeInBytes]"`,
		`aws efs update-file-system --file-system-id "$FILE_SYSTEM" --throughput-mode elastic`,
	},
	"NATGateway": {
		`aws ec2 describe-nat-gateways --nat-gateway-ids "$NAT_GATEWAY" --query "NatGateways[].[State,FailureMessage,NatGatewayAddresses]"`,
	},
	"SNSTopic": {
		`aws sns list-subscriptions-by-topic --topic-arn "$TOPIC_ARN" --query "Subscriptions[].[Protocol,Endpoint,SubscriptionArn]"`,
		`aws sns get-topic-attributes --topic-arn "$TOPIC_ARN"`,
	},
	"Certificate": {
		`aws acm describe-certificate --certificate-arn "$CERTIFICATE_ARN" --query "Certificate.[Status,NotAfter,Type,RenewalSummary,DomainValidationOptions]"`,
	},
	"HealthCheck": {
		`aws route53 get-health-check-status --health-check-id "$HEALTH_CHECK" --query "HealthCheckObservations[].[Region,StatusReport.Status]"`,
	},
	"AutoScalingGroup": {
		`aws autoscaling describe-scaling-activities --auto-scaling-group-name "$GROUP" --max-items 10`,
		`aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$GROUP" --query "AutoScalingGroups[].Instances[].[InstanceId,LifecycleState,HealthStatus]"`,
		`aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$INSTANCE" --no-should-decrement-desired-capacity`,
	},
	"StateMachine": {
		`aws stepfunctions list-executions --state-machine-arn "$STATE_MACHINE_ARN" --status-filter FAILED --max-items 10`,
		`aws stepfunctions get-execution-history --execution-arn "$EXECUTION_ARN" --reverse-order --max-items 10`,
		`aws stepfunctions redrive-execution --execution-arn "$EXECUTION_ARN"`,
	},
	"ScheduleGroup": {
		`aws scheduler list-schedules --group-name "$GROUP" --query "Schedules[].[Name,State,Target.Arn]"`,
		`aws scheduler get-schedule --group-name "$GROUP" --name "$SCHEDULE"`,
	},
	"KinesisStream": {
		`aws kinesis describe-stream-summary --stream-name "$STREAM"`,
		`aws kinesis list-stream-consumers --stream-arn "$STREAM_ARN"`,
	},
	"UserPool": {
		`aws service-quotas list-service-quotas --service-code cognito-idp --query "Quotas[].[QuotaName,Value]"`,
	},
	"LogGroup": {
		`aws logs filter-log-events --log-group-name "$LOG_GROUP" --filter-pattern "$PATTERN" --start-time "$((($(date +%s) - 900) * 1000))" --max-items 20`,
		`aws logs describe-log-streams --log-group-name "$LOG_GROUP" --order-by LastEventTime --descending --max-items 5`,
	},
	"ScheduledJob": {
		`aws cloudwatch get-metric-statistics --namespace "$NAMESPACE" --metric-name "$METRIC" --statistics SampleCount --period 3600 --start-time "$FROM" --end-time "$TO"`,
	},
	"CustomMetric": {
		`aws cloudwatch list-metrics --namespace "$NAMESPACE" --metric-name "$METRIC"`,
	},
}

// names are what the variables of the commands stand for, as an example.
var names = map[string]string{
	"API":               "a1b2c3d4e5",
	"BUCKET":            "shop-pictures",
	"CERTIFICATE_ARN":   "arn:aws:acm:ap-southeast-2:ACCOUNT_ID:certificate/1a2b3c4d-5e6f-1a2b-3c4d-1a2b3c4d5e6f",
	"CLUSTER":           "shop",
	"DEAD_LETTERS_ARN":  "arn:aws:sqs:ap-southeast-2:ACCOUNT_ID:shop-orders-dead",
	"DEAD_LETTERS_URL":  "https://sqs.ap-southeast-2.amazonaws.com/ACCOUNT_ID/shop-orders-dead",
	"DISTRIBUTION":      "E1EXAMPLE2EXAM",
	"EXECUTION_ARN":     "arn:aws:states:ap-southeast-2:ACCOUNT_ID:execution:shop-orders:order-1",
	"FILE_SYSTEM":       "fs-0123456789abcdef0",
	"FROM":              `$(date -u -d "1 day ago" +%FT%TZ)`,
	"FUNCTION":          "shop-resize",
	"GROUP":             "shop-workers",
	"HEALTH_CHECK":      "1a2b3c4d-5e6f-1a2b-3c4d-1a2b3c4d5e6f",
	"INSTANCE":          "i-0123456789abcdef0",
	"LOG_GROUP":         "/ecs/shop/backend",
	"METRIC":            "Orders",
	"NAMESPACE":         "Shop",
	"NAT_GATEWAY":       "nat-0123456789abcdef0",
	"PATTERN":           "ERROR",
	"QUEUE_URL":         "https://sqs.ap-southeast-2.amazonaws.com/ACCOUNT_ID/shop-orders",
	"REPLICA":           "shop-replica",
	"SCHEDULE":          "nightly",
	"SERVICE":           "backend",
	"STAGE":             "live",
	"STATE_MACHINE_ARN": "arn:aws:states:ap-southeast-2:ACCOUNT_ID:stateMachine:shop-orders",
	"STREAM":            "shop-orders",
	"STREAM_ARN":        "arn:aws:kinesis:ap-southeast-2:ACCOUNT_ID:stream/shop-orders",
	"TABLE":             "shop-carts",
	"TARGET_GROUP_ARN":  "arn:aws:elasticloadbalancing:ap-southeast-2:ACCOUNT_ID:targetgroup/shop/0123456789abcdef",
	"TO":                "$(date -u +%FT%TZ)",
	"TOPIC_ARN":         "arn:aws:sns:ap-southeast-2:ACCOUNT_ID:shop-orders",
}

var variable = regexp.MustCompile(`\$([A-Z_]+)`)

// block is a block of commands that begins with the variables that they use.
func block(t *testing.T, commands []string) string {
	t.Helper()
	text := strings.Join(commands, "\n")
	var assignments []string
	for _, found := range variable.FindAllStringSubmatch(text, -1) {
		value, ok := names[found[1]]
		if !ok {
			t.Errorf("names has no %s", found[1])
		}
		if assignment := found[1] + "=" + value; !slices.Contains(assignments, assignment) {
			assignments = append(assignments, assignment)
		}
	}
	return "<!-- run: without AWS -->\n```bash\n" + strings.Join(append(assignments, text), "\n") + "\n```"
}

// TestRunbookTemplates compares docs/runbook-templates.md with the alarms of all kinds
// that link to what our own runbook does not have: whoever uses a kind copies its
// sections, so that links in alarms lead somewhere.
func TestRunbookTemplates(t *testing.T) {
	ours, err := os.ReadFile("../../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Templates for a runbook")
	line("")
	line("Each alarm links to a section of `Config.RunbookURL`. [Our own runbook](runbook.md#alarms) has those of what we run. For what the kinds of resources of")
	line("[constructs/monitoring](../constructs/monitoring/README.md#more-kinds) have besides, these are the sections: copy those of the kinds that you use,")
	line("set the variables to the names of your resources, and add what is special about yours. `make snapshots` writes this page from the alarms; the")
	line("tests compare its commands with what the AWS CLI and AWS's APIs know.")
	for _, kind := range coverage.Kinds() {
		kindName := reflect.TypeOf(kind.Example).Name()
		var alarms []monitoring.Alarm
		for _, a := range kind.Example.Watch().Alarms {
			if a.Section == "" {
				t.Errorf("%s: the alarm %s has no section", kindName, a.ID)
			}
			if !bytes.Contains(ours, []byte("\n## "+a.Section+"\n")) {
				alarms = append(alarms, a)
			}
		}
		if len(alarms) == 0 {
			continue
		}
		if len(look[kindName]) == 0 {
			t.Errorf("no commands for %s", kindName)
		}
		line("")
		line("## %s", kind.Name)
		line("")
		line("See more of it:")
		line("")
		line("%s", block(t, look[kindName]))
		written := map[string]bool{}
		for _, a := range alarms {
			if written[a.Section] {
				continue
			}
			written[a.Section] = true
			line("")
			line("### %s", a.Section)
			line("")
			line("Goes off, for example: %s %s.", cloudwatch.SeriesOf(a.When), a.Condition())
			line("")
			line("1. %s", a.FirstStep)
			line("2. Run the commands above, and compare with the graph on the dashboard: did it begin suddenly, or grow?")
		}
	}
	const path = "../../../docs/runbook-templates.md"
	if os.Getenv("UPDATE_SNAPS") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), b.String()); diff != "" {
		t.Errorf("%s (-document +code), make snapshots writes it:\n%s", path, diff)
	}
}
