package cdk

import (
	"time"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchcompositealarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchdashboard"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatcheventrule"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatcheventtarget"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchlogmetricfilter"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iampolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicyattachment"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/kmsalias"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/kmskey"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/kmskeypolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecret"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecretpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopic"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopicpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopicsubscription"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/sqsqueue"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Each function here makes one resource, NewX(scope, id, X) XRef: X says what is
// wanted in plain Go, and XRef is how others refer to what was made. Construct is
// the binding's own object.

// AlarmRef is an alarm that was made.
type AlarmRef struct {
	Construct Scope
	ARN       string
	name      func() *string
}

// Name returns a reference to the alarm's name, by which rules of composite alarms
// depend on it.
func (r AlarmRef) Name() string { return *r.name() }

// NewMetricAlarm makes an aws_cloudwatch_metric_alarm.
func NewMetricAlarm(scope Scope, id string, a cloudwatch.MetricAlarm) AlarmRef {
	cfg := &cloudwatchmetricalarm.CloudwatchMetricAlarmConfig{
		AlarmName:                         String(a.Name),
		AlarmDescription:                  String(a.Description),
		ComparisonOperator:                String(string(a.ComparisonOperator)),
		EvaluationPeriods:                 jsii.Number(a.EvaluationPeriods),
		DatapointsToAlarm:                 count(a.DatapointsToAlarm),
		TreatMissingData:                  String(string(a.TreatMissingData)),
		EvaluateLowSampleCountPercentiles: String(a.EvaluateLowSampleCountPercentile),
		ThresholdMetricId:                 String(a.ThresholdMetricID),
		AlarmActions:                      Strings(a.Actions.Alarm),
		OkActions:                         Strings(a.Actions.OK),
		InsufficientDataActions:           Strings(a.Actions.InsufficientData),
		Tags:                              Map(a.Tags),
	}
	if a.ThresholdMetricID == "" {
		cfg.Threshold = jsii.Number(a.Threshold)
	}
	if a.Actions.Disabled {
		cfg.ActionsEnabled = jsii.Bool(false)
	}
	if a.IsSimple() {
		m := a.Queries[0].Metric
		cfg.Namespace, cfg.MetricName = String(m.Namespace), String(m.Name)
		cfg.Dimensions = dimensions(m)
		cfg.Period = seconds(m.Period)
		cfg.Unit = String(string(m.OnlyUnit))
		switch m.Stat {
		case cloudwatch.Average, cloudwatch.Sum, cloudwatch.Minimum, cloudwatch.Maximum, cloudwatch.SampleCount:
			cfg.Statistic = String(m.Stat)
		default:
			cfg.ExtendedStatistic = String(m.Stat)
		}
	} else {
		cfg.MetricQuery = metricQueries(a.Queries)
	}
	alarm := cloudwatchmetricalarm.NewCloudwatchMetricAlarm(scope, jsii.String(id), cfg)
	return AlarmRef{Construct: alarm, ARN: *alarm.Arn(), name: alarm.AlarmName}
}

func metricQueries(queries []cloudwatch.Query) []*cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery {
	var list []*cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery
	for _, q := range queries {
		query := &cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery{
			Id:         String(q.ID),
			Expression: String(q.Expression),
			Label:      String(q.Label),
		}
		if q.Period != 0 {
			query.Period = seconds(q.Period)
		}
		if q.ReturnData {
			query.ReturnData = jsii.Bool(true)
		}
		if m := q.Metric; q.Expression == "" {
			query.Metric = &cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQueryMetric{
				Namespace:  String(m.Namespace),
				MetricName: String(m.Name),
				Dimensions: dimensions(m),
				Period:     seconds(m.Period),
				Stat:       String(m.Stat),
				Unit:       String(string(m.OnlyUnit)),
			}
		}
		list = append(list, query)
	}
	return list
}

func dimensions(m cloudwatch.Metric) *map[string]*string {
	all := make(map[string]string, len(m.Dimensions))
	for _, d := range m.Dimensions {
		all[d.Name] = d.Value
	}
	return Map(all)
}

func seconds(d time.Duration) *float64 { return jsii.Number(d.Seconds()) }

// count returns nil for 0, which leaves the attribute out.
func count(n int) *float64 {
	if n == 0 {
		return nil
	}
	return jsii.Number(n)
}

// NewCompositeAlarm makes an aws_cloudwatch_composite_alarm.
func NewCompositeAlarm(scope Scope, id string, a cloudwatch.CompositeAlarm) AlarmRef {
	cfg := &cloudwatchcompositealarm.CloudwatchCompositeAlarmConfig{
		AlarmName:               String(a.Name),
		AlarmDescription:        String(a.Description),
		AlarmRule:               String(a.AlarmRule),
		AlarmActions:            Strings(a.Actions.Alarm),
		OkActions:               Strings(a.Actions.OK),
		InsufficientDataActions: Strings(a.Actions.InsufficientData),
		Tags:                    Map(a.Tags),
	}
	if a.Actions.Disabled {
		cfg.ActionsEnabled = jsii.Bool(false)
	}
	if a.ActionsSuppressor != "" {
		cfg.ActionsSuppressor = &cloudwatchcompositealarm.CloudwatchCompositeAlarmActionsSuppressor{
			Alarm:           String(a.ActionsSuppressor),
			WaitPeriod:      seconds(a.ActionsSuppressorWaitPeriod),
			ExtensionPeriod: seconds(a.ActionsSuppressorExtensionPeriod),
		}
	}
	alarm := cloudwatchcompositealarm.NewCloudwatchCompositeAlarm(scope, jsii.String(id), cfg)
	return AlarmRef{Construct: alarm, ARN: *alarm.Arn(), name: alarm.AlarmName}
}

// MetricFilterRef is a metric filter that was made.
type MetricFilterRef struct{ Construct Scope }

// NewMetricFilter makes an aws_cloudwatch_log_metric_filter.
func NewMetricFilter(scope Scope, id string, f cloudwatch.MetricFilter) MetricFilterRef {
	transformation := &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterMetricTransformation{
		Namespace:  String(f.Namespace),
		Name:       String(f.MetricName),
		Value:      String(f.Value),
		Dimensions: Map(f.Dimensions),
		Unit:       String(string(f.Unit)),
	}
	if f.Default != "" {
		transformation.DefaultValue = String(f.Default)
	}
	return MetricFilterRef{cloudwatchlogmetricfilter.NewCloudwatchLogMetricFilter(scope, jsii.String(id), &cloudwatchlogmetricfilter.CloudwatchLogMetricFilterConfig{
		Name:                 String(f.Name),
		LogGroupName:         String(f.LogGroup),
		Pattern:              jsii.String(f.Pattern), // "" is a pattern that matches everything
		MetricTransformation: transformation,
	})}
}

// Dashboard is aws_cloudwatch_dashboard.
type Dashboard struct{ Name, Body string }

// DashboardRef is a dashboard that was made.
type DashboardRef struct{ Construct Scope }

// NewDashboard makes an aws_cloudwatch_dashboard.
func NewDashboard(scope Scope, id string, d Dashboard) DashboardRef {
	return DashboardRef{cloudwatchdashboard.NewCloudwatchDashboard(scope, jsii.String(id), &cloudwatchdashboard.CloudwatchDashboardConfig{
		DashboardName: String(d.Name),
		DashboardBody: String(d.Body),
	})}
}

// Topic is aws_sns_topic.
type Topic struct {
	Name      string
	KMSKeyARN string
	Tags      map[string]string
}

// TopicRef is a topic that was made.
type TopicRef struct {
	Construct Scope
	ARN       string
}

// NewTopic makes an aws_sns_topic.
func NewTopic(scope Scope, id string, t Topic) TopicRef {
	topic := snstopic.NewSnsTopic(scope, jsii.String(id), &snstopic.SnsTopicConfig{
		Name:           String(t.Name),
		KmsMasterKeyId: String(t.KMSKeyARN),
		Tags:           Map(t.Tags),
	})
	return TopicRef{topic, *topic.Arn()}
}

// TopicPolicy is aws_sns_topic_policy.
type TopicPolicy struct{ TopicARN, Policy string }

// TopicPolicyRef is a topic policy that was made.
type TopicPolicyRef struct{ Construct Scope }

// NewTopicPolicy makes an aws_sns_topic_policy.
func NewTopicPolicy(scope Scope, id string, p TopicPolicy) TopicPolicyRef {
	return TopicPolicyRef{snstopicpolicy.NewSnsTopicPolicy(scope, jsii.String(id), &snstopicpolicy.SnsTopicPolicyConfig{
		Arn:    String(p.TopicARN),
		Policy: String(p.Policy),
	})}
}

// Subscription is aws_sns_topic_subscription.
type Subscription struct{ TopicARN, Protocol, Endpoint string }

// SubscriptionRef is a subscription that was made.
type SubscriptionRef struct{ Construct Scope }

// NewSubscription makes an aws_sns_topic_subscription.
func NewSubscription(scope Scope, id string, s Subscription) SubscriptionRef {
	return SubscriptionRef{snstopicsubscription.NewSnsTopicSubscription(scope, jsii.String(id), &snstopicsubscription.SnsTopicSubscriptionConfig{
		TopicArn: String(s.TopicARN),
		Protocol: String(s.Protocol),
		Endpoint: String(s.Endpoint),
	})}
}

// EventRule is aws_cloudwatch_event_rule on the default bus.
type EventRule struct {
	Name, Description, Pattern string
	// ReadCalls also matches calls that only read, which CloudTrail tells of.
	ReadCalls bool
	Tags      map[string]string
}

// EventRuleRef is a rule that was made.
type EventRuleRef struct {
	Construct Scope
	ARN       string
	name      *string
}

// NewEventRule makes an aws_cloudwatch_event_rule.
func NewEventRule(scope Scope, id string, r EventRule) EventRuleRef {
	cfg := &cloudwatcheventrule.CloudwatchEventRuleConfig{
		Name:         String(r.Name),
		Description:  String(r.Description),
		EventPattern: String(r.Pattern),
		Tags:         Map(r.Tags),
	}
	if r.ReadCalls {
		cfg.State = jsii.String("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
	}
	rule := cloudwatcheventrule.NewCloudwatchEventRule(scope, jsii.String(id), cfg)
	return EventRuleRef{rule, *rule.Arn(), rule.Name()}
}

// EventTarget is aws_cloudwatch_event_target: what a rule sends a message to.
type EventTarget struct {
	Rule EventRuleRef
	// ID is the target's name among those of the rule.
	ID  string
	ARN string
	// Template is the message, Paths what stands for its placeholders.
	Template string
	Paths    map[string]string
	// MaxAge is how long a delivery is tried. What could not be delivered goes to the
	// queue with the ARN DeadLetters.
	MaxAge      time.Duration
	DeadLetters string
}

// EventTargetRef is a target that was made.
type EventTargetRef struct{ Construct Scope }

// NewEventTarget makes an aws_cloudwatch_event_target.
func NewEventTarget(scope Scope, id string, t EventTarget) EventTargetRef {
	return EventTargetRef{cloudwatcheventtarget.NewCloudwatchEventTarget(scope, jsii.String(id), &cloudwatcheventtarget.CloudwatchEventTargetConfig{
		Rule:     t.Rule.name,
		TargetId: String(t.ID),
		Arn:      String(t.ARN),
		InputTransformer: &cloudwatcheventtarget.CloudwatchEventTargetInputTransformer{
			InputPaths:    Map(t.Paths),
			InputTemplate: String(t.Template),
		},
		RetryPolicy:      &cloudwatcheventtarget.CloudwatchEventTargetRetryPolicy{MaximumEventAgeInSeconds: seconds(t.MaxAge), MaximumRetryAttempts: jsii.Number(185)},
		DeadLetterConfig: &cloudwatcheventtarget.CloudwatchEventTargetDeadLetterConfig{Arn: String(t.DeadLetters)},
	})}
}

// Queue is aws_sqs_queue, encrypted with the key of SQS.
type Queue struct {
	Name, Policy string
	// Retention is how long a message is kept.
	Retention time.Duration
	Tags      map[string]string
}

// QueueRef is a queue that was made.
type QueueRef struct {
	Construct Scope
	ARN, URL  string
}

// NewQueue makes an aws_sqs_queue.
func NewQueue(scope Scope, id string, q Queue) QueueRef {
	queue := sqsqueue.NewSqsQueue(scope, jsii.String(id), &sqsqueue.SqsQueueConfig{
		Name:                    String(q.Name),
		Policy:                  String(q.Policy),
		MessageRetentionSeconds: seconds(q.Retention),
		SqsManagedSseEnabled:    jsii.Bool(true),
		Tags:                    Map(q.Tags),
	})
	return QueueRef{queue, *queue.Arn(), *queue.Url()}
}

// Key is aws_kms_key with yearly rotation and the account's default key policy,
// and an alias for it ("alias/…").
type Key struct {
	Alias, Description string
	Tags               map[string]string
}

// KeyRef is a key that was made.
type KeyRef struct {
	Construct Scope
	ARN, ID   string
}

// NewKey makes an aws_kms_key and an aws_kms_alias.
func NewKey(scope Scope, id string, k Key) KeyRef {
	key := kmskey.NewKmsKey(scope, jsii.String(id), &kmskey.KmsKeyConfig{
		Description:          String(k.Description),
		EnableKeyRotation:    jsii.Bool(true),
		DeletionWindowInDays: jsii.Number(30),
		Tags:                 Map(k.Tags),
	})
	kmsalias.NewKmsAlias(scope, jsii.String(id+"-alias"), &kmsalias.KmsAliasConfig{
		Name:        String(k.Alias),
		TargetKeyId: key.KeyId(),
	})
	return KeyRef{key, *key.Arn(), *key.KeyId()}
}

// KeyPolicy is aws_kms_key_policy. The provider takes an ARN for the key's id too,
// and then plans an update for ever.
type KeyPolicy struct{ KeyID, Policy string }

// KeyPolicyRef is a key policy that was made.
type KeyPolicyRef struct{ Construct Scope }

// NewKeyPolicy replaces the policy of a key: aws_kms_key_policy.
func NewKeyPolicy(scope Scope, id string, p KeyPolicy) KeyPolicyRef {
	return KeyPolicyRef{kmskeypolicy.NewKmsKeyPolicy(scope, jsii.String(id), &kmskeypolicy.KmsKeyPolicyConfig{
		KeyId:  String(p.KeyID),
		Policy: String(p.Policy),
	})}
}

// Secret is aws_secretsmanager_secret.
type Secret struct {
	Name, Description string
	KMSKeyARN         string
	RecoveryDays      float64
	Tags              map[string]string
	// AdoptARN is the ARN of a secret that exists and is imported into the state.
	AdoptARN string
	// Protect makes Terraform refuse to destroy the secret.
	Protect bool
}

// SecretRef is a secret that was made.
type SecretRef struct {
	Construct     Scope
	ARN, ID, Name string
}

// NewSecret makes an aws_secretsmanager_secret.
func NewSecret(scope Scope, id string, s Secret) SecretRef {
	secret := secretsmanagersecret.NewSecretsmanagerSecret(scope, jsii.String(id), &secretsmanagersecret.SecretsmanagerSecretConfig{
		Name:                 String(s.Name),
		Description:          String(s.Description),
		KmsKeyId:             String(s.KMSKeyARN),
		RecoveryWindowInDays: jsii.Number(s.RecoveryDays),
		Tags:                 Map(s.Tags),
	})
	if s.AdoptARN != "" {
		secret.ImportFrom(jsii.String(s.AdoptARN), nil)
	}
	if s.Protect {
		secret.SetLifecycle(&cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(true)})
	}
	return SecretRef{secret, *secret.Arn(), *secret.Id(), *secret.Name()}
}

// SecretPolicy is aws_secretsmanager_secret_policy.
type SecretPolicy struct{ SecretARN, Policy string }

// SecretPolicyRef is the policy of a secret that was made.
type SecretPolicyRef struct{ Construct Scope }

// NewSecretPolicy makes an aws_secretsmanager_secret_policy that Secrets Manager
// refuses when it would make the secret public.
func NewSecretPolicy(scope Scope, id string, p SecretPolicy) SecretPolicyRef {
	return SecretPolicyRef{secretsmanagersecretpolicy.NewSecretsmanagerSecretPolicy(scope, jsii.String(id), &secretsmanagersecretpolicy.SecretsmanagerSecretPolicyConfig{
		SecretArn:         String(p.SecretARN),
		Policy:            String(p.Policy),
		BlockPublicPolicy: jsii.Bool(true),
	})}
}

// Policy is aws_iam_policy.
type Policy struct {
	Name, Description, Document string
	Tags                        map[string]string
}

// PolicyRef is an IAM policy that was made.
type PolicyRef struct {
	Construct Scope
	ARN, Name string
}

// NewPolicy makes an aws_iam_policy.
func NewPolicy(scope Scope, id string, p Policy) PolicyRef {
	policy := iampolicy.NewIamPolicy(scope, jsii.String(id), &iampolicy.IamPolicyConfig{
		Name:        String(p.Name),
		Description: String(p.Description),
		Policy:      String(p.Document),
		Tags:        Map(p.Tags),
	})
	return PolicyRef{policy, *policy.Arn(), *policy.Name()}
}

// RoleAttachment is aws_iam_role_policy_attachment.
type RoleAttachment struct{ Role, PolicyARN string }

// RoleAttachmentRef is an attachment of a policy that was made.
type RoleAttachmentRef struct{ Construct Scope }

// NewRoleAttachment makes an aws_iam_role_policy_attachment.
func NewRoleAttachment(scope Scope, id string, a RoleAttachment) RoleAttachmentRef {
	return RoleAttachmentRef{iamrolepolicyattachment.NewIamRolePolicyAttachment(scope, jsii.String(id), &iamrolepolicyattachment.IamRolePolicyAttachmentConfig{
		Role:      String(a.Role),
		PolicyArn: String(a.PolicyARN),
	})}
}
