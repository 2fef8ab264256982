package policy

import (
	"fmt"
	"regexp"
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

func tag(environment string) []any {
	return []any{
		map[string]any{"TagKey": "Project", "TagValue": "Oh My Coins"},
		map[string]any{"TagKey": "Environment", "TagValue": environment},
	}
}

const (
	regional = ":ap-southeast-2:111122223333:"
	ours     = "arn:aws:kms" + regional + "key/staging"
	theirs   = "arn:aws:kms" + regional + "key/production"
	tagged   = "arn:aws:kms" + regional + "key/production-without-alias"
	aliased  = "arn:aws:kms" + regional + "key/aliased-and-not-tagged"
)

// world has a key of each environment and one that nobody tagged.
func world() *World {
	w := NewWorld(account, environment.All()...)
	w.Tags = map[string]map[string]string{
		ours:   {"Project": "Oh My Coins", "Environment": "staging"},
		theirs: {"Project": "Oh My Coins", "Environment": "production"},
		"arn:aws:cloudwatch" + regional + "alarm:ohmycoins-prod/backend/down": {"Project": "Oh My Coins", "Environment": "production"},
		tagged: {"Project": "Oh My Coins", "Environment": "production"},
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
	{"deployment", false, "read the policy of production's key", demand{"kms:GetKeyPolicy", params("KeyId", theirs)}},
	{"deployment", true, "audit who may call a function", demand{"lambda:GetPolicy", params("FunctionName", "ohmycoins-staging-page")}},
	{"deployment", false, "audit who may call production's function", demand{"lambda:GetPolicy", params("FunctionName", "ohmycoins-prod-page")}},
	{"deployment", false, "audit somebody else's topic", demand{"sns:GetTopicAttributes", params("TopicArn", "arn:aws:sns:ap-southeast-2:111122223333:shop-critical")}},
	{"deployment", false, "silence production's alarm", demand{"cloudwatch:SetAlarmState", params("AlarmName", "ohmycoins-prod/alb/5xx-high")}},
	{"deployment", false, "silence an older alarm of production", demand{"cloudwatch:SetAlarmState", params("AlarmName", "ohmycoins-prod-alb-5xx-errors")}},
	{"infrastructure", true, "make an alarm on alarms", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-staging/backend/down", "Tags", tag("staging"))}},
	{"infrastructure", false, "overwrite an alarm on alarms of production", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/backend/down")}},
	{"infrastructure", false, "tag an alarm on alarms as production's", demand{"cloudwatch:PutCompositeAlarm", params("AlarmName", "ohmycoins-prod/new", "Tags", tag("staging"))}},
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
	for _, a := range attempts {
		if got := readRole(t, a.role, environment.Staging()).may(t, a.demand, nil); got != a.allowed {
			t.Errorf("the %s role may %s: %v, want %v", a.role, a.what, got, a.allowed)
		}
		// Production's role may what staging's may not only where production is meant.
		if !a.allowed && !strings.Contains(a.what, "production") && !strings.Contains(a.what, "roll out") &&
			readRole(t, a.role, environment.Production()).may(t, a.demand, nil) {
			t.Errorf("the %s role of production may %s", a.role, a.what)
		}
	}
}

// TestGrantItself checks that no policy of the secret lets the infrastructure role read it.
func TestGrantItself(t *testing.T) {
	role := readRole(t, "infrastructure", environment.Staging())
	grant := parse(t, allow(`"Principal": {"AWS": "`+role.ARN+`"}, "Action": "*", "Resource": "*"`))
	for _, action := range []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"} {
		if role.may(t, demand{action, params("SecretId", "ohmycoins-staging-app-secrets")}, &grant) {
			t.Errorf("the role lets itself %s", action)
		}
	}
	if other := (Role{ARN: role.ARN}); !other.may(t, demand{"secretsmanager:GetSecretValue", params("SecretId", "ohmycoins-staging-app-secrets")}, &grant) {
		t.Error("the policy of the secret lets nobody read it: this test shows nothing")
	}
}

// TestBoundary checks that the boundary leaves the role of the tasks what it needs, and
// nothing else whatever its policies say.
func TestBoundary(t *testing.T) {
	env := environment.Staging()
	boundary, err := Read("boundary", env, account)
	if err != nil {
		t.Fatal(err)
	}
	role := Role{Policies: []Document{parse(t, allow(`"Action": "*", "Resource": "*"`))}, Boundary: &boundary}
	for _, test := range []struct {
		action, resource string
		want             bool
	}{
		{"ecr:GetAuthorizationToken", "*", true},
		{"ecr:BatchGetImage", "arn:aws:ecr" + regional + "repository/omc-backend", true},
		{"logs:PutLogEvents", "arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-staging/backend:log-stream:x", true},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:ohmycoins-staging-app-secrets-AbCdEf", true},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + regional + "secret:ohmycoins-prod-app-secrets-AbCdEf", false},
		{"logs:PutLogEvents", "arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-prod/backend:log-stream:x", false},
		{"iam:CreateUser", "arn:aws:iam::111122223333:user/x", false},
		{"iam:AttachRolePolicy", "arn:aws:iam::111122223333:role/x", false},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", false},
		{"s3:GetObject", "arn:aws:s3:::ohmycoins-terraform-state/production/terraform.tfstate", false},
	} {
		got, err := role.May(Request{Action: test.action, Resource: test.resource}, nil)
		if err != nil || got.Allowed != test.want {
			t.Errorf("%s on %s: %+v, %v; want %v", test.action, test.resource, got, err, test.want)
		}
	}
}

// TestCanariesBoundary is the same for the role of the canaries.
func TestCanariesBoundary(t *testing.T) {
	boundary, err := Read("canaries-boundary", environment.Staging(), account)
	if err != nil {
		t.Fatal(err)
	}
	role := Role{Policies: []Document{parse(t, allow(`"Action": "*", "Resource": "*"`))}, Boundary: &boundary}
	metrics := func(namespace string) map[string][]string {
		return map[string][]string{"cloudwatch:namespace": {namespace}}
	}
	for _, test := range []struct {
		request Request
		want    bool
	}{
		{Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::ohmycoins-staging-canaries/ohmycoins-staging-api/x"}, true},
		{Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::ohmycoins-terraform-state/x"}, false},
		{Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::ohmycoins-terraform-state/x"}, false},
		{Request{Action: "cloudwatch:PutMetricData", Resource: "*", Context: metrics("CloudWatchSynthetics")}, true},
		{Request{Action: "cloudwatch:PutMetricData", Resource: "*", Context: metrics("AWS/ECS")}, false},
		{Request{Action: "logs:PutLogEvents", Resource: "arn:aws:logs" + regional + "log-group:/aws/lambda/cwsyn-ohmycoins-staging-api-1:log-stream:x"}, true},
		{Request{Action: "logs:PutLogEvents", Resource: "arn:aws:logs" + regional + "log-group:/ecs/ohmycoins-staging/backend:log-stream:x"}, false},
		{Request{Action: "secretsmanager:GetSecretValue", Resource: "arn:aws:secretsmanager" + regional + "secret:ohmycoins-staging-app-secrets-AbCdEf"}, false},
	} {
		if got, err := role.May(test.request, nil); err != nil || got.Allowed != test.want {
			t.Errorf("%s: %+v, %v; want %v", test.request, got, err, test.want)
		}
	}
}

// TestTrust checks who may assume the roles.
func TestTrust(t *testing.T) {
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
		{"infrastructure", "environment:production", main, infrastructure + main, false},
		{"infrastructure", "ref:refs/heads/main", main, infrastructure + main, false},
		{"infrastructure", "pull_request", "refs/pull/1/merge", infrastructure + main, false},
		{"deployment", "environment:staging", main, application + main, true},
		{"deployment", "environment:staging", "refs/heads/feature", application + main, false},
		{"deployment", "environment:staging", main, infrastructure + main, false},
		{"plan", "ref:refs/heads/main", main, infrastructure + main, true},
		{"plan", "pull_request", "refs/pull/1/merge", "ohmycoins/infra/.github/workflows/ci.yml@refs/pull/1/merge", false},
		{"plan", "ref:refs/heads/feature", "refs/heads/feature", infrastructure + "refs/heads/feature", false},
		{"plan-pull-requests", "ref:refs/heads/main", main, infrastructure + main, true},
		{"plan-pull-requests", "pull_request", "refs/pull/1/merge", "ohmycoins/infra/.github/workflows/ci.yml@refs/pull/1/merge", true},
		{"plan-pull-requests", "environment:staging", main, infrastructure + main, false},
	} {
		doc, err := Read("trust-"+test.trust, environment.Staging(), account)
		if err != nil {
			t.Fatal(err)
		}
		const issuer = "token.actions.githubusercontent.com"
		for _, repository := range []string{"ohmycoins/infra", "ohmycoins/other", "somebody/infra"} {
			request := Request{Action: "sts:AssumeRoleWithWebIdentity", Context: map[string][]string{
				issuer + ":aud": {"sts.amazonaws.com"}, issuer + ":sub": {"repo:" + repository + ":" + test.sub},
				issuer + ":ref": {test.ref}, issuer + ":job_workflow_ref": {test.workflow},
			}}
			provider := Principal{"Federated": {"arn:aws:iam::" + account + ":oidc-provider/" + issuer}}
			got, err := Assume(doc, provider, request)
			if want := test.want && repository == "ohmycoins/infra"; err != nil || got.Allowed != want {
				t.Errorf("%+v of %s: %+v, %v; want %v", test, repository, got, err, want)
			}
			request.Context[issuer+":aud"] = []string{"somebody else"}
			if got, err := Assume(doc, provider, request); err != nil || got.Allowed {
				t.Errorf("%+v with a token for somebody else: %+v, %v", test, got, err)
			}
		}
	}
}

// TestMutations takes every condition, denial and restriction away, one at a time: a test
// above has to notice each.
func TestMutations(t *testing.T) {
	if len(mutations) == 0 {
		t.Fatal("no mutations")
	}
	for _, m := range mutations {
		role := readRole(t, m.role, environment.Staging())
		text, err := policies.Read(m.file, environment.Staging(), account)
		if err != nil {
			t.Fatal(err)
		}
		pattern := regexp.MustCompile(m.pattern)
		if found := len(pattern.FindAll(text, -1)); found != 1 {
			t.Errorf("%s: %s is there %d times, want once", m.file, m.pattern, found)
			continue
		}
		mutated, err := Parse(pattern.ReplaceAll(text, []byte(m.with)))
		if err != nil {
			t.Errorf("%s: %s: %v", m.file, m.pattern, err)
			continue
		}
		role.Policies[slices.Index(policies.Roles[m.role], m.file)] = mutated
		if !slices.ContainsFunc(attempts, func(a attempt) bool {
			return a.role == m.role && role.may(t, a.demand, nil) != a.allowed
		}) {
			t.Errorf("%s: nothing notices that %s became %q", m.file, m.pattern, m.with)
		}
	}
}

// mutations are policies that are wrong in one place.
var mutations = []struct{ role, file, pattern, with string }{
	{"infrastructure", "write", `,\s*"StringEquals": \{"iam:PermissionsBoundary": "[^"]*"\}`, ""},
	{"infrastructure", "write", `"ArnEquals": \{"iam:PolicyARN": "[^"]*"\},`, ""},
	{"infrastructure", "write", `policy/ohmycoins-staging-app-secrets-read"\n    \},\n    \{\n      "Sid": "Attach`, "policy/*\"}, {\"Sid\": \"Attach"},
	{"infrastructure", "write", `"aws:ResourceTag/Project": "true", "aws:ResourceTag/Environment": "true", `, ""},
	{"infrastructure", "write", `, "kms:ResourceAliases": "true"`, ""},
	{"infrastructure", "write", `,\s*"Condition": \{"StringEquals": \{"aws:ResourceTag/Project": "Oh My Coins", "aws:ResourceTag/Environment": "staging"\}\}`, ""},
	{"infrastructure", "write", `alias/ohmycoins-staging-alarms`, "alias/*"},
	{"infrastructure", "write", `,\s*"Condition": \{"Bool": \{"secretsmanager:BlockPublicPolicy": "true"\}\}`, ""},
	{"infrastructure", "write", `,\s*"Condition": \{"StringEquals": \{"sns:Protocol": \["email", "https"\]\}\}`, ""},
	{"infrastructure", "write", `alarm:ohmycoins-staging/\*`, "alarm:*"},
	{"infrastructure", "write-canaries", `,\s*"Condition": \{"StringEquals": \{"iam:PermissionsBoundary": "[^"]*"\}\}`, ""},
	{"infrastructure", "write-canaries", `,\s*"Condition": \{"StringEquals": \{"iam:PassedToService": \[[^]]*\]\}\}`, ""},
	{"infrastructure", "write-canaries", `canary:ohmycoins-staging-\*`, "canary:*"},
	{"infrastructure", "write-canaries", `function:cwsyn-ohmycoins-staging-\*`, "function:*"},
	{"deployment", "deployment", `,\s*"Condition": \{"StringEquals": \{"iam:PassedToService": "ecs-tasks.amazonaws.com"\}\}`, ""},
	{"deployment", "deployment", `role/ohmycoins-staging-ecs-task-role`, "role/*"},
	{"deployment", "deployment", `(backend:\*",\s*"Condition": )\{"ArnEquals": \{"ecs:cluster": "[^"]*"\}\}`, `$1{"Null": {"aws:RequestedRegion": "false"}}`},
	{"deployment", "deployment", `,\s*"Condition": \{"Null": \{"ecs:subnet": "true"\}\}`, ""},
	{"deployment", "deployment", `alarm:ohmycoins-staging/\*`, "alarm:*"},
	{"deployment", "deployment", `,\s*"Condition": \{"StringEquals": \{"cloudwatch:namespace": "[^"]*"\}\}`, ""},
	{"infrastructure", "write", `,\s*"Condition": \{"StringEqualsIfExists": \{"aws:ResourceTag/Environment": "staging"\}\}`, ""},
	{"deployment", "deployment", `secret:ohmycoins-staging-app-secrets-\*`, "secret:*"},
	{"deployment", "deployment", `deployments/staging/\*`, "*"},
	{"plan", "read", `operations/staging/terraform.tfstate`, "*"},
	{"infrastructure", "read", `"sns:GetSubscriptionAttributes", `, ""},
}
