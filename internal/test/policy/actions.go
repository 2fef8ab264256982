package policy

// An action is what AWS checks for a call, from the service authorization reference
// (https://docs.aws.amazon.com/service-authorization/latest/reference/).
type action struct {
	// on are the resources: "*", or ARNs in which {Name} is a parameter of the call.
	// One that is a list gives an ARN for each item; one that is an ARN already is taken
	// as it is. {Name+suffix} adds what AWS puts behind a name. {Name^} is an ARN without
	// its last part.
	on []string
	// context are condition keys and the parameters that they come from.
	context map[string]string
	// tags is the parameter with tags, tagging what AWS checks besides when there are any.
	tags, tagging string
	// taggedOn is what gets the tags, where that is not what the call is asked on.
	taggedOn string
	// passes are parameters with roles that the call passes to a service.
	passes []string
	to     string
	// owned says that conditions may ask for the tags of the resource.
	owned bool
}

const (
	anything = "*"
	arnOf    = "arn:aws:"
	here     = ":{region}:{account}:"

	budget      = arnOf + "budgets::{account}:budget/{BudgetName}"
	alarm       = arnOf + "cloudwatch" + here + "alarm:{AlarmName}"
	alarms      = arnOf + "cloudwatch" + here + "alarm:{AlarmNames}"
	healthCheck = arnOf + "route53:::healthcheck/{HealthCheckId}"
	dashboard   = arnOf + "cloudwatch::{account}:dashboard/{DashboardName}"
	watched     = arnOf + "cloudwatch" + here + "{ResourceARN}"
	cluster     = arnOf + "ecs" + here + "cluster/{clusters}"
	services    = arnOf + "ecs" + here + "service/{cluster}/{services}"
	service     = arnOf + "ecs" + here + "service/{cluster}/{service}"
	tasks       = arnOf + "ecs" + here + "task/{cluster}/{tasks}"
	task        = arnOf + "ecs" + here + "task/{cluster}/{task}"
	definition  = arnOf + "ecs" + here + "task-definition/{taskDefinition}"
	family      = arnOf + "ecs" + here + "task-definition/{family}:*"
	ofCluster   = arnOf + "ecs" + here + "cluster/{cluster}"
	role        = arnOf + "iam::{account}:role/{RoleName}"
	newPolicy   = arnOf + "iam::{account}:policy/{PolicyName}"
	key         = arnOf + "kms" + here + "key/{KeyId}"
	targetKey   = arnOf + "kms" + here + "key/{TargetKeyId}"
	alias       = arnOf + "kms" + here + "{AliasName}"
	secret      = arnOf + "secretsmanager" + here + "secret:{SecretId+-AbCdEf}"
	rule        = arnOf + "events" + here + "rule/{Name}"
	ruleOf      = arnOf + "events" + here + "rule/{Rule}"
	queue       = arnOf + "sqs" + here + "{QueueUrl}"
	newTopic    = arnOf + "sns" + here + "{Name}"
	object      = arnOf + "s3:::{bucket}/{key}"
	ofBucket    = arnOf + "s3:::{bucket}"
	function    = arnOf + "lambda" + here + "function:{FunctionName}"
	layer       = arnOf + "lambda" + here + "layer:{LayerName}"
	canary      = arnOf + "synthetics" + here + "canary:{Name}"
	detector    = arnOf + "guardduty" + here + "detector/{DetectorId}"
	repository  = arnOf + "ecr" + here + "repository/{repositoryName}"
)

// tasksService and functionsService are who roles are passed to.
const (
	tasksService     = "ecs-tasks.amazonaws.com"
	functionsService = "lambda.amazonaws.com"
)

func on(resources ...string) action { return action{on: resources} }

func (a action) with(key, parameter string) action {
	context := map[string]string{key: parameter}
	for k, v := range a.context {
		context[k] = v
	}
	a.context = context
	return a
}

func (a action) tagged(parameter, tagging string) action {
	a.tags, a.tagging = parameter, tagging
	return a
}

// onWhatIsMade says what gets the tags, where the call itself is asked on something else.
func (a action) onWhatIsMade(resource string) action {
	a.taggedOn = resource
	return a
}

func (a action) passing(to string, parameters ...string) action {
	a.to, a.passes = to, parameters
	return a
}

