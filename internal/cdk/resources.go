package cdk

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchdashboard"
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
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// MetricAlarm is aws_cloudwatch_metric_alarm.
type MetricAlarm struct {
	Name, Description       string
	Namespace, Metric       string
	Dimensions              map[string]string
	Statistic               string
	Comparison              string
	Threshold               float64
	PeriodSeconds, Periods  int
	MissingData             string
	AlarmActions, OKActions []string
	InsufficientDataActions []string
	Tags                    map[string]string
}

// NewMetricAlarm returns the ARN of the alarm.
func NewMetricAlarm(scope Scope, id string, cfg MetricAlarm) string {
	return *cloudwatchmetricalarm.NewCloudwatchMetricAlarm(scope, jsii.String(id), &cloudwatchmetricalarm.CloudwatchMetricAlarmConfig{
		AlarmName:               String(cfg.Name),
		AlarmDescription:        String(cfg.Description),
		Namespace:               String(cfg.Namespace),
		MetricName:              String(cfg.Metric),
		Dimensions:              Map(cfg.Dimensions),
		Statistic:               String(cfg.Statistic),
		ComparisonOperator:      String(cfg.Comparison),
		Threshold:               jsii.Number(cfg.Threshold),
		Period:                  jsii.Number(cfg.PeriodSeconds),
		EvaluationPeriods:       jsii.Number(cfg.Periods),
		TreatMissingData:        String(cfg.MissingData),
		AlarmActions:            Strings(cfg.AlarmActions),
		OkActions:               Strings(cfg.OKActions),
		InsufficientDataActions: Strings(cfg.InsufficientDataActions),
		Tags:                    Map(cfg.Tags),
	}).Arn()
}

// NewDashboard makes an aws_cloudwatch_dashboard.
func NewDashboard(scope Scope, id, name, body string) {
	cloudwatchdashboard.NewCloudwatchDashboard(scope, jsii.String(id), &cloudwatchdashboard.CloudwatchDashboardConfig{
		DashboardName: String(name),
		DashboardBody: String(body),
	})
}

// Topic is aws_sns_topic.
type Topic struct {
	Name      string
	KMSKeyARN string
	Tags      map[string]string
}

// NewTopic returns the ARN of the topic.
func NewTopic(scope Scope, id string, cfg Topic) string {
	return *snstopic.NewSnsTopic(scope, jsii.String(id), &snstopic.SnsTopicConfig{
		Name:           String(cfg.Name),
		KmsMasterKeyId: String(cfg.KMSKeyARN),
		Tags:           Map(cfg.Tags),
	}).Arn()
}

// NewTopicPolicy makes an aws_sns_topic_policy.
func NewTopicPolicy(scope Scope, id, topicARN, policy string) {
	snstopicpolicy.NewSnsTopicPolicy(scope, jsii.String(id), &snstopicpolicy.SnsTopicPolicyConfig{
		Arn:    String(topicARN),
		Policy: String(policy),
	})
}

// NewSubscription makes an aws_sns_topic_subscription.
func NewSubscription(scope Scope, id, topicARN, protocol, endpoint string) {
	snstopicsubscription.NewSnsTopicSubscription(scope, jsii.String(id), &snstopicsubscription.SnsTopicSubscriptionConfig{
		TopicArn: String(topicARN),
		Protocol: String(protocol),
		Endpoint: String(endpoint),
	})
}

// NewKey makes an aws_kms_key with yearly rotation and the account's default key
// policy, and an alias for it ("alias/…"). It returns the ARN and the id of the key.
func NewKey(scope Scope, id, alias, description string, tags map[string]string) (arn, keyID string) {
	key := kmskey.NewKmsKey(scope, jsii.String(id), &kmskey.KmsKeyConfig{
		Description:          String(description),
		EnableKeyRotation:    jsii.Bool(true),
		DeletionWindowInDays: jsii.Number(30),
		Tags:                 Map(tags),
	})
	kmsalias.NewKmsAlias(scope, jsii.String(id+"-alias"), &kmsalias.KmsAliasConfig{
		Name:        String(alias),
		TargetKeyId: key.KeyId(),
	})
	return *key.Arn(), *key.KeyId()
}

// NewKeyPolicy replaces the policy of a key (aws_kms_key_policy). The provider
// takes an ARN for the key's id too, and then plans an update for ever.
func NewKeyPolicy(scope Scope, id, keyID, policy string) {
	kmskeypolicy.NewKmsKeyPolicy(scope, jsii.String(id), &kmskeypolicy.KmsKeyPolicyConfig{
		KeyId:  String(keyID),
		Policy: String(policy),
	})
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

// NewSecret returns the ARN, id and name of the secret.
func NewSecret(scope Scope, id string, cfg Secret) (arn, secretID, name string) {
	secret := secretsmanagersecret.NewSecretsmanagerSecret(scope, jsii.String(id), &secretsmanagersecret.SecretsmanagerSecretConfig{
		Name:                 String(cfg.Name),
		Description:          String(cfg.Description),
		KmsKeyId:             String(cfg.KMSKeyARN),
		RecoveryWindowInDays: jsii.Number(cfg.RecoveryDays),
		Tags:                 Map(cfg.Tags),
	})
	if cfg.AdoptARN != "" {
		secret.ImportFrom(jsii.String(cfg.AdoptARN), nil)
	}
	if cfg.Protect {
		secret.SetLifecycle(&cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(true)})
	}
	return *secret.Arn(), *secret.Id(), *secret.Name()
}

// NewSecretPolicy makes an aws_secretsmanager_secret_policy that Secrets Manager
// refuses when it would make the secret public.
func NewSecretPolicy(scope Scope, id, secretARN, policy string) {
	secretsmanagersecretpolicy.NewSecretsmanagerSecretPolicy(scope, jsii.String(id), &secretsmanagersecretpolicy.SecretsmanagerSecretPolicyConfig{
		SecretArn:         String(secretARN),
		Policy:            String(policy),
		BlockPublicPolicy: jsii.Bool(true),
	})
}

// NewPolicy makes an aws_iam_policy and returns its ARN and name.
func NewPolicy(scope Scope, id, name, description, document string, tags map[string]string) (arn, policyName string) {
	policy := iampolicy.NewIamPolicy(scope, jsii.String(id), &iampolicy.IamPolicyConfig{
		Name:        String(name),
		Description: String(description),
		Policy:      String(document),
		Tags:        Map(tags),
	})
	return *policy.Arn(), *policy.Name()
}

// NewRoleAttachment makes an aws_iam_role_policy_attachment.
func NewRoleAttachment(scope Scope, id, role, policyARN string) {
	iamrolepolicyattachment.NewIamRolePolicyAttachment(scope, jsii.String(id), &iamrolepolicyattachment.IamRolePolicyAttachmentConfig{
		Role:      String(role),
		PolicyArn: String(policyARN),
	})
}
