package policy

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/docs/policies"
	"github.com/ohmycoins/infra/stacks/environment"
)

// managedPolicy is how long AWS lets a managed policy be, and trustPolicy a trust policy.
const (
	managedPolicy = 6144
	trustPolicy   = 2048
)

// TestForm checks the form of every policy: least privilege has no wildcards in actions,
// and "*" is for actions that AWS checks against nothing else.
func TestForm(t *testing.T) {
	for _, env := range environment.All() {
		for _, name := range policies.Names() {
			doc, err := Read(name, env, account)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, problem := range form(doc, strings.HasPrefix(name, "trust-")) {
				t.Errorf("docs/policies/%s.json: %s", name, problem)
			}
		}
	}
	wrong := parse(t, allow(`"Action": ["sns:*", "sns:DeleteTopic", "sts:GetCallerIdentity"], "Resource": "*"`)+","+
		allow(`"Action": "sns:DeleteTopic", "Resource": "arn:aws:sns:ap-southeast-2:111122223333:x"`))
	if got := form(wrong, false); len(got) != 3 {
		t.Errorf("a wrong policy: %q, want 3 problems", got)
	}
}

// form returns what is wrong with a policy, whatever it allows.
func form(doc Document, trust bool) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if limit := map[bool]int{false: managedPolicy, true: trustPolicy}[trust]; doc.Size > limit {
		add("has %d characters, AWS takes %d", doc.Size, limit)
	}
	sids := map[string]bool{}
	for _, s := range doc.Statement {
		if s.Sid == "" || sids[s.Sid] {
			add("Sid %q: want one for each statement", s.Sid)
		}
		sids[s.Sid] = true
		if s.Effect == "Deny" || trust {
			continue
		}
		for _, action := range s.Action {
			row, known := actions[action]
			switch {
			case strings.ContainsAny(action, "*?"):
				add("%s: %s has a wildcard", s.Sid, action)
			case slices.Contains(s.Resource, "*") && known && !slices.Contains(row.on, anything) && s.Condition == nil:
				add("%s: %s can be restricted to resources", s.Sid, action)
			}
		}
	}
	return problems
}

// A demand is a call that somebody makes.
type demand struct {
	action     string
	parameters map[string]any
}

