package cdk

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsdbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsecscluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsecsservice"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawselasticachecluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiampolicydocument"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsiamrole"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslbtargetgroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawssecretsmanagersecret"
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

// Condition restricts a statement: Condition{"StringEquals", "aws:SourceAccount", account}.
type Condition struct{ Test, Variable, Value string }

// PolicyDocument returns the JSON of a policy. Terraform renders it, so that the
// synthesized output shows statements instead of escaped JSON.
func PolicyDocument(scope Scope, id string, statements ...Statement) string {
	var list []*dataawsiampolicydocument.DataAwsIamPolicyDocumentStatement
	for _, s := range statements {
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
				Test: String(c.Test), Variable: String(c.Variable), Values: jsii.Strings(c.Value),
			})
		}
		if len(conditions) > 0 {
			statement.Condition = conditions
		}
		list = append(list, statement)
	}
	return *dataawsiampolicydocument.NewDataAwsIamPolicyDocument(scope, jsii.String(id),
		&dataawsiampolicydocument.DataAwsIamPolicyDocumentConfig{Statement: list}).Json()
}

// FindLoadBalancer looks up a load balancer and returns its ARN suffix.
func FindLoadBalancer(scope Scope, name string) (arnSuffix string) {
	return *dataawslb.NewDataAwsLb(scope, jsii.String(name), &dataawslb.DataAwsLbConfig{Name: String(name)}).ArnSuffix()
}

// FindTargetGroup looks up a target group and returns its ARN suffix.
func FindTargetGroup(scope Scope, name string) (arnSuffix string) {
	return *dataawslbtargetgroup.NewDataAwsLbTargetGroup(scope, jsii.String(name),
		&dataawslbtargetgroup.DataAwsLbTargetGroupConfig{Name: String(name)}).ArnSuffix()
}

// FindServices looks up an ECS cluster and services in it.
func FindServices(scope Scope, cluster string, services []string) {
	found := dataawsecscluster.NewDataAwsEcsCluster(scope, jsii.String(cluster),
		&dataawsecscluster.DataAwsEcsClusterConfig{ClusterName: String(cluster)})
	for _, name := range services {
		dataawsecsservice.NewDataAwsEcsService(scope, jsii.String(name),
			&dataawsecsservice.DataAwsEcsServiceConfig{ClusterArn: found.Arn(), ServiceName: String(name)})
	}
}

// FindDatabase looks up an RDS instance.
func FindDatabase(scope Scope, instance string) {
	dataawsdbinstance.NewDataAwsDbInstance(scope, jsii.String(instance),
		&dataawsdbinstance.DataAwsDbInstanceConfig{DbInstanceIdentifier: String(instance)})
}

// FindCacheNode looks up an ElastiCache node.
func FindCacheNode(scope Scope, node string) {
	dataawselasticachecluster.NewDataAwsElasticacheCluster(scope, jsii.String(node),
		&dataawselasticachecluster.DataAwsElasticacheClusterConfig{ClusterId: String(node)})
}

// FindRole looks up an IAM role.
func FindRole(scope Scope, name string) {
	dataawsiamrole.NewDataAwsIamRole(scope, jsii.String(name), &dataawsiamrole.DataAwsIamRoleConfig{Name: String(name)})
}

// FindSecret looks up a secret, but none of its values, and returns its ARN.
func FindSecret(scope Scope, name string) (arn string) {
	return *dataawssecretsmanagersecret.NewDataAwsSecretsmanagerSecret(scope, jsii.String(name),
		&dataawssecretsmanagersecret.DataAwsSecretsmanagerSecretConfig{Name: String(name)}).Arn()
}
