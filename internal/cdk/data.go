package cdk

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawscalleridentity"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawscloudwatchloggroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsdbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsdynamodbtable"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsecscluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsecsservice"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawselasticachecluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiampolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiampolicydocument"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiamrole"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslambdafunction"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslbtargetgroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawssecretsmanagersecret"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawssnstopic"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawssqsqueue"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// Statement is one statement of an IAM policy.
type Statement struct {
	SID string
	// Deny makes the statement deny; the default allows.
	Deny      bool
	Actions   []string
	Resources []string
	// PrincipalType is "AWS", "Service" or "*"; "" leaves the principal out, as in
	// policies of identities.
	PrincipalType string
	Principals    []string
	Conditions    []Condition
}

// Condition restricts a statement: one of the values has to be that of the variable.
// Condition{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{account}}.
type Condition struct {
	Test, Variable string
	Values         []string
}

// PolicyDocument is aws_iam_policy_document.
type PolicyDocument struct{ Statements []Statement }

// PolicyDocumentRef is a policy. Terraform renders its JSON, so that the
// synthesized output shows statements instead of escaped JSON.
type PolicyDocumentRef struct{ JSON string }

// NewPolicyDocument makes a policy that resources refer to.
func NewPolicyDocument(scope Scope, id string, cfg PolicyDocument) PolicyDocumentRef {
	var list []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement
	for _, s := range cfg.Statements {
		statement := &dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement{
			Sid:       String(s.SID),
			Effect:    jsii.String("Allow"),
			Actions:   Strings(s.Actions),
			Resources: Strings(s.Resources),
		}
		if s.Deny {
			statement.Effect = jsii.String("Deny")
		}
		if s.PrincipalType != "" {
			statement.Principals = []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementPrincipals{
				{Type: String(s.PrincipalType), Identifiers: Strings(s.Principals)},
			}
		}
		var conditions []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementCondition
		for _, c := range s.Conditions {
			conditions = append(conditions, &dataawsiampolicydocument.DataAwsIamPolicyDocumentStatementCondition{
				Test: String(c.Test), Variable: String(c.Variable), Values: Strings(c.Values),
			})
		}
		if len(conditions) > 0 {
			statement.Condition = conditions
		}
		list = append(list, statement)
	}
	document := dataawsiampolicydocument.NewDataAwsIamPolicyDocument(scope, jsii.String(id),
		&dataawsiampolicydocument.DataAwsIamPolicyDocumentConfig{Statement: list})
	return PolicyDocumentRef{JSON: *document.Json()}
}

// LookUp is a data source that finds one thing by its name.
type LookUp struct {
	// Name is the name in AWS.
	Name string
	// ClusterARN is the cluster of an ECS service.
	ClusterARN string
	// Provider is the alias of the AWS provider to ask; "" asks the default one.
	Provider string
	// Checks are made after the reading.
	Checks []Check
}

// Check is what an attribute must be; a string or a float64.
type Check struct {
	Attribute string
	Want      any
	// Else begins what Terraform says when it is not.
	Else string
}

// LookUpRef is what was found, as references; "" is what such things do not have.
type LookUpRef struct {
	ARN string
	// ARNSuffix is the dimension that CloudWatch knows load balancers and target
	// groups by.
	ARNSuffix string
	// URL is where a queue is reached.
	URL string
}

// lifecycle returns the checks as postconditions.
func (l LookUp) lifecycle() *cdktf.TerraformResourceLifecycle {
	if len(l.Checks) == 0 {
		return nil
	}
	var conditions []*cdktf.Postcondition
	for _, c := range l.Checks {
		self := cdktf.TerraformSelf_GetAny(jsii.String(c.Attribute))
		conditions = append(conditions, &cdktf.Postcondition{
			Condition: cdktf.Op_Eq(self, c.Want),
			// What has no value at all would make the message fail.
			ErrorMessage: jsii.String(fmt.Sprintf(`%s is ${coalesce(self.%s, "empty")}, want %s.`, c.Else, c.Attribute, text(c.Want))),
		})
	}
	return &cdktf.TerraformResourceLifecycle{Postcondition: &conditions}
}

// text writes a string or a number, which may be references, into a string.
func text(v any) string {
	if number, ok := v.(float64); ok && token.IsNumber(number) {
		return *cdktf.Token_AsString(number, nil)
	}
	return fmt.Sprint(v)
}

// ask has source use the provider with that alias.
func (l LookUp) ask(source cdktf.TerraformDataSource) {
	CheckProvider(source, l.Provider, nil)
	if l.Provider != "" {
		UseProvider(source, l.Provider)
	}
}

// NewFoundLoadBalancer finds a load balancer.
func NewFoundLoadBalancer(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawslb.NewDataAwsLb(scope, jsii.String(id), &dataawslb.DataAwsLbConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn(), ARNSuffix: *found.ArnSuffix()}
}