func params(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func tag(environment string) []any { return tags("Oh My Coins", environment) }

func tags(project, environment string) []any {
	return []any{
		map[string]any{"TagKey": "Project", "TagValue": project},
		map[string]any{"TagKey": "Environment", "TagValue": environment},
	}
}

const (
	regional = ":ap-southeast-2:111122223333:"
	ours     = "arn:aws:kms" + regional + "key/staging"
	theirs   = "arn:aws:kms" + regional + "key/production"
	tagged   = "arn:aws:kms" + regional + "key/production-without-alias"
	aliased  = "arn:aws:kms" + regional + "key/aliased-and-not-tagged"
	untagged = "arn:aws:kms" + regional + "key/neither-aliased-nor-tagged"
	billings = "arn:aws:kms" + regional + "key/billing"
	project  = "arn:aws:kms" + regional + "key/tagged-with-a-project"
	stage    = "arn:aws:kms" + regional + "key/tagged-with-an-environment"
	monitor  = "arn:aws:ce::111122223333:anomalymonitor/"
	threats  = "arn:aws:guardduty" + regional + "detector/"
	slr      = "AWSServiceRoleForAmazonGuardDuty"
)

// world has keys, monitors of costs and detectors of each environment, of another
// application, and with some tags only.
func world() *World {
	w := NewWorld(account, environment.All()...)
	w.Tags = map[string]map[string]string{
		ours:   {"Project": "Oh My Coins", "Environment": "staging"},
		theirs: {"Project": "Oh My Coins", "Environment": "production"},
		"arn:aws:cloudwatch" + regional + "alarm:ohmycoins-prod/backend/down": {"Project": "Oh My Coins", "Environment": "production"},
		tagged:   {"Project": "Oh My Coins", "Environment": "production"},
		billings: {"Project": "Billing", "Environment": "staging"},
		project:  {"Project": "Billing"},
		stage:    {"Environment": "production"},
	}
	for _, prefix := range []string{monitor, threats} {
		w.Tags[prefix+"staging"] = map[string]string{"Project": "Oh My Coins", "Environment": "staging"}
		w.Tags[prefix+"production"] = map[string]string{"Project": "Oh My Coins", "Environment": "production"}
		w.Tags[prefix+"billing"] = map[string]string{"Project": "Billing", "Environment": "staging"}
		w.Tags[prefix+"project"] = map[string]string{"Project": "Billing"}
		w.Tags[prefix+"stage"] = map[string]string{"Environment": "production"}
	}
	w.Aliases = map[string]string{
		"alias/ohmycoins-staging-alarms": ours, "alias/ohmycoins-prod-alarms": theirs, "alias/database": aliased,
	}
	return w
}

// An attempt is a call of a role, and whether it has to be allowed.
type attempt struct {
	role    string
	allowed bool
	what    string
	demand
}

// attempts are what a role of staging must not be able to do, by the letter of the
// finding, and what it does beside that has to work. Each forbidden call differs from the
// allowed one above it in what makes it forbidden.
var attempts = []attempt{
	// A. Nobody becomes administrator.
	{"infrastructure", true, "attach the read policy to the role with its boundary", demand{"iam:AttachRolePolicy", params("RoleName", "ohmycoins-staging-ecs-task-execution-role", "PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-app-secrets-read")}},
	{"infrastructure", false, "attach the read policy to a role without a boundary", demand{"iam:AttachRolePolicy", params("RoleName", "ohmycoins-staging-ecs-task-role", "PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-app-secrets-read")}},
	{"infrastructure", false, "attach the read policy to the role with another boundary", demand{"iam:AttachRolePolicy", params("RoleName", "ohmycoins-staging-ecs-task-execution-role", "PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-app-secrets-read", "boundary", "arn:aws:iam::aws:policy/AdministratorAccess")}},
	{"infrastructure", false, "attach the policy of administrators", demand{"iam:AttachRolePolicy", params("RoleName", "ohmycoins-staging-ecs-task-execution-role", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")}},
	{"infrastructure", false, "take the boundary away", demand{"iam:DeleteRolePermissionsBoundary", params("RoleName", "ohmycoins-staging-ecs-task-execution-role")}},
	{"infrastructure", false, "put another boundary on", demand{"iam:PutRolePermissionsBoundary", params("RoleName", "ohmycoins-staging-ecs-task-execution-role", "PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess")}},
	{"infrastructure", true, "change the read policy", demand{"iam:CreatePolicyVersion", params("PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-app-secrets-read")}},
	{"infrastructure", false, "change the boundary", demand{"iam:CreatePolicyVersion", params("PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-boundary")}},
	{"infrastructure", false, "change its own policy", demand{"iam:CreatePolicyVersion", params("PolicyArn", "arn:aws:iam::111122223333:policy/ohmycoins-staging-operations-write")}},
	{"deployment", true, "pass the role of the tasks to ECS", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/ohmycoins-staging-ecs-task-role", "PassedToService", "ecs-tasks.amazonaws.com")}},
	{"deployment", false, "pass the role of the tasks to another service", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/ohmycoins-staging-ecs-task-role", "PassedToService", "ec2.amazonaws.com")}},
	{"deployment", false, "pass a role of administrators", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/admin", "PassedToService", "ecs-tasks.amazonaws.com")}},
	{"deployment", false, "register production's task definition", demand{"ecs:RegisterTaskDefinition", params("family", "ohmycoins-prod-backend")}},
	{"infrastructure", true, "make the role of the canaries within its boundary", demand{"iam:CreateRole", params("RoleName", "ohmycoins-staging-canaries", "PermissionsBoundary", "arn:aws:iam::111122223333:policy/ohmycoins-staging-canaries-boundary")}},
	{"infrastructure", false, "make the role of the canaries without a boundary", demand{"iam:CreateRole", params("RoleName", "ohmycoins-staging-canaries")}},
	{"infrastructure", false, "make another role", demand{"iam:CreateRole", params("RoleName", "ohmycoins-staging-admin", "PermissionsBoundary", "arn:aws:iam::111122223333:policy/ohmycoins-staging-canaries-boundary")}},
	{"infrastructure", false, "write a policy of the canaries' role that has lost its boundary", demand{"iam:PutRolePolicy", params("RoleName", "ohmycoins-staging-canaries")}},
	{"infrastructure", false, "write a policy of the role that runs Terraform", demand{"iam:PutRolePolicy", params("RoleName", "ohmycoins-staging-operations-role", "boundary", "arn:aws:iam::111122223333:policy/ohmycoins-staging-canaries-boundary")}},
	{"infrastructure", true, "pass the role of the canaries to Lambda", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/ohmycoins-staging-canaries", "PassedToService", "lambda.amazonaws.com")}},
	{"infrastructure", false, "pass the role of the canaries to another service", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/ohmycoins-staging-canaries", "PassedToService", "ec2.amazonaws.com")}},
	{"infrastructure", false, "pass the role of the tasks to a canary", demand{"iam:PassRole", params("RoleArn", "arn:aws:iam::111122223333:role/ohmycoins-staging-ecs-task-role", "PassedToService", "lambda.amazonaws.com")}},
	{"infrastructure", true, "change a canary", demand{"synthetics:UpdateCanary", params("Name", "ohmycoins-staging-api")}},
	{"infrastructure", false, "change production's canary", demand{"synthetics:UpdateCanary", params("Name", "ohmycoins-prod-api")}},
	{"infrastructure", true, "change a canary's function", demand{"lambda:UpdateFunctionCode", params("FunctionName", "cwsyn-ohmycoins-staging-api-1")}},
	{"infrastructure", false, "change another function", demand{"lambda:UpdateFunctionCode", params("FunctionName", "billing")}},
	{"infrastructure", true, "delete the canaries' bucket", demand{"s3:DeleteBucket", params("bucket", "ohmycoins-staging-canaries")}},
	{"infrastructure", false, "open the bucket of the state", demand{"s3:PutBucketPolicy", params("bucket", "ohmycoins-terraform-state")}},

	// B. Nobody takes over a key.
	{"infrastructure", true, "make a key with tags", demand{"kms:CreateKey", params("Tags", tag("staging"))}},
	{"infrastructure", false, "make a key with production's tags", demand{"kms:CreateKey", params("Tags", tag("production"))}},
	{"infrastructure", false, "make a key without tags", demand{"kms:CreateKey", nil}},
	{"infrastructure", true, "tag the own key", demand{"kms:TagResource", params("KeyId", ours, "Tags", tag("staging"))}},
	{"infrastructure", true, "change a tag of the own key", demand{"kms:TagResource", params("KeyId", ours, "Tags", []any{map[string]any{"TagKey": "Owner", "TagValue": "platform"}})}},
	{"infrastructure", true, "describe the own key anew", demand{"kms:UpdateKeyDescription", params("KeyId", ours)}},
	{"infrastructure", false, "tag production's key", demand{"kms:TagResource", params("KeyId", theirs, "Tags", tag("staging"))}},
	{"infrastructure", false, "tag production's key that has no alias", demand{"kms:TagResource", params("KeyId", tagged, "Tags", tag("staging"))}},
	{"infrastructure", false, "tag a key that has an alias and no tags", demand{"kms:TagResource", params("KeyId", aliased, "Tags", tag("staging"))}},
	{"infrastructure", true, "tag a key that nobody tagged", demand{"kms:TagResource", params("KeyId", untagged, "Tags", tag("staging"))}},
	{"infrastructure", false, "tag a key that nobody tagged as production's", demand{"kms:TagResource", params("KeyId", untagged, "Tags", tag("production"))}},
	{"infrastructure", false, "tag a key that nobody tagged as another application's", demand{"kms:TagResource", params("KeyId", untagged, "Tags", tags("Billing", "staging"))}},
	{"infrastructure", false, "tag a key that has a project", demand{"kms:TagResource", params("KeyId", project, "Tags", tag("staging"))}},
	{"infrastructure", false, "tag a key that has an environment", demand{"kms:TagResource", params("KeyId", stage, "Tags", tag("staging"))}},
	{"infrastructure", false, "put a policy on another application's key", demand{"kms:PutKeyPolicy", params("KeyId", billings)}},
	{"plan", true, "read the policy of the own key", demand{"kms:GetKeyPolicy", params("KeyId", ours)}},
	{"plan", false, "read the policy of another application's key", demand{"kms:GetKeyPolicy", params("KeyId", billings)}},
	{"infrastructure", false, "put a policy on production's key", demand{"kms:PutKeyPolicy", params("KeyId", theirs)}},
	{"infrastructure", false, "put a policy on a key without tags", demand{"kms:PutKeyPolicy", params("KeyId", aliased)}},
	{"infrastructure", false, "schedule the deletion of production's key", demand{"kms:ScheduleKeyDeletion", params("KeyId", theirs)}},
	{"infrastructure", true, "point the own alias at the own key", demand{"kms:UpdateAlias", params("AliasName", "alias/ohmycoins-staging-alarms", "TargetKeyId", ours)}},
	{"infrastructure", false, "point the own alias at production's key", demand{"kms:UpdateAlias", params("AliasName", "alias/ohmycoins-staging-alarms", "TargetKeyId", theirs)}},
	{"infrastructure", false, "point production's alias at the own key", demand{"kms:UpdateAlias", params("AliasName", "alias/ohmycoins-prod-alarms", "TargetKeyId", ours)}},

	// C. Tasks run where they belong.
	{"deployment", true, "run the migration", demand{"ecs:RunTask", params("cluster", "ohmycoins-staging-cluster", "taskDefinition", "ohmycoins-staging-backend:42")}},
	{"deployment", false, "run staging's image in production's cluster", demand{"ecs:RunTask", params("cluster", "ohmycoins-prod-cluster", "taskDefinition", "ohmycoins-staging-backend:42")}},
	{"deployment", false, "run production's image in staging's cluster", demand{"ecs:RunTask", params("cluster", "ohmycoins-staging-cluster", "taskDefinition", "ohmycoins-prod-backend:42")}},
	{"deployment", true, "list tasks", demand{"ecs:ListTasks", params("cluster", "ohmycoins-staging-cluster")}},
	{"deployment", false, "list tasks of production's cluster", demand{"ecs:ListTasks", params("cluster", "ohmycoins-prod-cluster")}},
	{"deployment", true, "tag a revision that it registers", demand{"ecs:RegisterTaskDefinition", params("family", "ohmycoins-staging-backend", "tags", tag("staging"))}},
	{"deployment", false, "tag a revision that is there", demand{"ecs:TagResource", params("resourceArn", "arn:aws:ecs"+regional+"task-definition/ohmycoins-staging-backend:42", "tags", tag("production"))}},
	{"deployment", false, "run a task as administrator", demand{"ecs:RunTask", params("cluster", "ohmycoins-staging-cluster", "taskDefinition", "ohmycoins-staging-backend:42", "overrides", params("taskRoleArn", "arn:aws:iam::111122223333:role/admin"))}},
	{"deployment", true, "roll out", demand{"ecs:UpdateService", params("cluster", "ohmycoins-staging-cluster", "service", "ohmycoins-staging-backend")}},
	{"deployment", false, "move the service into other subnets", demand{"ecs:UpdateService", params("cluster", "ohmycoins-staging-cluster", "service", "ohmycoins-staging-backend", "networkConfiguration", params("awsvpcConfiguration", params("subnets", []any{"subnet-1"})))}},
	{"deployment", false, "roll out in production", demand{"ecs:UpdateService", params("cluster", "ohmycoins-prod-cluster", "service", "ohmycoins-prod-backend")}},

	// D. The infrastructure role reads and writes no value.
	{"infrastructure", true, "look at the secret", demand{"secretsmanager:DescribeSecret", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"infrastructure", false, "read the value", demand{"secretsmanager:GetSecretValue", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"infrastructure", false, "write a value", demand{"secretsmanager:PutSecretValue", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"infrastructure", false, "write a value with UpdateSecret", demand{"secretsmanager:UpdateSecret", params("SecretId", "ohmycoins-staging-app-secrets", "SecretString", "{}")}},
	{"infrastructure", false, "bring an old value back", demand{"secretsmanager:UpdateSecretVersionStage", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"infrastructure", true, "keep other accounts out", demand{"secretsmanager:PutResourcePolicy", params("SecretId", "ohmycoins-staging-app-secrets", "BlockPublicPolicy", true)}},
	{"infrastructure", false, "let everybody in", demand{"secretsmanager:PutResourcePolicy", params("SecretId", "ohmycoins-staging-app-secrets", "BlockPublicPolicy", false)}},
	{"infrastructure", false, "let everybody in, without saying so", demand{"secretsmanager:PutResourcePolicy", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"deployment", false, "read production's value", demand{"secretsmanager:GetSecretValue", params("SecretId", "ohmycoins-prod-app-secrets")}},

	// E. Alarms and subscriptions of the other environment.
	{"deployment", true, "test an alarm", demand{"cloudwatch:SetAlarmState", params("AlarmName", "ohmycoins-staging/alb/5xx-high")}},
	{"deployment", true, "audit the dashboard", demand{"cloudwatch:GetDashboard", params("DashboardName", "ohmycoins-staging")}},
	{"deployment", false, "read production's dashboard", demand{"cloudwatch:GetDashboard", params("DashboardName", "ohmycoins-prod")}},
	{"deployment", false, "change the dashboard", demand{"cloudwatch:PutDashboard", params("DashboardName", "ohmycoins-staging")}},
	{"deployment", true, "audit the policy of the topics' key", demand{"kms:GetKeyPolicy", params("KeyId", ours)}},
	{"deployment", false, "read the policy of another application's key", demand{"kms:GetKeyPolicy", params("KeyId", billings)}},
	{"deployment", false, "read the policy of production's key", demand{"kms:GetKeyPolicy", params("KeyId", theirs)}},
	{"deployment", true, "audit who may call a function", demand{"lambda:GetPolicy", params("FunctionName", "ohmycoins-staging-page")}},
	{"deployment", false, "audit who may call production's function", demand{"lambda:GetPolicy", params("FunctionName", "ohmycoins-prod-page")}},
	{"deployment", false, "audit somebody else's topic", demand{"sns:GetTopicAttributes", params("TopicArn", "arn:aws:sns:ap-southeast-2:111122223333:shop-critical")}},
	{"deployment", false, "silence production's alarm", demand{"cloudwatch:SetAlarmState", params("AlarmName", "ohmycoins-prod/alb/5xx-high")}},
	{"deployment", false, "silence an older alarm of production", demand{"cloudwatch:SetAlarmState", params("AlarmName", "ohmycoins-prod-alb-5xx-errors")}},
	{"infrastructure", true, "make an alarm on alarms that publishes nothing", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down", "Tags", tag("staging"))}},
	{"infrastructure", true, "make an alarm on alarms", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down", "Tags", tag("staging"), "AlarmActions", []any{"arn:aws:sns" + regional + "ohmycoins-staging-critical"})}},
	{"infrastructure", false, "make an alarm on alarms with production's tags", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/backend/down", "Tags", tag("production"))}},
	{"infrastructure", false, "make an alarm on alarms with another application's tags", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/backend/down", "Tags", tags("Billing", "staging"))}},
	{"infrastructure", false, "make an alarm on alarms without tags", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down")}},
	{"infrastructure", false, "make an alarm on alarms that publishes to production's topic", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down", "Tags", tag("staging"), "AlarmActions", []any{"arn:aws:sns" + regional + "ohmycoins-prod-critical"})}},
	{"infrastructure", false, "make an alarm on alarms among production's", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/new", "Tags", tag("staging"))}},
	// The deployment guide says so: nothing that AWS checks tells whose alarm it is.
	{"infrastructure", true, "overwrite an alarm on alarms of production, with tags of its own", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/backend/down", "Tags", tag("staging"))}},
	{"infrastructure", false, "make an alarm that stops a machine", demand{"cloudwatch:PutMetricAlarm", params("AlarmName", "ohmycoins-staging/alb/5xx-high", "AlarmActions", []any{"arn:aws:automate:ap-southeast-2:ec2:stop"})}},
	{"plan", false, "make an alarm on alarms", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down")}},
	{"deployment", true, "begin a maintenance window", demand{"cloudwatch:PutMetricData", params("Namespace", "OhMyCoins/Operations/staging")}},
	{"deployment", false, "silence production", demand{"cloudwatch:PutMetricData", params("Namespace", "OhMyCoins/Operations/production")}},
	{"deployment", false, "make up data of AWS", demand{"cloudwatch:PutMetricData", params("Namespace", "AWS/ECS")}},
	{"infrastructure", true, "remove a subscription", demand{"sns:Unsubscribe", params("SubscriptionArn", "arn:aws:sns"+regional+"ohmycoins-staging-critical:1-2")}},
	{"infrastructure", false, "remove production's subscription", demand{"sns:Unsubscribe", params("SubscriptionArn", "arn:aws:sns"+regional+"ohmycoins-prod-critical:1-2")}},
	{"infrastructure", true, "look at a subscription", demand{"sns:GetSubscriptionAttributes", params("SubscriptionArn", "arn:aws:sns"+regional+"ohmycoins-staging-critical:1-2")}},
	{"infrastructure", false, "look at production's subscription", demand{"sns:GetSubscriptionAttributes", params("SubscriptionArn", "arn:aws:sns"+regional+"ohmycoins-prod-critical:1-2")}},
	{"infrastructure", true, "subscribe a person", demand{"sns:Subscribe", params("TopicArn", "arn:aws:sns"+regional+"ohmycoins-staging-critical", "Protocol", "email", "Endpoint", "a@example.com")}},
	{"infrastructure", false, "subscribe a function", demand{"sns:Subscribe", params("TopicArn", "arn:aws:sns"+regional+"ohmycoins-staging-critical", "Protocol", "lambda", "Endpoint", "arn:x")}},
	{"infrastructure", false, "delete production's alarms", demand{"cloudwatch:DeleteAlarms", params("AlarmNames", []any{"ohmycoins-staging/a/b", "ohmycoins-prod/a/b"})}},
	{"infrastructure", true, "change a rule", demand{"events:PutRule", params("Name", "ohmycoins-staging-rds-failure")}},
	{"infrastructure", false, "change production's rule", demand{"events:PutRule", params("Name", "ohmycoins-prod-rds-failure")}},
	{"infrastructure", false, "delete production's rule", demand{"events:DeleteRule", params("Name", "ohmycoins-prod-rds-failure")}},
	{"infrastructure", true, "let a rule publish to the topic", demand{"events:PutTargets", params("Rule", "ohmycoins-staging-rds-failure", "Targets", []any{params("Arn", "arn:aws:sns"+regional+"ohmycoins-staging-critical")})}},
	{"infrastructure", false, "let a rule publish to production's topic", demand{"events:PutTargets", params("Rule", "ohmycoins-staging-rds-failure", "Targets", []any{params("Arn", "arn:aws:sns"+regional+"ohmycoins-prod-critical")})}},
	{"infrastructure", false, "remove the targets of production's rule", demand{"events:RemoveTargets", params("Rule", "ohmycoins-prod-rds-failure")}},
	{"infrastructure", true, "change the queue", demand{"sqs:SetQueueAttributes", params("QueueUrl", "https://sqs.ap-southeast-2.amazonaws.com/111122223333/ohmycoins-staging-undelivered-events")}},
	{"infrastructure", false, "change production's queue", demand{"sqs:SetQueueAttributes", params("QueueUrl", "https://sqs.ap-southeast-2.amazonaws.com/111122223333/ohmycoins-prod-undelivered-events")}},
	{"infrastructure", false, "delete production's queue", demand{"sqs:DeleteQueue", params("QueueUrl", "https://sqs.ap-southeast-2.amazonaws.com/111122223333/ohmycoins-prod-undelivered-events")}},
	{"infrastructure", true, "change the budget", demand{"budgets:ModifyBudget", params("BudgetName", "ohmycoins-staging-monthly")}},
	{"infrastructure", false, "raise production's budget", demand{"budgets:ModifyBudget", params("BudgetName", "ohmycoins-prod-monthly")}},
	{"infrastructure", true, "make a monitor of costs", demand{"ce:CreateAnomalyMonitor", params("ResourceTags", tag("staging"))}},
	{"infrastructure", false, "make a monitor of costs with production's tags", demand{"ce:CreateAnomalyMonitor", params("ResourceTags", tag("production"))}},
	{"infrastructure", false, "make a monitor of costs without tags", demand{"ce:CreateAnomalyMonitor", nil}},
	{"infrastructure", true, "delete the monitor of costs", demand{"ce:DeleteAnomalyMonitor", params("MonitorArn", monitor+"staging")}},
	{"infrastructure", false, "delete production's monitor of costs", demand{"ce:DeleteAnomalyMonitor", params("MonitorArn", monitor+"production")}},
	{"infrastructure", false, "delete another application's monitor of costs", demand{"ce:DeleteAnomalyMonitor", params("MonitorArn", monitor+"billing")}},
	{"infrastructure", false, "tag production's monitor of costs", demand{"ce:TagResource", params("ResourceArn", monitor+"production", "ResourceTags", tag("staging"))}},
	{"infrastructure", false, "tag a monitor of costs that nobody tagged as production's", demand{"ce:TagResource", params("ResourceArn", monitor+"untagged", "ResourceTags", tag("production"))}},
	{"infrastructure", false, "tag a monitor of costs that nobody tagged as another application's", demand{"ce:TagResource", params("ResourceArn", monitor+"untagged", "ResourceTags", tags("Billing", "staging"))}},
	{"infrastructure", false, "tag a monitor of costs that has a project", demand{"ce:TagResource", params("ResourceArn", monitor+"project", "ResourceTags", tag("staging"))}},
	{"infrastructure", false, "tag a monitor of costs that has an environment", demand{"ce:TagResource", params("ResourceArn", monitor+"stage", "ResourceTags", tag("staging"))}},
	{"plan", true, "read the monitor of costs", demand{"ce:GetAnomalyMonitors", params("MonitorArnList", []any{monitor + "staging"})}},
	{"plan", false, "read another application's monitor of costs", demand{"ce:GetAnomalyMonitors", params("MonitorArnList", []any{monitor + "billing"})}},

	// Where stacks have a detector of threats or health checks.
	{"detection", true, "make a detector", demand{"guardduty:CreateDetector", params("tags", tag("staging"))}},
	{"detection", false, "make a detector with production's tags", demand{"guardduty:CreateDetector", params("tags", tag("production"))}},
	{"detection", false, "make a detector without tags", demand{"guardduty:CreateDetector", nil}},
	{"detection", true, "look at the detector that is there, whose ever it is", demand{"guardduty:GetDetector", params("DetectorId", "production")}},
	{"detection", true, "change its detector", demand{"guardduty:UpdateDetector", params("DetectorId", "staging")}},
	{"detection", false, "change production's detector", demand{"guardduty:UpdateDetector", params("DetectorId", "production")}},
	{"detection", false, "delete another application's detector", demand{"guardduty:DeleteDetector", params("DetectorId", "billing")}},
	{"detection", false, "tag production's detector", demand{"guardduty:TagResource", params("ResourceArn", threats+"production", "tags", tag("staging"))}},
	{"detection", false, "tag a detector that nobody tagged as production's", demand{"guardduty:TagResource", params("ResourceArn", threats+"untagged", "tags", tag("production"))}},
	{"detection", false, "tag a detector that nobody tagged as another application's", demand{"guardduty:TagResource", params("ResourceArn", threats+"untagged", "tags", tags("Billing", "staging"))}},
	{"detection", false, "tag a detector that has a project", demand{"guardduty:TagResource", params("ResourceArn", threats+"project", "tags", tag("staging"))}},
	{"detection", false, "tag a detector that has an environment", demand{"guardduty:TagResource", params("ResourceArn", threats+"stage", "tags", tag("staging"))}},
	{"detection", false, "tag something else of GuardDuty", demand{"guardduty:TagResource", params("ResourceArn", "arn:aws:guardduty"+regional+"malware-protection-plan/x", "tags", tag("staging"))}},
	{"detection", true, "have GuardDuty make its role", demand{"iam:CreateServiceLinkedRole", params("RoleName", slr, "AWSServiceName", "guardduty.amazonaws.com")}},
	{"detection", false, "have another service make its role", demand{"iam:CreateServiceLinkedRole", params("RoleName", "AWSServiceRoleForSupport", "AWSServiceName", "support.amazonaws.com")}},
	{"detection", true, "make a health check", demand{"route53:CreateHealthCheck", nil}},
	{"detection", true, "delete a health check", demand{"route53:DeleteHealthCheck", params("HealthCheckId", "x")}},
	{"detection", true, "tag a health check", demand{"route53:ChangeTagsForResource", params("ResourceType", "healthcheck", "ResourceId", "x")}},
	{"detection", false, "tag a zone of names", demand{"route53:ChangeTagsForResource", params("ResourceType", "hostedzone", "ResourceId", "x")}},

	// F. The plan role changes nothing, and reads no value.
	{"plan", true, "read the state", demand{"s3:GetObject", params("bucket", "ohmycoins-terraform-state", "key", "operations/staging/terraform.tfstate")}},
	{"plan", false, "write the state", demand{"s3:PutObject", params("bucket", "ohmycoins-terraform-state", "key", "operations/staging/terraform.tfstate")}},
	{"plan", false, "take the lock", demand{"s3:PutObject", params("bucket", "ohmycoins-terraform-state", "key", "operations/staging/terraform.tfstate.tflock")}},
	{"plan", false, "read production's state", demand{"s3:GetObject", params("bucket", "ohmycoins-terraform-state", "key", "operations/production/terraform.tfstate")}},
	{"plan", false, "read the value", demand{"secretsmanager:GetSecretValue", params("SecretId", "ohmycoins-staging-app-secrets")}},
	{"plan", false, "change an alarm", demand{"cloudwatch:PutMetricAlarm", params("AlarmName", "ohmycoins-staging/alb/5xx-high")}},
	{"infrastructure", true, "change an alarm", demand{"cloudwatch:PutMetricAlarm", params("AlarmName", "ohmycoins-staging/alb/5xx-high")}},
	{"infrastructure", false, "write the state of the application's infrastructure", demand{"s3:PutObject", params("bucket", "ohmycoins-terraform-state", "key", "staging/terraform.tfstate")}},
	{"deployment", false, "write the state", demand{"s3:PutObject", params("bucket", "ohmycoins-terraform-state", "key", "operations/staging/terraform.tfstate")}},
}

// may reports whether a role may make a call, with every permission that it takes.
func (role Role) may(t *testing.T, d demand, resource *Document) bool {
	t.Helper()
	w := world()
	requests, err := w.Ask(d.action, d.parameters)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		decision, err := role.May(request, resource)
		if err != nil {
			t.Fatalf("%s: %v", request, err)
		}
		if !decision.Allowed {
			return false
		}
	}
	return true
}

func readRole(t *testing.T, name string, env environment.Environment) Role {
	t.Helper()
	role, err := ReadRole(name, env, account)
	if err != nil {
		t.Fatal(err)
	}
	return role
}

func TestAttempts(t *testing.T) {
	for name := range policies.Roles {
		for wrong := range wrongs(t, name, readRole(t, name, environment.Staging())) {
			t.Error(wrong)
		}
	}
	for _, a := range attempts {
		// Production's role may what staging's may not only where production is meant.
		if !a.allowed && !strings.Contains(a.what, "production") && !strings.Contains(a.what, "roll out") &&
			readRole(t, a.role, environment.Production()).may(t, a.demand, nil) {
			t.Errorf("the %s role of production may %s", a.role, a.what)
		}
	}
	grant := grantAll(t, self)
	if other := (Role{ARN: self}); !other.may(t, demand{"secretsmanager:GetSecretValue", params("SecretId", "ohmycoins-staging-app-secrets")}, &grant) {
		t.Error("the policy of the secret lets nobody read it: nothing shows that it cannot let a role in")
	}
}

// wrongs yields what a role of staging may and must not, and what it has to and may not.
func wrongs(t *testing.T, name string, role Role) iter.Seq[string] {
	t.Helper()
	return func(yield func(string) bool) {
		for _, a := range attempts {
			if a.role == name && role.may(t, a.demand, nil) != a.allowed && !yield(fmt.Sprintf("the %s role may %s: %v, want %v", name, a.what, !a.allowed, a.allowed)) {
				return
			}
		}
		for _, doc := range role.Policies {
			for _, request := range onOthers(doc) {
				decision, err := role.May(request, nil)
				if (err != nil || decision.Allowed) && !yield(fmt.Sprintf("the %s role may %s: %s, %v", name, request, decision.Why, err)) {
					return
				}
			}
		}
		// No policy of the secret lets the roles of Terraform read or write its values.
		grant := grantAll(t, role.ARN)
		for _, action := range []string{"BatchGetSecretValue", "GetSecretValue", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"} {
			value := demand{"secretsmanager:" + action, params("SecretId", "ohmycoins-staging-app-secrets")}
			if name != "deployment" && role.may(t, value, &grant) && !yield(fmt.Sprintf("the %s role may %s when the secret's own policy says so", name, action)) {
				return
			}
		}
	}
}

// grantAll is a resource's policy that lets a role do everything.
func grantAll(t *testing.T, arn string) Document {
	t.Helper()
	return parse(t, allow(`"Principal": {"AWS": "`+arn+`"}, "Action": "*", "Resource": "*"`))
}

// others are what no role of staging may touch: production's, and other applications'.
var others = []string{
	"arn:aws:budgets::111122223333:budget/ohmycoins-prod-monthly",
	"arn:aws:ce::111122223333:anomalymonitor/production",
	"arn:aws:ce::111122223333:anomalysubscription/production",
	"arn:aws:cloudwatch::111122223333:dashboard/ohmycoins-prod",
	"arn:aws:cloudwatch" + regional + "alarm:ohmycoins-prod/backend/cpu-high",
	"arn:aws:ecr" + regional + "repository/billing",
	"arn:aws:ecs" + regional + "cluster/ohmycoins-prod-cluster",
	"arn:aws:ecs" + regional + "service/ohmycoins-prod-cluster/ohmycoins-prod-backend",
	"arn:aws:ecs" + regional + "task-definition/ohmycoins-prod-backend:1",
	"arn:aws:ecs" + regional + "task/ohmycoins-prod-cluster/1",
	"arn:aws:elasticache" + regional + "cluster:ohmycoins-prod-redis-001",
	"arn:aws:events" + regional + "rule/ohmycoins-prod-rds-failure",
	"arn:aws:guardduty" + regional + "malware-protection-plan/x",
	"arn:aws:iam::111122223333:policy/ohmycoins-prod-app-secrets-read",
	"arn:aws:iam::111122223333:role/ohmycoins-prod-canaries",
	"arn:aws:iam::111122223333:role/ohmycoins-prod-ecs-task-execution-role",
	theirs,
	"arn:aws:kms" + regional + "alias/ohmycoins-prod-alarms",
	"arn:aws:lambda" + regional + "function:cwsyn-ohmycoins-prod-api-1",
	"arn:aws:lambda" + regional + "layer:cwsyn-ohmycoins-prod-api-1:1",
	"arn:aws:lambda:ap-southeast-2:444455556666:layer:private:1",
	"arn:aws:logs" + regional + "log-group:/aws/lambda/cwsyn-ohmycoins-prod-api-1",
	"arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-prod/backend",
	"arn:aws:rds" + regional + "db:ohmycoins-prod-postgres",
	"arn:aws:route53:::hostedzone/x",
	"arn:aws:s3:::ohmycoins-prod-canaries",
	"arn:aws:s3:::ohmycoins-prod-canaries/api",
	"arn:aws:s3:::ohmycoins-terraform-state/deployments/production/lock",
	"arn:aws:s3:::ohmycoins-terraform-state/operations/production/terraform.tfstate",
	"arn:aws:s3:::ohmycoins-terraform-state/operations/production/terraform.tfstate.tflock",
	"arn:aws:secretsmanager" + regional + "secret:ohmycoins-prod-app-secrets-AbCdEf",
	"arn:aws:sns" + regional + "ohmycoins-prod-critical",
	"arn:aws:sqs" + regional + "ohmycoins-prod-undelivered-events",
	"arn:aws:synthetics" + regional + "canary:ohmycoins-prod-api",
}

// onOthers returns requests for each action that a policy allows and each of [others].
// Whatever the caller can choose, it chooses as the policies want it.
func onOthers(doc Document) []Request {
	var all []Request
	for _, s := range doc.Statement {
		if s.Effect == "Deny" {
			continue
		}
		for _, action := range s.Action {
			if slices.Contains(actions[action].on, anything) {
				continue // AWS checks it on nothing
			}
			service, _, _ := strings.Cut(action, ":")
			for _, arn := range others {
				if splitARN(arn)[2] != service {
					continue
				}
				for boundary, passedTo := range map[string]string{"boundary": tasksService, "canaries-boundary": functionsService} {
					all = append(all, Request{Action: action, Resource: arn, Context: map[string][]string{
						"aws:RequestTag/Environment":       {"staging"},
						"aws:RequestTag/Project":           {"Oh My Coins"},
						"aws:ResourceTag/":                 nil,
						"aws:ResourceTag/Environment":      {"production"},
						"aws:ResourceTag/Project":          {"Oh My Coins"},
						"aws:TagKeys":                      {"Environment", "Project"},
						"cloudwatch:AlarmActions":          nil,
						"ecs:cluster":                      {"arn:aws:ecs" + regional + "cluster/ohmycoins-staging-cluster"},
						"ecs:CreateAction":                 {"RegisterTaskDefinition"},
						"ecs:subnet":                       nil,
						"events:TargetArn":                 {"arn:aws:sns" + regional + "ohmycoins-staging-critical"},
						"iam:AWSServiceName":               {"guardduty.amazonaws.com"},
						"iam:PassedToService":              {passedTo},
						"iam:PermissionsBoundary":          {"arn:aws:iam::111122223333:policy/ohmycoins-staging-" + boundary},
						"iam:PolicyARN":                    {"arn:aws:iam::111122223333:policy/ohmycoins-staging-app-secrets-read"},
						"kms:ResourceAliases":              nil,
						"secretsmanager:BlockPublicPolicy": {"true"},
						"sns:Protocol":                     {"email"},
					}})
				}
			}
		}
	}
	return all
}

// A bounded request is one of a role whose policies allow everything, and whether a
// boundary has to let it through.
type bounded struct {
	action, resource string
	want             bool
	context          map[string][]string
}

func namespace(name string) map[string][]string {
	return map[string][]string{"cloudwatch:namespace": {name}}
}

// boundaries leave the roles of the tasks and of the canaries what they need, and nothing
// else whatever their policies say.
var boundaries = map[string][]bounded{
	"boundary": {
		{"ecr:GetAuthorizationToken", "*", true, nil},
		{"ecr:BatchGetImage", "arn:aws:ecr" + regional + "repository/omc-backend", true, nil},
		{"logs:PutLogEvents", "arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-staging/backend:log-stream:x", true, nil},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:ohmycoins-staging-app-secrets-AbCdEf", true, nil},
		{"iam:CreateUser", "arn:aws:iam::111122223333:user/x", false, nil},
		{"iam:AttachRolePolicy", "arn:aws:iam::111122223333:role/x", false, nil},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", false, nil},
		{"s3:GetObject", "arn:aws:s3:::ohmycoins-terraform-state/production/terraform.tfstate", false, nil},
	},
	"canaries-boundary": {
		{"s3:PutObject", "arn:aws:s3:::ohmycoins-staging-canaries/ohmycoins-staging-api/x", true, nil},
		{"s3:PutObject", "arn:aws:s3:::ohmycoins-terraform-state/x", false, nil},
		{"s3:GetObject", "arn:aws:s3:::ohmycoins-terraform-state/x", false, nil},
		{"cloudwatch:PutMetricData", "*", true, namespace("CloudWatchSynthetics")},
		{"cloudwatch:PutMetricData", "*", false, namespace("AWS/ECS")},
		{"logs:PutLogEvents", "arn:aws:logs" + regional + "log-group:/aws/lambda/cwsyn-ohmycoins-staging-api-1:log-stream:x", true, nil},
		{"logs:PutLogEvents", "arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-staging/backend:log-stream:x", false, nil},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:ohmycoins-staging-app-secrets-AbCdEf", false, nil},
	},
}

func TestBoundaries(t *testing.T) {
	for name := range boundaries {
		doc, err := Read(name, environment.Staging(), account)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range bordered(t, name, doc) {
			t.Error(wrong)
		}
	}
}

// bordered returns what is wrong with a boundary.
func bordered(t *testing.T, name string, boundary Document) []string {
	t.Helper()
	role := Role{Policies: []Document{parse(t, allow(`"Action": "*", "Resource": "*"`))}, Boundary: &boundary}
	var wrong []string
	check := func(request Request, want bool) {
		if got, err := role.May(request, nil); err != nil || got.Allowed != want {
			wrong = append(wrong, fmt.Sprintf("%s: %s: %+v, %v; want %v", name, request, got, err, want))
		}
	}
	for _, b := range boundaries[name] {
		check(Request{Action: b.action, Resource: b.resource, Context: b.context}, b.want)
	}
	for _, request := range onOthers(boundary) {
		check(request, false)
	}
	return wrong
}

// TestTrust checks who may assume the roles.
func TestTrust(t *testing.T) {
	for _, name := range policies.Names() {
		if !strings.HasPrefix(name, "trust-") {
			continue
		}
		doc, err := Read(name, environment.Staging(), account)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range trusted(name, doc) {
			t.Error(wrong)
		}
	}
}

// trusted returns what is wrong with a trust policy.
func trusted(name string, doc Document) []string {
	var wrong []string
	check := func(test any, who Principal, request Request, want bool) {
		if got, err := Assume(doc, who, request); err != nil || got.Allowed != want {
			wrong = append(wrong, fmt.Sprintf("%+v of %s as %v: %+v, %v; want %v", test, request.Context, who, got, err, want))
		}
	}
	const (
		main           = "refs/heads/main"
		infrastructure = "ohmycoins/infra/.github/workflows/deploy-infrastructure.yml@"
		application    = "ohmycoins/infra/.github/workflows/deploy-application.yml@"
	)
	for _, test := range []struct {
		trust, sub, ref, workflow string
		want                      bool
	}{
		{"infrastructure", "environment:staging", main, infrastructure + main, true},
		{"infrastructure", "environment:staging", "refs/heads/feature", infrastructure + "refs/heads/feature", false}, // A
		{"infrastructure", "environment:staging", main, "ohmycoins/infra/.github/workflows/ci.yml@" + main, false},
		{"infrastructure", "environment:staging", main, application + main, false},
		{"infrastructure", "environment:staging", "refs/heads/feature", infrastructure + main, false}, // a branch that calls main's workflow
		{"infrastructure", "environment:production", main, infrastructure + main, false},
		{"infrastructure", "ref:refs/heads/main", main, infrastructure + main, false},
		{"infrastructure", "pull_request", "refs/pull/1/merge", infrastructure + main, false},
		{"deployment", "environment:staging", main, application + main, true},
		{"deployment", "environment:staging", "refs/heads/feature", application + main, false},
		{"deployment", "environment:staging", main, infrastructure + main, false},
		{"plan", "ref:refs/heads/main", main, infrastructure + main, true},
		{"plan", "ref:refs/heads/main", main, application + main, false},
		{"plan", "pull_request", "refs/pull/1/merge", "ohmycoins/infra/.github/workflows/ci.yml@refs/pull/1/merge", false},
		{"plan", "ref:refs/heads/feature", "refs/heads/feature", infrastructure + "refs/heads/feature", false},
		{"plan-pull-requests", "ref:refs/heads/main", main, infrastructure + main, true},
		{"plan-pull-requests", "ref:refs/heads/main", main, application + main, false},
		{"plan-pull-requests", "pull_request", "refs/pull/1/merge", "ohmycoins/infra/.github/workflows/ci.yml@refs/pull/1/merge", true},
		{"plan-pull-requests", "environment:staging", main, infrastructure + main, false},
	} {
		if name != "trust-"+test.trust {
			continue
		}
		const issuer = "token.actions.githubusercontent.com"
		github := Principal{"Federated": {"arn:aws:iam::" + account + ":oidc-provider/" + issuer}}
		for _, repository := range []string{"ohmycoins/infra", "ohmycoins/other", "somebody/infra"} {
			request := Request{Action: "sts:AssumeRoleWithWebIdentity", Context: map[string][]string{
				issuer + ":aud": {"sts.amazonaws.com"}, issuer + ":sub": {"repo:" + repository + ":" + test.sub},
				issuer + ":ref": {test.ref}, issuer + ":job_workflow_ref": {test.workflow},
			}}
			check(test, github, request, test.want && repository == "ohmycoins/infra")
			check(test, Principal{"Federated": {"arn:aws:iam::" + account + ":oidc-provider/example.com"}}, request, false)
			request.Context[issuer+":aud"] = []string{"somebody else"}
			check(test, github, request, false)
		}
	}
	return wrong
}
