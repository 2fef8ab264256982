package cdk

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
	"github.com/ohmycoins/infra/internal/versions"
)

// Stack configures [NewStack].
type Stack struct {
	// Region is the AWS region of the provider and of the state bucket.
	Region string
	// AccountID is the only account that Terraform may work in; "" allows any.
	AccountID string
	// StateBucket and StateKey name the S3 object that holds the state.
	StateBucket, StateKey string
	// Tags are put on every resource that can have tags.
	Tags map[string]string
}

// NewStack makes a stack with the AWS provider and S3 state.
func NewStack(app Scope, id string, cfg Stack) Scope {
	stack := cdktf.NewTerraformStack(app, jsii.String(id))
	AddProblems(stack, checkID(id))
	aws := &provider.AwsProviderConfig{
		Region:      String(cfg.Region),
		DefaultTags: []*provider.AwsProviderDefaultTags{{Tags: Map(cfg.Tags)}},
	}
	if cfg.AccountID != "" {
		aws.AllowedAccountIds = jsii.Strings(cfg.AccountID)
	}
	provider.NewAwsProvider(stack, jsii.String("aws"), aws)
	backend := cdktf.NewS3Backend(stack, &cdktf.S3BackendConfig{
		Bucket:  String(cfg.StateBucket),
		Key:     String(cfg.StateKey),
		Region:  String(cfg.Region),
		Encrypt: jsii.Bool(true),
	})
	backend.AddOverride(jsii.String("use_lockfile"), true)
	stack.AddOverride(jsii.String("terraform.required_version"), versions.Terraform)
	// The bindings would pin the version that they were generated from.
	stack.AddOverride(jsii.String("terraform.required_providers.aws.source"), versions.ProviderSource)
	stack.AddOverride(jsii.String("terraform.required_providers.aws.version"), versions.Provider)
	return stack
}

// NewNode makes an empty construct below scope. When problems is not nil, each of
// the problems that it joins is reported with the construct's path when the app
// is synthesized, and the caller must not put anything into the construct.
func NewNode(scope Scope, id string, problems error) Scope {
	node := constructs.NewConstruct(scope, jsii.String(id))
	AddProblems(node, checkID(id))
	AddProblems(node, problems)
	return node
}

// checkID refuses what the bindings would change without a word when they make an
// address of it, so that two ids may become one.
func checkID(id string) error {
	if strings.ContainsFunc(id, func(r rune) bool { return r == '/' || unicode.IsSpace(r) }) {
		return fmt.Errorf("id: is %q, want one without \"/\" and white space: it becomes a part of Terraform addresses", id)
	}
	return nil
}

// AddProblems reports the problems that err joins, if any, with the construct's
// path.
func AddProblems(node Scope, err error) {
	if err == nil {
		return
	}
	node.Node().AddValidation(&validator{func() error { return err }})
}

// validator reports what is wrong when the app is synthesized.
type validator struct{ check func() error }

// Validate implements constructs.IValidation.
func (v *validator) Validate() *[]*string {
	var messages []string
	for _, problem := range problems.List(v.check()) {
		messages = append(messages, problem.Error())
	}
	return jsii.Strings(messages...)
}

// Invalid is what the outputs of a misconfigured construct return: a reference,
// so that constructs which take it as an input do not report a second problem.
const Invalid = "${invalid_configuration}"

// Output is an output of a stack.
type Output struct {
	Description string
	Value       any
}

// OutputRef is an output that was made.
type OutputRef struct{ Construct Scope }

// NewOutput makes an output. The id is also its name.
func NewOutput(scope Scope, id string, o Output) OutputRef {
	return OutputRef{cdktf.NewTerraformOutput(scope, jsii.String(id), &cdktf.TerraformOutputConfig{
		Description: String(o.Description),
		Value:       o.Value,
		StaticId:    jsii.Bool(true),
	})}
}

// Ref returns the expression behind a token, or s itself where there is none.
// Unlike a token, the expression is the same in every run.
func Ref(scope Scope, s string) string {
	if !token.Is(s) {
		return s
	}
	return fmt.Sprint(cdktf.Tokenization_Resolve(jsii.String(s), &cdktf.ResolveOptions{
		Scope:    scope,
		Resolver: cdktf.NewDefaultTokenResolver(cdktf.NewStringConcat()),
	}))
}

// UseProvider lets everything below a construct that is there already be made by the
// provider "aws" with an alias.
func UseProvider(node Scope, alias string) {
	for _, child := range *node.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch element := child.(type) {
		case cdktf.TerraformResource:
			element.AddOverride(jsii.String("provider"), jsii.String("aws."+alias))
		case cdktf.TerraformDataSource:
			element.AddOverride(jsii.String("provider"), jsii.String("aws."+alias))
		}
	}
}