// NewFoundTargetGroup finds a target group.
func NewFoundTargetGroup(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawslbtargetgroup.NewDataAwsLbTargetGroup(scope, jsii.String(id), &dataawslbtargetgroup.DataAwsLbTargetGroupConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn(), ARNSuffix: *found.ArnSuffix()}
}

// NewFoundCluster finds an ECS cluster. What has that id in scope already is not looked
// for again.
func NewFoundCluster(scope Scope, id string, cfg LookUp) LookUpRef {
	found, ok := scope.Node().TryFindChild(jsii.String(id)).(dataawsecscluster.DataAwsEcsCluster)
	if !ok {
		found = dataawsecscluster.NewDataAwsEcsCluster(scope, jsii.String(id), &dataawsecscluster.DataAwsEcsClusterConfig{
			ClusterName: String(cfg.Name), Lifecycle: cfg.lifecycle(),
		})
		cfg.ask(found)
	}
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundService finds an ECS service.
func NewFoundService(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawsecsservice.NewDataAwsEcsService(scope, jsii.String(id), &dataawsecsservice.DataAwsEcsServiceConfig{
		ClusterArn: String(cfg.ClusterARN), ServiceName: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundDatabase finds an RDS instance.
func NewFoundDatabase(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawsdbinstance.NewDataAwsDbInstance(scope, jsii.String(id), &dataawsdbinstance.DataAwsDbInstanceConfig{
		DbInstanceIdentifier: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.DbInstanceArn()}
}

// NewFoundCacheNode finds an ElastiCache node.
func NewFoundCacheNode(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawselasticachecluster.NewDataAwsElasticacheCluster(scope, jsii.String(id), &dataawselasticachecluster.DataAwsElasticacheClusterConfig{
		ClusterId: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundRole finds an IAM role.
func NewFoundRole(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawsiamrole.NewDataAwsIamRole(scope, jsii.String(id), &dataawsiamrole.DataAwsIamRoleConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundPolicy finds a policy of the account by its ARN: a look-up by name would have to
// list every policy that there is. Those of one scope and provider share the look-up of
// the account.
func NewFoundPolicy(scope Scope, id string, cfg LookUp) LookUpRef {
	accountID := "account"
	if cfg.Provider != "" {
		accountID += "-" + cfg.Provider
	}
	account, ok := scope.Node().TryFindChild(jsii.String(accountID)).(dataawscalleridentity.DataAwsCallerIdentity)
	if !ok {
		account = dataawscalleridentity.NewDataAwsCallerIdentity(scope, jsii.String(accountID), &dataawscalleridentity.DataAwsCallerIdentityConfig{})
		cfg.ask(account)
	}
	found := dataawsiampolicy.NewDataAwsIamPolicy(scope, jsii.String(id), &dataawsiampolicy.DataAwsIamPolicyConfig{
		Arn: String(fmt.Sprintf("arn:%s:iam::%s:policy/%s", ARNPart(*account.Arn(), ARNPartition), *account.AccountId(), cfg.Name)), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundSecret finds a secret, but none of its values.
func NewFoundSecret(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawssecretsmanagersecret.NewDataAwsSecretsmanagerSecret(scope, jsii.String(id), &dataawssecretsmanagersecret.DataAwsSecretsmanagerSecretConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundQueue finds an SQS queue.
func NewFoundQueue(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawssqsqueue.NewDataAwsSqsQueue(scope, jsii.String(id), &dataawssqsqueue.DataAwsSqsQueueConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn(), URL: *found.Url()}
}

// NewFoundFunction finds a Lambda function.
func NewFoundFunction(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawslambdafunction.NewDataAwsLambdaFunction(scope, jsii.String(id), &dataawslambdafunction.DataAwsLambdaFunctionConfig{
		FunctionName: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundTable finds a DynamoDB table.
func NewFoundTable(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawsdynamodbtable.NewDataAwsDynamodbTable(scope, jsii.String(id), &dataawsdynamodbtable.DataAwsDynamodbTableConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundLogGroup finds a CloudWatch Logs group.
func NewFoundLogGroup(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawscloudwatchloggroup.NewDataAwsCloudwatchLogGroup(scope, jsii.String(id), &dataawscloudwatchloggroup.DataAwsCloudwatchLogGroupConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}

// NewFoundTopic finds an SNS topic.
func NewFoundTopic(scope Scope, id string, cfg LookUp) LookUpRef {
	found := dataawssnstopic.NewDataAwsSnsTopic(scope, jsii.String(id), &dataawssnstopic.DataAwsSnsTopicConfig{
		Name: String(cfg.Name), Lifecycle: cfg.lifecycle(),
	})
	cfg.ask(found)
	return LookUpRef{ARN: *found.Arn()}
}
