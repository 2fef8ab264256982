package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/synth/synthtest"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/filelock"
)

// problem is a validation of cdktf's own kind.
type problem struct{ text string }

// Validate implements constructs.IValidation.
func (p *problem) Validate() *[]*string { return jsii.Strings(p.text) }

// aspect adds a problem to the construct with this path.
type aspect struct{ path, text string }

// Visit implements cdktf.IAspect.
func (a *aspect) Visit(node constructs.IConstruct) {
	if *node.Node().Path() == a.path {
		node.Node().AddValidation(&problem{a.text})
	}
}

func newStack(scope cdk.Scope, id string) cdktf.TerraformStack {
	return cdktf.NewTerraformStack(scope, jsii.String(id))
}

func invalidMonitoring(scope cdk.Scope) {
	monitoring.New(scope, "monitoring", monitoring.Config{
		Name: "example", Region: "ap-southeast-2",
		Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Warning: {monitoring.Email("ops@example")}},
		Resources: []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "example", Service: "web"}},
	})
}

const invalidAddress = `monitoring: Notify["warning"][0]: is "ops@example", want an e-mail address ("name@example.com")`

// TestEveryConstructIsValidated puts an invalid construct, or a construct that
// becomes invalid late, everywhere in a tree: nothing of it reaches a file.
func TestEveryConstructIsValidated(t *testing.T) {
	for name, tt := range map[string]struct {
		build func(app cdk.Scope)
		want  string
	}{
		"a stack of the app": {
			func(app cdk.Scope) { invalidMonitoring(newStack(app, "shop")) },
			"shop/" + invalidAddress,
		},
		"a stack below constructs": {
			func(app cdk.Scope) {
				invalidMonitoring(newStack(cdk.NewNode(cdk.NewNode(app, "company", nil), "team", nil), "shop"))
			},
			"company/team/shop/" + invalidAddress,
		},
		"a stack in a stack": {
			func(app cdk.Scope) { invalidMonitoring(newStack(newStack(app, "outer"), "inner")) },
			"outer/inner/" + invalidAddress,
		},
		"beside the stacks": {
			func(app cdk.Scope) {
				newStack(app, "shop")
				cdk.NewNode(app, "team", errors.New("has no budget"))
			},
			"team: has no budget",
		},
		"the app": {
			func(app cdk.Scope) {
				newStack(app, "shop")
				app.Node().AddValidation(&problem{"stacks cost too much"})
			},
			"the app: stacks cost too much",
		},
		"an aspect of a stack": {
			func(app cdk.Scope) {
				stack := newStack(cdk.NewNode(app, "team", nil), "shop")
				cdk.NewNode(stack, "queue", nil)
				cdktf.Aspects_Of(stack).Add(&aspect{"team/shop/queue", "has no dead-letter queue"})
			},
			"team/shop/queue: has no dead-letter queue",
		},
		"several at once": {
			func(app cdk.Scope) {
				team := cdk.NewNode(app, "team", errors.New("has no budget"))
				one, two := newStack(team, "one"), newStack(team, "two")
				cdktf.Aspects_Of(one).Add(&aspect{"team/one", "has no tags"})
				cdktf.Aspects_Of(two).Add(&aspect{"team/two", "has no tags either"})
				app.Node().AddValidation(&problem{"costs too much"})
			},
			"the app: costs too much\nteam: has no budget\nteam/one: has no tags\nteam/two: has no tags either",
		},
		"two stacks with one id": {
			func(app cdk.Scope) {
				newStack(cdk.NewNode(app, "one", nil), "shop")
				newStack(cdk.NewNode(app, "two", nil), "shop")
			},
			`two/shop: id: is "shop", want one that no other stack has: one/shop is written to stacks/shop too`,
		},
		"no stack": {
			func(cdk.Scope) {},
			"the app has no stack, so there is nothing to write: give it one with cdktf.NewTerraformStack",
		},
		"no stack, but a construct": {
			func(app cdk.Scope) { cdk.NewNode(app, "team", nil) },
			"the app has no stack, so there is nothing to write: give it one with cdktf.NewTerraformStack",
		},
		"a slash in an id": {
			func(app cdk.Scope) { cdk.NewNode(newStack(app, "shop"), "web/alarms", nil) },
			`shop/web--alarms: id: is "web/alarms", want one without "/" and white space: it becomes a part of Terraform addresses`,
		},
		"a space in an id": {
			func(app cdk.Scope) { cdk.NewNode(newStack(app, "shop"), "web alarms", errors.New("Name: is empty")) },
			"shop/web alarms: id: is \"web alarms\", want one without \"/\" and white space: it becomes a part of Terraform addresses\nshop/web alarms: Name: is empty",
		},
		"a slash in a stack's id": {
			func(app cdk.Scope) {
				cdk.NewStack(app, "team/shop", cdk.Stack{Region: "ap-southeast-2", StateBucket: "b", StateKey: "k"})
			},
			`team--shop: id: is "team/shop", want one without "/" and white space: it becomes a part of Terraform addresses`,
		},
		"a space in a stack's id": {
			func(app cdk.Scope) { newStack(app, "team shop") },
			"building the construct tree: Cannot create TerraformStack with id \"team shop\". It contains a whitespace character.\nPlease remove any whitespace characters in your TerraformStack id, like so: \"teamshop\"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "cdktf.out")
			_, err := cdk.Synth(out, tt.build)
			if err == nil {
				t.Fatalf("synthesized without an error, want %s", tt.want)
			}
			if diff := cmp.Diff(tt.want, strings.TrimSpace(err.Error())); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("%s exists (%v), want nothing written", out, err)
			}
		})
	}
}

