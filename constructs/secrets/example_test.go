package secrets_test

import (
	"encoding/json"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/secrets"
)

func Example() {
	app := cdktf.NewApp(nil)
	stack := cdktf.NewTerraformStack(app, jsii.String("shop"))
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})

	secret := secrets.New(stack, "app-secrets", secrets.Config{
		Name:        "shop/app-secrets",
		Keys:        []secrets.Key{{Name: "SECRET_KEY"}, {Name: "SMTP_PASSWORD", Optional: true}},
		ReaderRoles: map[string]string{"task-execution": "shop-task-execution-role"},
	})
	cdktf.NewTerraformOutput(stack, jsii.String("secret-arn"), &cdktf.TerraformOutputConfig{Value: secret.ARN()})

	app.Synth()
}

// A container definition is JSON, so the list is marshaled like the rest of it.
func ExampleSecret_ContainerSecrets() {
	stack := cdktf.NewTerraformStack(cdktf.NewApp(nil), jsii.String("shop"))
	secret := secrets.New(stack, "app-secrets", secrets.Config{
		Name: "shop/app-secrets",
		Keys: []secrets.Key{{Name: "SECRET_KEY"}, {Name: "SMTP_PASSWORD"}},
	})

	definitions, err := json.Marshal([]map[string]any{{
		"name":    "web",
		"image":   "registry.example.com/web:1.4.2",
		"secrets": secret.ContainerSecrets("SECRET_KEY"),
	}})
	if err != nil {
		panic(err)
	}
	cdktf.NewTerraformOutput(stack, jsii.String("container-definitions"), &cdktf.TerraformOutputConfig{Value: string(definitions)})
}
