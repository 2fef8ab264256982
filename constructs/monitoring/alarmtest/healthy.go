package alarmtest

import (
	"fmt"
	"hash/fnv"
	"math"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// normal is between which values a metric moves in the minutes of a healthy day, and how
// many samples a minute has. Default: one.
type normal struct{ low, high, samples float64 }

// absent is a metric without data as long as nothing happens.
var absent = normal{low: math.NaN(), high: math.NaN()}

const (
	mib, gib, tib = 1 << 20, monitoring.GiB, 1 << 40

	second, hour, oneDay = 1000.0, 3600.0, 24 * 3600.0 // the first in milliseconds
)

// known is what the metrics of AWS are like in an application of usual size: values of
// their own, and none that depends on the threshold of an alarm. Metrics that count
// errors are absent where AWS publishes them only when there is one.
var known = map[string]normal{
	"AWS/ApiGateway 4XXError":           {0.005, 0.02, 600},
	"AWS/ApiGateway 4xx":                {0.005, 0.02, 600},
	"AWS/ApiGateway 5XXError":           {0, 0.001, 600},
	"AWS/ApiGateway 5xx":                {0, 0.001, 600},
	"AWS/ApiGateway Count":              {1, 1, 600}, // a sample for each request
	"AWS/ApiGateway IntegrationLatency": {50, 200, 600},
	"AWS/ApiGateway Latency":            {80, 300, 600},

	"AWS/ApplicationELB ClientTLSNegotiationErrorCount": {low: 0, high: 5},
	"AWS/ApplicationELB HTTPCode_ELB_5XX_Count":         absent,
	"AWS/ApplicationELB HTTPCode_Target_2XX_Count":      {low: 300, high: 3000},
	"AWS/ApplicationELB HTTPCode_Target_4XX_Count":      absent,
	"AWS/ApplicationELB HTTPCode_Target_5XX_Count":      absent,
	"AWS/ApplicationELB HealthyHostCount":               {low: 2, high: 2},
	"AWS/ApplicationELB RejectedConnectionCount":        absent,
	"AWS/ApplicationELB RequestCount":                   {low: 300, high: 3000},
	"AWS/ApplicationELB RequestCountPerTarget":          {low: 150, high: 1500},
	"AWS/ApplicationELB TargetConnectionErrorCount":     absent,
	"AWS/ApplicationELB TargetResponseTime":             {0.1, 0.4, 600},
	"AWS/ApplicationELB TargetTLSNegotiationErrorCount": absent,
	"AWS/ApplicationELB UnHealthyHostCount":             {low: 0, high: 0},

	"AWS/AutoScaling GroupInServiceCapacity": {low: 4, high: 4},

	"AWS/CertificateManager DaysToExpiry": {low: 200, high: 200},

	"AWS/CloudFront 5xxErrorRate":             {0, 0.2, 600},
	"AWS/CloudFront FunctionExecutionErrors":  {low: 0, high: 0},
	"AWS/CloudFront FunctionThrottles":        {low: 0, high: 0},
	"AWS/CloudFront FunctionValidationErrors": {low: 0, high: 0},
	"AWS/CloudFront OriginLatency":            {50, 250, 600},

	"AWS/Cognito FederationThrottles":   {low: 0, high: 0},
	"AWS/Cognito SignInThrottles":       {low: 0, high: 0},
	"AWS/Cognito SignUpThrottles":       {low: 0, high: 0},
	"AWS/Cognito TokenRefreshThrottles": {low: 0, high: 0},

	"AWS/DynamoDB AgeOfOldestUnreplicatedRecord": {low: 200, high: second},
	"AWS/DynamoDB FailedToReplicateRecordCount":  {low: 0, high: 0},
	"AWS/DynamoDB ReadThrottleEvents":            absent,
	"AWS/DynamoDB ReplicationLatency":            {low: 500, high: 1500},
	"AWS/DynamoDB SuccessfulRequestLatency":      {3, 8, 600},
	"AWS/DynamoDB SystemErrors":                  absent,
	"AWS/DynamoDB ThrottledPutRecordCount":       {low: 0, high: 0},
	"AWS/DynamoDB WriteThrottleEvents":           absent,

	"AWS/EC2 CPUUtilization":                {low: 20, high: 50},
	"AWS/EC2 StatusCheckFailed":             {low: 0, high: 0},
	"AWS/EC2 StatusCheckFailed_AttachedEBS": {low: 0, high: 0},

	"AWS/ECS CPUUtilization":            {20, 50, 2}, // a sample for each task
	"AWS/ECS EBSFilesystemUtilization":  {low: 40, high: 50},
	"AWS/ECS HTTPCode_Target_5XX_Count": absent,
	"AWS/ECS MemoryUtilization":         {40, 60, 2},
	"AWS/ECS TargetResponseTime":        {0.1, 0.4, 600},

	"AWS/EFS BurstCreditBalance": {low: 2 * tib, high: 2.1 * tib},
	"AWS/EFS PercentIOLimit":     {low: 5, high: 20},

	"AWS/ElastiCache AuthenticationFailures":        {low: 0, high: 0},
	"AWS/ElastiCache CPUCreditBalance":              {low: 150, high: 250},
	"AWS/ElastiCache CPUUtilization":                {low: 10, high: 25},
	"AWS/ElastiCache CacheHitRate":                  {low: 80, high: 90},
	"AWS/ElastiCache CurrConnections":               {low: 50, high: 150},
	"AWS/ElastiCache DatabaseMemoryUsagePercentage": {low: 40, high: 60},
	"AWS/ElastiCache EngineCPUUtilization":          {low: 20, high: 40},
	"AWS/ElastiCache Evictions":                     {low: 0, high: 0},
	"AWS/ElastiCache IsMaster":                      {low: 1, high: 1}, // the role does not change
	"AWS/ElastiCache ReplicationLag":                {low: 0, high: 0.1},
	"AWS/ElastiCache SwapUsage":                     {low: 0, high: 5 * mib},

	"AWS/Kinesis GetRecords.IteratorAgeMilliseconds":       {low: 0, high: 2 * second},
	"AWS/Kinesis GetRecords.Success":                       {low: 1, high: 1},
	"AWS/Kinesis PutRecord.Success":                        {low: 1, high: 1},
	"AWS/Kinesis PutRecords.FailedRecords":                 {low: 0, high: 0},
	"AWS/Kinesis ReadProvisionedThroughputExceeded":        {low: 0, high: 0},
	"AWS/Kinesis SubscribeToShardEvent.MillisBehindLatest": {low: 0, high: 2 * second},
	"AWS/Kinesis WriteProvisionedThroughputExceeded":       {low: 0, high: 0},

	"AWS/Lambda AsyncEventsDropped":   {low: 0, high: 0},
	"AWS/Lambda ConcurrentExecutions": {low: 5, high: 30},
	"AWS/Lambda Duration":             {200, 800, 600},
	"AWS/Lambda Errors":               {low: 0, high: 0},
	"AWS/Lambda IteratorAge":          {low: 0, high: 2 * second},
	"AWS/Lambda Throttles":            {low: 0, high: 0},

	"AWS/Logs IncomingLogEvents": {low: 100, high: 1000},

	"AWS/NATGateway ErrorPortAllocation": {low: 0, high: 0},
	"AWS/NATGateway PacketsDropCount":    {low: 0, high: 5},

	"AWS/NetworkELB HealthyHostCount":               {low: 2, high: 2},
	"AWS/NetworkELB PortAllocationErrorCount":       {low: 0, high: 0},
	"AWS/NetworkELB RejectedFlowCount":              {low: 0, high: 0},
	"AWS/NetworkELB TargetTLSNegotiationErrorCount": {low: 0, high: 0},
	"AWS/NetworkELB UnHealthyHostCount":             {low: 0, high: 0},

	"AWS/RDS AuroraBinlogReplicaLag":           {low: 0, high: 1},
	"AWS/RDS AuroraReplicaLag":                 {low: 10, high: 30},
	"AWS/RDS AuroraVolumeBytesLeftTotal":       {low: 120 * tib, high: 121 * tib},
	"AWS/RDS BlockedTransactions":              {low: 0, high: 0.1},
	"AWS/RDS BufferCacheHitRatio":              {low: 98, high: 99.9},
	"AWS/RDS BurstBalance":                     {low: 90, high: 100},
	"AWS/RDS CPUCreditBalance":                 {low: 150, high: 250},
	"AWS/RDS CPUUtilization":                   {low: 20, high: 40},
	"AWS/RDS DBLoad":                           {low: 0.2, high: 0.8},
	"AWS/RDS DatabaseConnections":              {low: 20, high: 50},
	"AWS/RDS EBSByteBalance%":                  {low: 90, high: 100},
	"AWS/RDS EBSIOBalance%":                    {low: 90, high: 100},
	"AWS/RDS EngineUptime":                     {low: 10 * oneDay, high: 11 * oneDay},
	"AWS/RDS FreeLocalStorage":                 {low: 20 * gib, high: 21 * gib},
	"AWS/RDS FreeStorageSpace":                 {low: 60 * gib, high: 61 * gib}, // hardly changes in a day
	"AWS/RDS FreeableMemory":                   {low: 400 * mib, high: 500 * mib},
	"AWS/RDS MaximumUsedTransactionIDs":        {low: 1e8, high: 2e8},
	"AWS/RDS ReadLatency":                      {0.0005, 0.003, 600},
	"AWS/RDS ReplicaLag":                       {low: 0, high: 1},
	"AWS/RDS RollbackSegmentHistoryListLength": {low: 100, high: 5000},
	"AWS/RDS WriteLatency":                     {0.001, 0.005, 600},

	"AWS/Route53 HealthCheckStatus": {low: 1, high: 1},

	"AWS/S3 4xxErrors":                   {0, 0.01, 600},
	"AWS/S3 5xxErrors":                   {0, 0.001, 600},
	"AWS/S3 OperationsFailedReplication": {low: 0, high: 0},

	"AWS/SNS NumberOfMessagesPublished":                           {low: 5, high: 50},
	"AWS/SNS NumberOfNotificationsDelivered":                      {low: 5, high: 50},
	"AWS/SNS NumberOfNotificationsFailed":                         {low: 0, high: 0},
	"AWS/SNS NumberOfNotificationsFailedToRedriveToDlq":           absent,
	"AWS/SNS NumberOfNotificationsFilteredOut-InvalidAttributes":  {low: 0, high: 0},
	"AWS/SNS NumberOfNotificationsFilteredOut-InvalidMessageBody": {low: 0, high: 0},
	"AWS/SNS NumberOfNotificationsRedrivenToDlq":                  absent,
	"AWS/SQS ApproximateAgeOfOldestMessage":                       {low: 0, high: 30},
	"AWS/SQS ApproximateNumberOfMessagesNotVisible":               {low: 5, high: 50},
	"AWS/SQS ApproximateNumberOfMessagesVisible":                  {low: 0, high: 0}, // of a dead-letter queue, too
	"AWS/SQS NumberOfMessagesSent":                                {low: 20, high: 200},
	"AWS/Scheduler InvocationDroppedCount":                        absent,
	"AWS/Scheduler InvocationThrottleCount":                       absent,
	"AWS/Scheduler InvocationsFailedToBeSentToDeadLetterCount":    absent,
	"AWS/Scheduler TargetErrorCount":                              absent,
	"AWS/Scheduler TargetErrorThrottledCount":                     absent,
	"AWS/States ExecutionThrottled":                               {low: 0, high: 0},
	"AWS/States ExecutionTime":                                    {2 * second, 8 * second, 60},
	"AWS/States ExecutionsAborted":                                {low: 0, high: 0},
	"AWS/States ExecutionsFailed":                                 {low: 0, high: 0},
	"AWS/States ExecutionsTimedOut":                               {low: 0, high: 0},

	"CloudWatchSynthetics Duration":       {low: 500, high: 1500},
	"CloudWatchSynthetics SuccessPercent": {low: 100, high: 100},

	"ECS/ContainerInsights DesiredTaskCount":         {low: 2, high: 2},
	"ECS/ContainerInsights EphemeralStorageReserved": {low: 20, high: 20},
	"ECS/ContainerInsights EphemeralStorageUtilized": {low: 1, high: 4},
	"ECS/ContainerInsights PendingTaskCount":         {low: 0, high: 0},
	"ECS/ContainerInsights RestartCount":             {low: 0, high: 0},
	"ECS/ContainerInsights RunningTaskCount":         {low: 2, high: 2},
}

// healthy is how a metric moves on a healthy day, and how many samples it has a minute;
// nil where it is not known.
func healthy(m cloudwatch.Metric) (Generator, float64) {
	const noise = 0.1
	k, ok := known[m.Namespace+" "+m.Name]
	samples := max(1, k.samples)
	switch {
	case !ok:
		return nil, samples
	case math.IsNaN(k.low):
		return Gap(), samples
	case k.low == k.high:
		return Constant(k.low), samples
	}
	seed := fnv.New64a()
	seed.Write([]byte(evaluate.ID(m)))
	return Wave(k.low, k.high, noise, seed.Sum64()), samples
}

// beyond returns the threshold of an alarm on one metric, and the values of a healthy day of
// which some are beyond it; or "".
func (k normal) beyond(a cloudwatch.MetricAlarm) string {
	if len(a.Queries) != 1 || math.IsNaN(k.low) {
		return ""
	}
	q := a.Queries[0]
	low, high := k.low, k.high
	minutes, samples := max(1, a.Period().Minutes()), max(1, k.samples)
	switch q.Metric.Stat {
	case cloudwatch.SampleCount:
		low, high = samples*minutes, samples*minutes
	case cloudwatch.Sum:
		low, high = low*samples*minutes, high*samples*minutes
	}
	beyond := false
	switch a.ComparisonOperator {
	case cloudwatch.GreaterThan:
		beyond = high > a.Threshold
	case cloudwatch.GreaterThanOrEqual:
		beyond = high >= a.Threshold
	case cloudwatch.LessThan:
		beyond = low < a.Threshold
	case cloudwatch.LessThanOrEqual:
		beyond = low <= a.Threshold
	}
	if !beyond {
		return ""
	}
	return fmt.Sprintf("%v, and %s from %v to %v is healthy", a.Threshold, q.Metric.Stat, low, high)
}