// TestAssetsKeepTheirModes: a Lambda function's bootstrap that cannot be executed
// fails only when it is called.
func TestAssetsKeepTheirModes(t *testing.T) {
	source, out := t.TempDir(), t.TempDir()
	modes := map[string]os.FileMode{"bootstrap": 0o755, "private": 0o600, "readable": 0o644}
	for name, mode := range modes {
		must(t, os.WriteFile(filepath.Join(source, name), []byte(name), mode))
		must(t, os.Chmod(filepath.Join(source, name), mode)) // whatever the umask is
	}
	// Again, as every synth but the first finds files in its way.
	for range 2 {
		_, err := cdk.Synth(out, func(app cdk.Scope) {
			cdktf.NewTerraformAsset(newStack(app, "shop"), jsii.String("code"), &cdktf.TerraformAssetConfig{
				Path: jsii.String(source), Type: cdktf.AssetType_DIRECTORY,
			})
		})
		must(t, err)
		found := map[string]os.FileMode{}
		must(t, filepath.WalkDir(filepath.Join(out, "stacks", "shop", "assets"), func(_ string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			found[d.Name()] = info.Mode().Perm()
			return err
		}))
		if diff := cmp.Diff(modes, found); diff != "" {
			t.Errorf("modes (-want +got):\n%s", diff)
		}
	}
}

// TestInterruptedSynth: what a synth that was killed leaves in the temporary folder
// is removed by the next one, what a running one uses is not.
func TestInterruptedSynth(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	folder := func(name string) string {
		must(t, os.MkdirAll(filepath.Join(temporary, name, "out", "stacks"), 0o700))
		lock := filepath.Join(temporary, name, "lock")
		must(t, os.WriteFile(lock, nil, 0o600))
		return lock
	}
	folder("ohmycoins-synth-abandoned")
	folder("somebody-elses")
	unlock, err := filelock.Lock(t.Context(), folder("ohmycoins-synth-running"))
	must(t, err)
	defer unlock()

	_, err = cdk.Synth(t.TempDir(), func(app cdk.Scope) { newStack(app, "shop") })
	must(t, err)
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	must(t, err)
	want := []string{filepath.Join(temporary, "ohmycoins-synth-running"), filepath.Join(temporary, "somebody-elses")}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("temporary folder (-want +got):\n%s", diff)
	}
}

// TestSynthSideBySide: a second synth waits for the first. Without that, a nil
// pointer inside jsii ends the program.
func TestSynthSideBySide(t *testing.T) {
	for _, id := range []string{"one", "two", "three", "four"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			stack := synthtest.Stack(t, func(app cdk.Scope) {
				stack := newStack(app, id)
				for _, name := range []string{"a", "b", "c", "d"} {
					cdk.NewOutput(cdk.NewNode(stack, name, nil), name, cdk.Output{Value: id})
				}
			})
			if diff := cmp.Diff(map[string]any{"a": id, "b": id, "c": id, "d": id}, stack.Outputs()); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDefaultBackend: the state is where cdktf keeps it, beside cdktf.out, but the
// JSON does not say where that is on this machine.
func TestDefaultBackend(t *testing.T) {
	stacks := synthtest.Stacks(t, func(app cdk.Scope) {
		stack := newStack(app, "shop")
		given := newStack(app, "given")
		cdktf.NewLocalBackend(given, &cdktf.LocalBackendConfig{Path: jsii.String("/srv/state/shop.tfstate")})
		nested := newStack(app, "nested")
		cdktf.NewLocalBackend(cdk.NewNode(nested, "state", nil), &cdktf.LocalBackendConfig{Path: jsii.String("/srv/state/nested.tfstate")})
		value := cdktf.NewTerraformVariable(stack, jsii.String("value"), &cdktf.TerraformVariableConfig{Type: jsii.String("string")})
		cdktf.NewTerraformOutput(given, jsii.String("of-another-stack"), &cdktf.TerraformOutputConfig{Value: value.StringValue()})
	})
	for stack, want := range map[string]string{
		"shop":   `"path": "../../../terraform.shop.tfstate"`,
		"given":  `"path": "/srv/state/shop.tfstate"`,
		"nested": `"path": "/srv/state/nested.tfstate"`,
	} {
		if !strings.Contains(stacks[stack].JSON, want) {
			t.Errorf("%s is %s\nwant %s in it", stack, stacks[stack].JSON, want)
		}
	}
	if want := `"path": "../../../terraform.shop.tfstate"`; !strings.Contains(stacks["given"].JSON, want) {
		t.Errorf("the state of another stack is read from elsewhere than %s: %s", want, stacks["given"].JSON)
	}
	cwd, err := os.Getwd()
	must(t, err)
	for id, stack := range stacks {
		if strings.Contains(stack.JSON, cwd) {
			t.Errorf("%s contains %s", id, cwd)
		}
	}
}
