package synth_test

import (
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/budget"
	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/internal/cdk"
)

const (
	sydney  = "ap-southeast-2"
	account = "000000000000"
)

// aws is a provider, with a region, an alias and an account where they are not "".
func aws(stack constructs.Construct, id, region, alias, account string) {
	cfg := &provider.AwsProviderConfig{}
	if region != "" {
		cfg.Region = jsii.String(region)
	}
	if alias != "" {
		cfg.Alias = jsii.String(alias)
	}
	if account != "" {
		cfg.AllowedAccountIds = jsii.Strings(account)
	}
	provider.NewAwsProvider(stack, jsii.String(id), cfg)
}

// stack is a stack with a provider for a region and an account.
func stack(app constructs.Construct, id, region, account string) constructs.Construct {
	s := cdktf.NewTerraformStack(app, jsii.String(id))
	aws(s, "aws", region, "", account)
	return s
}

func watch(stack constructs.Construct, id, name string, change func(*monitoring.Config)) {
	cfg := monitoring.Config{
		Name: name, Region: sydney,
		Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Warning: {monitoring.Email("team@example.com")}},
		Resources: []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"}},
	}
	if change != nil {
		change(&cfg)
	}
	monitoring.New(stack, id, cfg)
}

func keep(stack constructs.Construct, id, name string, change func(*secrets.Config)) {
	cfg := secrets.Config{Name: name}
	if change != nil {
		change(&cfg)
	}
	secrets.New(stack, id, cfg)
}

func variable(stack constructs.Construct, id string) cdktf.TerraformVariable {
	return cdktf.NewTerraformVariable(stack, jsii.String(id), &cdktf.TerraformVariableConfig{Type: jsii.String("string")})
}

// synthesize returns the errors and the warnings of an app.
func synthesize(t *testing.T, build func(app constructs.Construct)) (problems, warnings []string) {
	t.Helper()
	list, err := cdk.Synth(t.TempDir(), build)
	if err != nil {
		return strings.Split(err.Error(), "\n"), nil
	}
	for _, w := range list {
		warnings = append(warnings, w.Path+": "+w.Message)
	}
	return nil, warnings
}

