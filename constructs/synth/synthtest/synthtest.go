// Package synthtest tests what an app synthesizes: the same function that
// [synth.App] gets in main, its Terraform JSON as Go values, compared with what was
// reviewed, and judged by Terraform itself.
//
//	func TestShop(t *testing.T) {
//		stack := synthtest.Stack(t, newStacks)
//		if n := len(stack.Resources("aws_cloudwatch_metric_alarm")); n != 6 {
//			t.Errorf("%d alarms, want 6", n)
//		}
//		stack.Snapshot(t)
//		stack.Validate(t)
//	}
//
// Tests may run side by side (t.Parallel): a second synth waits for the first. All
// of a package share one Node process, which starts fast (package fastsynth).
//
// [synth.App]: https://pkg.go.dev/github.com/ohmycoins/infra/constructs/synth#App
package synthtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/gkampitakis/go-snaps/snaps"

	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/terraform"
)

// Stack synthesizes an app that build puts one stack into, and returns that stack.
// The test fails at once when the app is not valid, with every problem, and when it
// has several stacks.
func Stack(t testing.TB, build func(app constructs.Construct)) *Configuration {
	t.Helper()
	stacks := Stacks(t, build)
	if len(stacks) != 1 {
		t.Fatalf("the app has the stacks %s, want one: synthtest.Stacks returns all", strings.Join(slices.Sorted(maps.Keys(stacks)), ", "))
	}
	for _, stack := range stacks {
		return stack
	}
	return nil
}