func (a action) ofOwner() action {
	a.owned = true
	return a
}

// actions are those that the tools of this project take. What is not here is an error
// that asks for a line.
var actions = map[string]action{
	"budgets:ListTagsForResource": on("{ResourceARN}"),
	"budgets:ModifyBudget":        on(budget).tagged("ResourceTags", "budgets:TagResource"),
	"budgets:TagResource":         on("{ResourceARN}").tagged("ResourceTags", ""),
	"budgets:UntagResource":       on("{ResourceARN}"),
	"budgets:ViewBudget":          on(budget),

	"ce:CreateAnomalyMonitor":      on(anything).tagged("ResourceTags", "ce:TagResource"),
	"ce:CreateAnomalySubscription": on(anything).tagged("ResourceTags", "ce:TagResource"),
	"ce:DeleteAnomalyMonitor":      on("{MonitorArn}").ofOwner(),
	"ce:DeleteAnomalySubscription": on("{SubscriptionArn}").ofOwner(),
	"ce:GetAnomalyMonitors":        on("{MonitorArnList}").ofOwner(),
	"ce:GetAnomalySubscriptions":   on("{SubscriptionArnList}").ofOwner(),
	"ce:ListTagsForResource":       on("{ResourceArn}").ofOwner(),
	"ce:TagResource":               on("{ResourceArn}").tagged("ResourceTags", "").ofOwner(),
	"ce:UntagResource":             on("{ResourceArn}").ofOwner(),
	"ce:UpdateAnomalySubscription": on("{SubscriptionArn}").ofOwner(),
	"ce:UpdateAnomalyMonitor":      on("{MonitorArn}").ofOwner(),

	"cloudwatch:DeleteAlarms":         on(alarms),
	"cloudwatch:DeleteDashboards":     on(arnOf + "cloudwatch::{account}:dashboard/{DashboardNames}"),
	"cloudwatch:DescribeAlarmHistory": on(alarm),
	// Composite alarms are described and made only with permissions on "*" (API reference,
	// DescribeAlarms and PutCompositeAlarm), and their tags are no condition of it: those
	// of a call are its own tags and the alarm's actions.
	"cloudwatch:DescribeAlarms":      on(anything),
	"cloudwatch:GetDashboard":        on(dashboard),
	"cloudwatch:GetMetricData":       on(anything),
	"cloudwatch:ListDashboards":      on(anything),
	"cloudwatch:ListMetrics":         on(anything),
	"cloudwatch:ListTagsForResource": on(watched),
	"cloudwatch:PutCompositeAlarm":   on(anything).tagged("Tags", "cloudwatch:TagResource").onWhatIsMade(alarm).with("cloudwatch:AlarmActions", "{AlarmActions}"),
	"cloudwatch:PutDashboard":        on(dashboard),
	"cloudwatch:PutMetricAlarm":      on(alarm).tagged("Tags", "cloudwatch:TagResource").with("cloudwatch:AlarmActions", "{AlarmActions}"),
	"cloudwatch:PutMetricData":       on(anything).with("cloudwatch:namespace", "{Namespace}"),
	"cloudwatch:SetAlarmState":       on(alarm),
	"cloudwatch:TagResource":         on(watched).tagged("Tags", ""),
	"cloudwatch:UntagResource":       on(watched),

	"ecr:BatchCheckLayerAvailability": on(repository),
	"ecr:BatchGetImage":               on(repository),
	"ecr:CompleteLayerUpload":         on(repository),
	"ecr:DescribeImages":              on(repository),
	"ecr:DescribeRepositories":        on(arnOf + "ecr" + here + "repository/{repositoryNames}"),
	"ecr:GetAuthorizationToken":       on(anything),
	"ecr:GetDownloadUrlForLayer":      on(repository),
	"ecr:InitiateLayerUpload":         on(repository),
	"ecr:PutImage":                    on(repository),
	"ecr:UploadLayerPart":             on(repository),

	"ecs:DescribeClusters":       on(cluster),
	"ecs:DescribeServices":       on(services).with("ecs:cluster", ofCluster),
	"ecs:DescribeTaskDefinition": on(anything),
	"ecs:DescribeTasks":          on(tasks).with("ecs:cluster", ofCluster),
	"ecs:ListTasks":              on(anything).with("ecs:cluster", ofCluster),
	"ecs:RegisterTaskDefinition": on(family).tagged("tags", "ecs:TagResource").passing(tasksService, "executionRoleArn", "taskRoleArn"),
	"ecs:RunTask": on(definition).with("ecs:cluster", ofCluster).tagged("tags", "ecs:TagResource").
		with("ecs:enable-execute-command", "{enableExecuteCommand}").passing(tasksService, "overrides.executionRoleArn", "overrides.taskRoleArn"),
	"ecs:StopTask":    on(task).with("ecs:cluster", ofCluster),
	"ecs:TagResource": on(arnOf+"ecs"+here+"{resourceArn}").tagged("tags", "").with("ecs:CreateAction", "{createAction}"),
	"ecs:UpdateService": on(service).with("ecs:cluster", ofCluster).
		with("ecs:task-definition", definition).
		with("ecs:subnet", "{networkConfiguration.awsvpcConfiguration.subnets}").
		with("ecs:enable-execute-command", "{enableExecuteCommand}"),

	"elasticache:DescribeCacheClusters": on(arnOf + "elasticache" + here + "cluster:{CacheClusterId}"),
	"elasticache:ListTagsForResource":   on(arnOf + "elasticache" + here + "{ResourceName}"),

	"elasticloadbalancing:DescribeLoadBalancerAttributes": on(anything),
	"elasticloadbalancing:DescribeLoadBalancers":          on(anything),
	"elasticloadbalancing:DescribeTags":                   on(anything),
	"elasticloadbalancing:DescribeTargetGroupAttributes":  on(anything),
	"elasticloadbalancing:DescribeTargetGroups":           on(anything),
	"elasticloadbalancing:DescribeTargetHealth":           on(anything),

	"events:DeleteRule":          on(rule),
	"events:DescribeRule":        on(rule),
	"events:ListTagsForResource": on("{ResourceARN}"),
	"events:ListTargetsByRule":   on(ruleOf),
	"events:PutRule":             on(rule).tagged("Tags", "events:TagResource"),
	"events:PutTargets":          on(ruleOf).with("events:TargetArn", "{Targets.Arn}"),
	"events:RemoveTargets":       on(ruleOf),
	"events:TagResource":         on("{ResourceARN}").tagged("Tags", ""),
	"events:UntagResource":       on("{ResourceARN}"),

	"guardduty:CreateDetector": on(anything).tagged("tags", "guardduty:TagResource").onWhatIsMade(arnOf + "guardduty" + here + "detector/new"),
	"guardduty:DeleteDetector": on(detector).ofOwner(),
	"guardduty:GetDetector":    on(detector).ofOwner(),
	"guardduty:ListDetectors":  on(anything),
	"guardduty:TagResource":    on("{ResourceArn}").tagged("tags", "").ofOwner(),
	"guardduty:UntagResource":  on("{ResourceArn}").ofOwner(),
	"guardduty:UpdateDetector": on(detector).ofOwner(),

	"iam:AttachRolePolicy":              on(role).with("iam:PolicyARN", "{PolicyArn}").with("iam:PermissionsBoundary", "{boundary}"),
	"iam:CreatePolicy":                  on(newPolicy).tagged("Tags", "iam:TagPolicy"),
	"iam:CreateRole":                    on(role).with("iam:PermissionsBoundary", "{PermissionsBoundary}").tagged("Tags", "iam:TagRole"),
	"iam:CreateServiceLinkedRole":       on(arnOf+"iam::{account}:role/aws-service-role/{AWSServiceName}/{RoleName}").with("iam:AWSServiceName", "{AWSServiceName}"),
	"iam:CreatePolicyVersion":           on("{PolicyArn}"),
	"iam:DeletePolicy":                  on("{PolicyArn}"),
	"iam:DeletePolicyVersion":           on("{PolicyArn}"),
	"iam:DeleteRole":                    on(role),
	"iam:DeleteRolePolicy":              on(role).with("iam:PermissionsBoundary", "{boundary}"),
	"iam:DeleteRolePermissionsBoundary": on(role),
	"iam:DetachRolePolicy":              on(role).with("iam:PolicyARN", "{PolicyArn}").with("iam:PermissionsBoundary", "{boundary}"),
	"iam:GetPolicy":                     on("{PolicyArn}"),
	"iam:GetPolicyVersion":              on("{PolicyArn}"),
	"iam:GetRole":                       on(role),
	"iam:GetRolePolicy":                 on(role),
	"iam:ListAttachedRolePolicies":      on(role),
	"iam:ListInstanceProfilesForRole":   on(role),
	"iam:ListRolePolicies":              on(role),
	"iam:ListPolicyVersions":            on("{PolicyArn}"),
	"iam:PassRole":                      on("{RoleArn}").with("iam:PassedToService", "{PassedToService}"),
	"iam:PutRolePermissionsBoundary":    on(role).with("iam:PermissionsBoundary", "{PermissionsBoundary}"),
	"iam:PutRolePolicy":                 on(role).with("iam:PermissionsBoundary", "{boundary}"),
	"iam:TagRole":                       on(role).tagged("Tags", ""),
	"iam:UntagRole":                     on(role),
	"iam:TagPolicy":                     on("{PolicyArn}").tagged("Tags", ""),
	"iam:UntagPolicy":                   on("{PolicyArn}"),

	"kms:CreateAlias":          on(targetKey, alias).ofOwner(),
	"kms:CreateKey":            on(anything).tagged("Tags", "kms:TagResource"),
	"kms:DeleteAlias":          on(targetKey, alias).ofOwner(),
	"kms:DescribeKey":          on(key).ofOwner(),
	"kms:EnableKeyRotation":    on(key).ofOwner(),
	"kms:GetKeyPolicy":         on(key).ofOwner(),
	"kms:GetKeyRotationStatus": on(key).ofOwner(),
	"kms:ListAliases":          on(anything),
	"kms:ListResourceTags":     on(key).ofOwner(),
	"kms:PutKeyPolicy":         on(key).ofOwner(),
	"kms:ScheduleKeyDeletion":  on(key).ofOwner(),
	"kms:TagResource":          on(key).tagged("Tags", "").ofOwner(),
	"kms:UntagResource":        on(key).ofOwner(),
	"kms:UpdateAlias":          on(targetKey, alias).ofOwner(),
	"kms:UpdateKeyDescription": on(key).ofOwner(),

	"lambda:AddPermission":               on(function),
	"lambda:CreateFunction":              on(function),
	"lambda:DeleteFunction":              on(function),
	"lambda:GetFunction":                 on(function),
	"lambda:GetFunctionConfiguration":    on(function),
	"lambda:GetPolicy":                   on(function),
	"lambda:PublishVersion":              on(function),
	"lambda:TagResource":                 on(function),
	"lambda:UpdateFunctionCode":          on(function),
	"lambda:UpdateFunctionConfiguration": on(function),
	"lambda:DeleteLayerVersion":          on(layer),
	"lambda:GetLayerVersion":             on(layer),
	"lambda:PublishLayerVersion":         on(layer),

	"logs:FilterLogEvents": on(arnOf + "logs" + here + "log-group:{logGroupName}"),
	"logs:GetLogEvents":    on(arnOf + "logs" + here + "log-group:{logGroupName}:log-stream:{logStreamName}"),

	"rds:DescribeDBInstances": on(arnOf + "rds" + here + "db:{DBInstanceIdentifier}"),

	"route53:ChangeTagsForResource": on(arnOf + "route53:::{ResourceType}/{ResourceId}"),
	"route53:CreateHealthCheck":     on(anything),
	"route53:DeleteHealthCheck":     on(healthCheck),
	"route53:GetHealthCheck":        on(healthCheck),
	"route53:ListTagsForResource":   on(arnOf + "route53:::{ResourceType}/{ResourceId}"),
	"route53:UpdateHealthCheck":     on(healthCheck),

	"s3:CreateBucket":                     on(ofBucket),
	"s3:DeleteBucket":                     on(ofBucket),
	"s3:DeleteBucketPolicy":               on(ofBucket),
	"s3:DeleteObject":                     on(object),
	"s3:DeleteObjectVersion":              on(object),
	"s3:GetAccelerateConfiguration":       on(ofBucket),
	"s3:GetBucketAcl":                     on(ofBucket),
	"s3:GetBucketCORS":                    on(ofBucket),
	"s3:GetBucketLocation":                on(ofBucket),
	"s3:GetBucketLogging":                 on(ofBucket),
	"s3:GetBucketObjectLockConfiguration": on(ofBucket),
	"s3:GetBucketPolicy":                  on(ofBucket),
	"s3:GetBucketPublicAccessBlock":       on(ofBucket),
	"s3:GetBucketRequestPayment":          on(ofBucket),
	"s3:GetBucketTagging":                 on(ofBucket),
	"s3:GetBucketVersioning":              on(ofBucket),
	"s3:GetBucketWebsite":                 on(ofBucket),
	"s3:GetEncryptionConfiguration":       on(ofBucket),
	"s3:GetLifecycleConfiguration":        on(ofBucket),
	"s3:GetObject":                        on(object),
	"s3:GetReplicationConfiguration":      on(ofBucket),
	"s3:ListAllMyBuckets":                 on(anything),
	"s3:ListBucket":                       on(ofBucket).with("s3:prefix", "{prefix}"),
	"s3:ListBucketVersions":               on(ofBucket),
	"s3:PutBucketPolicy":                  on(ofBucket),
	"s3:PutBucketPublicAccessBlock":       on(ofBucket),
	"s3:PutBucketTagging":                 on(ofBucket),
	"s3:PutBucketVersioning":              on(ofBucket),
	"s3:PutEncryptionConfiguration":       on(ofBucket),
	"s3:PutLifecycleConfiguration":        on(ofBucket),
	"s3:PutObject":                        on(object),

	"secretsmanager:BatchGetSecretValue":      on(secret),
	"secretsmanager:DeleteResourcePolicy":     on(secret),
	"secretsmanager:DescribeSecret":           on(secret),
	"secretsmanager:GetResourcePolicy":        on(secret),
	"secretsmanager:GetSecretValue":           on(secret),
	"secretsmanager:PutResourcePolicy":        on(secret).with("secretsmanager:BlockPublicPolicy", "{BlockPublicPolicy}"),
	"secretsmanager:PutSecretValue":           on(secret),
	"secretsmanager:TagResource":              on(secret).tagged("Tags", ""),
	"secretsmanager:UntagResource":            on(secret),
	"secretsmanager:UpdateSecret":             on(secret),
	"secretsmanager:UpdateSecretVersionStage": on(secret),

	"sns:CreateTopic":               on(newTopic).tagged("Tags", "sns:TagResource"),
	"sns:DeleteTopic":               on("{TopicArn}"),
	"sns:GetSubscriptionAttributes": on("{SubscriptionArn^}"),
	"sns:GetTopicAttributes":        on("{TopicArn}"),
	"sns:ListSubscriptionsByTopic":  on("{TopicArn}"),
	"sns:ListTagsForResource":       on("{ResourceArn}"),
	"sns:SetTopicAttributes":        on("{TopicArn}"),
	"sns:Subscribe":                 on("{TopicArn}").with("sns:Protocol", "{Protocol}").with("sns:Endpoint", "{Endpoint}"),
	"sns:TagResource":               on("{ResourceArn}").tagged("Tags", ""),
	"sns:Unsubscribe":               on("{SubscriptionArn^}"),
	"sns:UntagResource":             on("{ResourceArn}"),

	"sqs:CreateQueue":        on(arnOf+"sqs"+here+"{QueueName}").tagged("tags", "sqs:TagQueue"),
	"sqs:DeleteQueue":        on(queue),
	"sqs:GetQueueAttributes": on(queue),
	"sqs:ListQueueTags":      on(queue),
	"sqs:SetQueueAttributes": on(queue),
	"sqs:TagQueue":           on(queue).tagged("Tags", ""),
	"sqs:UntagQueue":         on(queue),

	"sts:GetCallerIdentity": on(anything),

	"synthetics:CreateCanary":  on(canary).tagged("Tags", "synthetics:TagResource").passing(functionsService, "ExecutionRoleArn"),
	"synthetics:DeleteCanary":  on(canary),
	"synthetics:GetCanary":     on(canary),
	"synthetics:StartCanary":   on(canary),
	"synthetics:StopCanary":    on(canary),
	"synthetics:TagResource":   on("{ResourceArn}").tagged("Tags", ""),
	"synthetics:UntagResource": on("{ResourceArn}"),
	"synthetics:UpdateCanary":  on(canary).passing(functionsService, "ExecutionRoleArn"),
}