// TestNamesAndRegions: what one construct cannot know of itself.
func TestNamesAndRegions(t *testing.T) {
	t.Parallel()
	const overwrites = ", and one would overwrite the other in AWS"
	const may = ", and one overwrites the other if both are made in one account"
	own := func(c *monitoring.Config) { c.KMSKeyARN = "arn:aws:kms:" + sydney + ":" + account + ":key/1" }
	secretARN := "arn:aws:secretsmanager:us-east-1:" + account + ":secret:app-AbCdEf"
	for _, tt := range []struct {
		name           string
		build          func(app constructs.Construct)
		problem, warns string // "" for none
	}{
		{"two Monitoring with one Name", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			watch(s, "one", "shop", nil)
			watch(s, "two", "shop", nil)
		}, `shop/two: Name: is "shop", want another name: shop/one has the same for its alarms` + overwrites, ""},
		{"two Monitoring with one Name and a given key", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			watch(s, "one", "shop", own)
			watch(s, "two", "shop", own)
		}, `shop/two: Name: is "shop", want another name: shop/one has the same for its alarms` + overwrites, ""},
		{"one Name from one variable", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			v := variable(s, "name")
			watch(s, "one", *v.StringValue(), nil)
			watch(s, "two", *v.StringValue(), nil)
		}, `shop/two: Name: is "${var.name}", want another name: shop/one has the same for its alarms` + overwrites, ""},
		{"a dashboard that has the name of another", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			watch(s, "one", "shop", func(c *monitoring.Config) { c.Dashboards = []monitoring.Dashboard{{Key: "web"}} })
			watch(s, "two", "shop-web", nil)
		}, `shop/two: Name: is "shop-web", want another name: shop/one has the same for its dashboard` + overwrites, ""},
		{"two secrets with one name", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			keep(s, "one", "app", nil)
			keep(s, "two", "app", nil)
		}, `shop/two: Name: is "app", want another name: shop/one has the same for its secret` + overwrites, ""},
		{"two secrets with one policy", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			keep(s, "one", "team/app", nil)
			keep(s, "two", "team-app", nil)
		}, `shop/two: PolicyName: is "team-app-read", want another name: shop/one has the same for its IAM policy` + overwrites, ""},
		{"two secrets with one policy but for its case", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			keep(s, "one", "app", func(c *secrets.Config) { c.PolicyName = "Read" })
			keep(s, "two", "other", func(c *secrets.Config) { c.PolicyName = "read" })
		}, `shop/two: PolicyName: is "read", want another name: shop/one has the same for its IAM policy` + overwrites, ""},
		{"two secrets with one alias", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			keep(s, "one", "team.app", func(c *secrets.Config) { c.CreateKMSKey, c.NoPolicy = true, true })
			keep(s, "two", "team@app", func(c *secrets.Config) { c.CreateKMSKey, c.NoPolicy = true, true })
		}, `shop/two: Name: is "alias/team-app", want another name: shop/one has the same for its key alias` + overwrites, ""},
		{"a secret with the alias of a Monitoring", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			watch(s, "one", "shop", nil)
			keep(s, "two", "shop-alarms", func(c *secrets.Config) {
				c.CreateKMSKey, c.AdoptARN = true, "arn:aws:secretsmanager:"+sydney+":"+account+":secret:shop-alarms-AbCdEf"
			})
		}, `shop/two: Name: is "alias/shop-alarms", want another name: shop/one has the same for its key alias` + overwrites, ""},

		{"two stacks in one place", func(app constructs.Construct) {
			watch(stack(app, "a", sydney, account), "mon", "shop", nil)
			watch(stack(app, "b", sydney, account), "mon", "shop", nil)
		}, `b/mon: Name: is "shop", want another name: a/mon has the same for its alarms` + overwrites, ""},
		{"two stacks in one place, as is known later", func(app constructs.Construct) {
			a, b := cdktf.NewTerraformStack(app, jsii.String("a")), cdktf.NewTerraformStack(app, jsii.String("b"))
			keep(a, "secret", "app", nil)
			keep(b, "secret", "app", nil)
			aws(a, "aws", sydney, "", account)
			aws(b, "aws", sydney, "", account)
		}, `b/secret: Name: is "app", want another name: a/secret has the same for its secret` + overwrites, ""},
		{"two stacks of which the account is not known", func(app constructs.Construct) {
			watch(stack(app, "a", sydney, ""), "mon", "shop", nil)
			watch(stack(app, "b", sydney, account), "mon", "shop", nil)
		}, "", `b/mon: Name: is "shop", want another name: a/mon has the same for its alarms` + may + " and region"},
		{"two stacks with one policy, in two regions", func(app constructs.Construct) {
			keep(stack(app, "a", sydney, ""), "secret", "app", nil)
			keep(stack(app, "b", "eu-west-1", ""), "secret", "app", nil)
		}, "", `b/secret: PolicyName: is "app-read", want another name: a/secret has the same for its IAM policy` + may},
		{"two stacks in two regions", func(app constructs.Construct) {
			watch(stack(app, "a", sydney, account), "mon", "shop", func(c *monitoring.Config) { c.NoDashboard = true })
			watch(stack(app, "b", "eu-west-1", account), "mon", "shop", func(c *monitoring.Config) { c.NoDashboard, c.Region = true, "eu-west-1" })
		}, "", ""},
		{"two stacks in two accounts", func(app constructs.Construct) {
			watch(stack(app, "a", sydney, account), "mon", "shop", nil)
			watch(stack(app, "b", sydney, "111111111111"), "mon", "shop", nil)
		}, "", ""},
		{"two stacks in two accounts, as is known later", func(app constructs.Construct) {
			a, b := cdktf.NewTerraformStack(app, jsii.String("a")), cdktf.NewTerraformStack(app, jsii.String("b"))
			watch(a, "mon", "shop", nil)
			watch(b, "mon", "shop", nil)
			aws(a, "aws", sydney, "", account)
			aws(b, "aws", sydney, "", "111111111111")
		}, "", ""},
		{"two variables of two stacks", func(app constructs.Construct) {
			a, b := stack(app, "a", sydney, account), stack(app, "b", sydney, account)
			watch(a, "mon", *variable(a, "name").StringValue(), nil)
			watch(b, "mon", *variable(b, "name").StringValue(), nil)
		}, "", ""},
		{"two providers of one stack", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			aws(s, "other", sydney, "other", "")
			keep(s, "one", "app", nil)
			keep(s, "two", "app", func(c *secrets.Config) { c.Provider = "other" })
		}, "", `shop/two: Name: is "app", want another name: shop/one has the same for its secret` + may + " and region"},
		{"two names", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			watch(s, "one", "shop", nil)
			watch(s, "two", "shop-eu", nil)
			keep(s, "three", "shop", nil)
			keep(s, "four", "other", nil)
		}, "", ""},

		{"a region that is not the provider's", func(app constructs.Construct) {
			watch(stack(app, "shop", "us-east-1", ""), "mon", "shop", nil)
		}, `shop/mon: Region: is "ap-southeast-2", want "us-east-1", the region of the provider: alarms would be there, and the dashboard would look elsewhere`, ""},
		{"a region that is not that of the provider's alias", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			aws(s, "us", "us-east-1", "us", "")
			watch(s, "mon", "shop", func(c *monitoring.Config) { c.Provider = "us" })
		}, `shop/mon: Region: is "ap-southeast-2", want "us-east-1", the region of the provider: alarms would be there, and the dashboard would look elsewhere`, ""},
		{"the region of the provider's alias", func(app constructs.Construct) {
			s := stack(app, "shop", "us-east-1", "")
			aws(s, "sydney", sydney, "sydney", "")
			watch(s, "mon", "shop", func(c *monitoring.Config) { c.Provider = "sydney" })
		}, "", ""},
		{"no alias where each provider has one", func(app constructs.Construct) {
			s := cdktf.NewTerraformStack(app, jsii.String("shop"))
			watch(s, "mon", "shop", nil)
			aws(s, "us", "us-east-1", "us", "")
			aws(s, "sydney", sydney, "sydney", "")
		}, `shop/mon: Provider: is "", want the alias of one (sydney, us): each provider of the stack has one, and without it this would be in the default region`, ""},
		{"a look-up without an alias where each provider has one", func(app constructs.Construct) {
			s := cdktf.NewTerraformStack(app, jsii.String("shop"))
			existing.NewTopic(s, "pager", existing.Topic{Name: "pager"})
			aws(s, "sydney", sydney, "sydney", "")
		}, `shop/pager: Provider: is "", want the alias of one (sydney): each provider of the stack has one, and without it this would be in the default region`, ""},
		{"a budget without an alias where each provider has one", func(app constructs.Construct) {
			s := cdktf.NewTerraformStack(app, jsii.String("shop"))
			budget.New(s, "budget", budget.Config{
				Name: "shop", Amount: 1, Currency: "USD", Tag: budget.Tag{Key: "Team", Value: "shop"}, TopicARN: "arn:aws:sns:" + sydney + ":" + account + ":team",
			})
			aws(s, "sydney", sydney, "sydney", "")
		}, `shop/budget: Provider: is "", want the alias of one (sydney): each provider of the stack has one, and without it this would be in the default region`, ""},
		{"a provider without an alias, below another construct", func(app constructs.Construct) {
			s := cdktf.NewTerraformStack(app, jsii.String("shop"))
			aws(s, "us", "us-east-1", "us", "")
			aws(cdk.NewNode(s, "providers", nil), "aws", sydney, "", "")
			watch(s, "mon", "shop", nil)
		}, "", ""},
		{"a provider with the region of the environment", func(app constructs.Construct) {
			watch(stack(app, "shop", "", ""), "mon", "shop", nil)
		}, "", ""},
		{"a provider whose region is a reference", func(app constructs.Construct) {
			s := cdktf.NewTerraformStack(app, jsii.String("shop"))
			aws(s, "aws", *variable(s, "region").StringValue(), "", "")
			watch(s, "mon", "shop", nil)
		}, "", ""},
		{"a key of another region", func(app constructs.Construct) {
			keep(stack(app, "shop", sydney, ""), "secret", "app", func(c *secrets.Config) {
				c.KMSKeyARN = "arn:aws:kms:us-east-1:" + account + ":key/1"
			})
		}, `shop/secret: KMSKeyARN: is "arn:aws:kms:us-east-1:000000000000:key/1", want one of ap-southeast-2, the region of the provider`, ""},
		{"adopting a secret of another region", func(app constructs.Construct) {
			keep(stack(app, "shop", sydney, ""), "secret", "app", func(c *secrets.Config) { c.AdoptARN = secretARN })
		}, `shop/secret: AdoptARN: is "` + secretARN + `", want one of ap-southeast-2, the region of the provider`, ""},

		{"one token twice in Notify", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			v := variable(s, "address")
			address := *v.StringValue()
			watch(s, "mon", "shop", func(c *monitoring.Config) {
				c.Notify[monitoring.Warning] = []monitoring.Target{monitoring.Email(address), monitoring.Email(address)}
			})
		}, `shop/mon: Notify["warning"][1]: `, ""},
		{"two tokens of one reference in Notify", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			v := variable(s, "address")
			watch(s, "mon", "shop", func(c *monitoring.Config) {
				c.Notify[monitoring.Warning] = []monitoring.Target{monitoring.Email(*v.StringValue()), monitoring.Email(*v.StringValue())}
			})
		}, `shop/mon: Notify["warning"][1]: is "${var.address}", want each target once: Notify["warning"][0] is the same`, ""},
		{"tokens of lists and numbers", func(app constructs.Construct) {
			s := stack(app, "shop", sydney, "")
			list := cdktf.NewTerraformVariable(s, jsii.String("services"), &cdktf.TerraformVariableConfig{Type: jsii.String("list(string)")})
			limits := cdktf.NewTerraformVariable(s, jsii.String("limits"), &cdktf.TerraformVariableConfig{Type: jsii.String("list(number)")})
			limit := cdktf.NewTerraformVariable(s, jsii.String("limit"), &cdktf.TerraformVariableConfig{Type: jsii.String("number")})
			watch(s, "mon", "shop", func(c *monitoring.Config) {
				service := cdktf.Token_AsString(cdktf.Fn_Element(list.ListValue(), jsii.Number(0)), nil)
				c.Resources = []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "shop", Service: *service}}
				c.Tune = map[string]monitoring.Tuning{
					"web/cpu-high":    {Threshold: *cdktf.Token_AsNumber(cdktf.Fn_Element(limits.ListValue(), jsii.Number(0)))},
					"web/memory-high": {Threshold: *limit.NumberValue()},
				}
				c.Panels = []monitoring.Panel{{ID: "note", Title: "CPU", Left: monitoring.Axis{DivideBy: *limit.NumberValue()}, Lines: []monitoring.Line{{
					Of: cloudwatch.Metric{Namespace: "Shop", Name: "Load", Stat: cloudwatch.Average, Period: 60e9},
				}}}}
			})
		}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, warnings := synthesize(t, tt.build)
			check := func(kind, want string, got []string) {
				if want == "" && len(got) == 0 || len(got) == 1 && want != "" && strings.HasPrefix(got[0], want) {
					return
				}
				t.Errorf("%s are\n%s\nwant one:\n%s", kind, strings.Join(got, "\n"), want)
			}
			check("problems", tt.problem, problems)
			check("warnings", tt.warns, warnings)
		})
	}
}

// TestNamesStayInTheirApp: two apps in one process know nothing of each other.
func TestNamesStayInTheirApp(t *testing.T) {
	t.Parallel()
	for range 2 {
		problems, warnings := synthesize(t, func(app constructs.Construct) {
			s := stack(app, "shop", sydney, account)
			watch(s, "mon", "shop", nil)
			keep(s, "secret", "app", nil)
		})
		if len(problems)+len(warnings) > 0 {
			t.Errorf("problems %v, warnings %v, want none", problems, warnings)
		}
	}
}
