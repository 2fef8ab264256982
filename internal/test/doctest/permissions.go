package doctest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Policy is an IAM policy.
type Policy struct {
	Statement []Statement
	size      int
}

// Statement is a statement of a policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    list
	Resource  list
	Condition map[string]map[string]any
}

// A list is a string or several, as in IAM.
type list []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *list) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

var policyBlock = regexp.MustCompile("(?s)<!-- policy: ([a-z]+) -->\n```json\n(.*?)```")

// Policies returns the IAM policies that a document shows, by name.
func Policies(doc Document) (map[string]Policy, error) {
	policies := map[string]Policy{}
	var errs []error
	for _, m := range policyBlock.FindAllStringSubmatch(doc.Text, -1) {
		var p Policy
		if err := json.Unmarshal([]byte(m[2]), &p); err != nil {
			errs = append(errs, fmt.Errorf("policy %s: %w", m[1], err))
			continue
		}
		for _, c := range m[2] {
			if c != ' ' && c != '\n' {
				p.size++ // AWS does not count white space
			}
		}
		policies[m[1]] = p
	}
	return policies, errors.Join(errs...)
}

// maxPolicy is how long AWS lets a managed policy be.
const maxPolicy = 6144

// withoutResources are actions that AWS checks against "*" only, according to its
// service authorization reference. ecs:ListTasks and the kms ones are here because
// their conditions restrict them.
var withoutResources = []string{
	"sts:GetCallerIdentity",
	"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes",
	"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes",
	"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetHealth",
	"kms:ListAliases", "kms:CreateKey", "kms:TagResource",
	"sns:GetSubscriptionAttributes", "sns:Unsubscribe",
	"ecr:GetAuthorizationToken",
	"ecs:DescribeTaskDefinition", "ecs:ListTasks",
}

// Check returns what is wrong with a policy, apart from which actions it allows.
func (p Policy) Check() []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if p.size > maxPolicy {
		add("it has %d characters, AWS takes %d", p.size, maxPolicy)
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" {
			add("%s: effect is %q, want Allow", s.Sid, s.Effect)
		}
		for _, action := range s.Action {
			if strings.Contains(action, "*") {
				add("%s: %s has a wildcard", s.Sid, action)
			}
			if slices.Contains(s.Resource, "*") && !slices.Contains(withoutResources, action) {
				add("%s: %s can be restricted to resources", s.Sid, action)
			}
		}
		if len(s.Resource) == 0 {
			add("%s: has no resource", s.Sid)
		}
	}
	return problems
}

// Actions returns what a policy allows, sorted.
func (p Policy) Actions() []string {
	var actions []string
	for _, s := range p.Statement {
		actions = append(actions, s.Action...)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// Compare compares what a policy allows with the actions that are called. Reasons
// says why an action is allowed that no call shows.
func (p Policy) Compare(called []string, reasons map[string]string) []string {
	var problems []string
	allowed := p.Actions()
	for _, action := range called {
		if !slices.Contains(allowed, action) {
			problems = append(problems, action+" is called and not allowed")
		}
		if reasons[action] != "" {
			problems = append(problems, action+" is called: it needs no reason")
		}
	}
	for _, action := range allowed {
		if !slices.Contains(called, action) && reasons[action] == "" {
			problems = append(problems, action+" is allowed, and nothing calls it")
		}
	}
	for _, action := range slices.Sorted(maps.Keys(reasons)) {
		if !slices.Contains(allowed, action) {
			problems = append(problems, action+" has a reason and is not allowed")
		}
	}
	return problems
}

// servicePrefixes are IAM's names of the SDK's packages, where they differ.
var servicePrefixes = map[string]string{
	"cloudwatchlogs":         "logs",
	"elasticloadbalancingv2": "elasticloadbalancing",
}

// s3Actions are the permissions for calls to S3, where they differ.
var s3Actions = map[string]string{"ListObjectsV2": "ListBucket", "HeadObject": "GetObject", "HeadBucket": "ListBucket"}

// SDKActions returns the IAM actions of the AWS calls in a Go package: the methods
// that are called on the fields of its struct clients.
func SDKActions(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var trees []*ast.File
	services := map[string]string{} // field of clients: IAM's name of its service
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(set, file, content, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
		findClients(tree, services)
	}
	if len(services) == 0 {
		return nil, fmt.Errorf("%s: there is no struct clients of AWS clients", dir)
	}
	found := map[string]bool{}
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			field, call := sdkCall(n)
			service := services[field]
			if service == "" {
				return true
			}
			if service == "s3" && s3Actions[call] != "" {
				call = s3Actions[call]
			}
			found[service+":"+call] = true
			return true
		})
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// sdkCall returns the client's field and the call of "….field.Call", and of a
// paginator that is made for it.
func sdkCall(n ast.Node) (field, call string) {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		if client, ok := n.X.(*ast.SelectorExpr); ok && ast.IsExported(n.Sel.Name) {
			return client.Sel.Name, n.Sel.Name
		}
	case *ast.CallExpr:
		constructor, ok := n.Fun.(*ast.SelectorExpr)
		if !ok || len(n.Args) == 0 {
			break
		}
		call, isPaginator := strings.CutSuffix(strings.TrimPrefix(constructor.Sel.Name, "New"), "Paginator")
		if client, ok := n.Args[0].(*ast.SelectorExpr); ok && isPaginator {
			return client.Sel.Name, call
		}
	}
	return "", ""
}

// findClients finds the fields of a struct clients whose types are *<package>.Client.
func findClients(tree *ast.File, services map[string]string) {
	packages := map[string]string{}
	for _, spec := range tree.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		base := path[strings.LastIndex(path, "/")+1:]
		name := base
		if spec.Name != nil {
			name = spec.Name.Name
		}
		packages[name] = base
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "clients" {
			return true
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range fields.Fields.List {
			pointer, ok := f.Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			client, ok := pointer.X.(*ast.SelectorExpr)
			if !ok || client.Sel.Name != "Client" {
				continue
			}
			pkg, ok := client.X.(*ast.Ident)
			if !ok {
				continue
			}
			service := packages[pkg.Name]
			if prefix := servicePrefixes[service]; prefix != "" {
				service = prefix
			}
			for _, name := range f.Names {
				services[name.Name] = service
			}
		}
		return false
	})
}