// Stacks synthesizes an app and returns its stacks by id. The test fails at once
// when the app is not valid, with every problem.
func Stacks(t testing.TB, build func(app constructs.Construct)) map[string]*Configuration {
	t.Helper()
	out := t.TempDir()
	if _, err := cdk.Synth(out, build); err != nil {
		t.Fatalf("synthesizing:\n%v", err)
	}
	files, err := filepath.Glob(filepath.Join(out, "stacks", "*", "cdk.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	stacks := map[string]*Configuration{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		c.dir = filepath.Dir(file)
		stacks[filepath.Base(c.dir)] = c
	}
	return stacks
}

// Problems synthesizes an app that is not valid and returns what is wrong with it,
// sorted, or nothing when it is valid. Nothing is written.
func Problems(t testing.TB, build func(app constructs.Construct)) []string {
	t.Helper()
	_, err := cdk.Synth(t.TempDir(), build)
	if err == nil {
		return nil
	}
	problems := strings.Split(err.Error(), "\n")
	for i, problem := range problems {
		problems[i] = strings.TrimSpace(problem)
	}
	slices.Sort(problems)
	return problems
}

// Warnings synthesizes an app and returns what its constructs warn of, as synth.App prints
// it ("warning: PATH: MESSAGE"), sorted. The test fails at once when the app is not valid,
// with every problem.
func Warnings(t testing.TB, build func(app constructs.Construct)) []string {
	t.Helper()
	list, err := cdk.Synth(t.TempDir(), build)
	if err != nil {
		t.Fatalf("synthesizing:\n%v", err)
	}
	var warnings []string
	for _, w := range list {
		warnings = append(warnings, w.String())
	}
	return warnings
}

// Configuration is the Terraform JSON of one stack.
type Configuration struct {
	// JSON is the text, as Terraform reads it.
	JSON string

	dir string // holds it and the stack's assets; "" where it was only parsed
	doc struct {
		Resource, Data map[string]map[string]map[string]any
		Output         map[string]map[string]any
	}
}

// Parse returns a configuration that was read from elsewhere: a snapshot, or the
// output of "cdktf synth".
func Parse(text string) (*Configuration, error) {
	c := &Configuration{JSON: text}
	if err := json.Unmarshal([]byte(text), &c.doc); err != nil {
		return nil, fmt.Errorf("reading Terraform JSON: %w", err)
	}
	return c, nil
}

// Resource is a resource or a data source.
type Resource struct {
	// Address is what Terraform calls it: "aws_sns_topic.monitoring_critical",
	// "data.aws_lb.existing_alb".
	Address string
	// Attributes are its arguments, by name.
	Attributes map[string]any
}

// Resources returns the resources of a type, such as "aws_sns_topic", in the order
// of their addresses.
func (c *Configuration) Resources(kind string) []Resource { return list("", kind, c.doc.Resource) }

// Data returns the data sources of a type, such as "aws_lb", in the order of their
// addresses.
func (c *Configuration) Data(kind string) []Resource { return list("data.", kind, c.doc.Data) }

func list(prefix, kind string, blocks map[string]map[string]map[string]any) []Resource {
	resources := make([]Resource, 0, len(blocks[kind]))
	for _, name := range slices.Sorted(maps.Keys(blocks[kind])) {
		attributes := maps.Clone(blocks[kind][name])
		delete(attributes, "//") // what cdktf remembers
		resources = append(resources, Resource{Address: prefix + kind + "." + name, Attributes: attributes})
	}
	return resources
}

// Outputs returns the values of the outputs, by name. A reference is a string such
// as "${aws_sns_topic.monitoring_critical.arn}".
func (c *Configuration) Outputs() map[string]any {
	outputs := map[string]any{}
	for name, output := range c.doc.Output {
		outputs[name] = output["value"]
	}
	return outputs
}

// Addresses returns the address of every resource and data source, sorted. A change
// of an address destroys what it named, so a test of this list makes it loud.
func (c *Configuration) Addresses() []string {
	var addresses []string
	for prefix, blocks := range map[string]map[string]map[string]map[string]any{"": c.doc.Resource, "data.": c.doc.Data} {
		for kind := range blocks {
			for _, r := range list(prefix, kind, blocks) {
				addresses = append(addresses, r.Address)
			}
		}
	}
	slices.Sort(addresses)
	return addresses
}

// Attribute returns an argument of a resource as the type that the test expects:
//
//	synthtest.Attribute[float64](t, alarm, "threshold")
//	synthtest.Attribute[[]string](t, alarm, "alarm_actions")
//
// The test fails at once when the resource has no such argument or another type.
func Attribute[T any](t testing.TB, r Resource, name string) T {
	t.Helper()
	var value T
	attribute, ok := r.Attributes[name]
	if !ok {
		t.Fatalf("%s has no %q: it has %s", r.Address, name, strings.Join(slices.Sorted(maps.Keys(r.Attributes)), ", "))
	}
	text, err := json.Marshal(attribute)
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	if err != nil {
		t.Fatalf("%s.%s is %s, want a %T", r.Address, name, text, value)
	}
	return value
}

// Snapshot compares the JSON with __snapshots__/NAME_1.snap.json beside the test,
// where NAME is the test's. When there is none, it is written; in CI (where the
// environment has CI) that is an error. UPDATE_SNAPS=true rewrites it: the change in
// git is what a reviewer has to agree to.
func (c *Configuration) Snapshot(t testing.TB) {
	t.Helper()
	snaps.WithConfig(
		snaps.Filename(strings.ReplaceAll(t.Name(), "/", "-")),
		snaps.JSON(snaps.JSONConfig{Indent: "  ", Width: 80}),
	).MatchStandaloneJSON(t, c.JSON)
}

// install finds or installs Terraform once for all tests of a package.
var install = sync.OnceValues(func() (*terraform.Installation, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "synthtest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a download
	defer cancel()
	return terraform.Setup(ctx, dir, os.Stderr)
})

// Validate fails the test with what "terraform validate" says against the stack,
// judged by the provider that the stack asks for. It needs no credentials and asks
// no backend. Terraform is the one in PATH; where there is none, it is installed
// into the user's cache folder, as the provider is.
func (c *Configuration) Validate(t testing.TB) {
	t.Helper()
	if err := c.validate(t); err != nil {
		t.Error(err)
	}
}

func (c *Configuration) validate(t testing.TB) error {
	inst, err := install()
	if err != nil {
		return err
	}
	dir := c.dir
	if dir == "" {
		dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "cdk.tf.json"), []byte(c.JSON), 0o600); err != nil {
			return err
		}
	}
	ws, err := inst.Workspace(dir, nil)
	if err != nil {
		return err
	}
	if err := ws.InitWithoutBackend(t.Context()); err != nil {
		return err
	}
	return ws.Validate(t.Context())
}
