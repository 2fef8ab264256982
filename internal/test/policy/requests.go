package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// World is what AWS knows beside a call: whose account it is, and what exists there.
type World struct {
	Account, Region string
	// Boundaries are the permissions boundaries of roles, by the role's name.
	Boundaries map[string]string
	// Tags are the tags of resources, by ARN.
	Tags map[string]map[string]string
	// Aliases are the keys of KMS, by alias: "alias/name" to ARN.
	Aliases map[string]string

	mu sync.Mutex
}

// A call is a request to AWS as it came over the wire.
type call struct {
	action     string
	parameters map[string]any
}

var (
	scope = regexp.MustCompile(`Credential=[^/]*/[^/]*/[^/]*/([^/]*)/aws4_request`)
	// prefixes are IAM's names of services whose signatures use another one.
	prefixes = map[string]string{"monitoring": "cloudwatch"}
)

// readCall reads a signed request.
func readCall(r *http.Request, body []byte) (call, error) {
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return call{}, fmt.Errorf("%s %s: is not signed", r.Method, r.URL.Path)
	}
	service := m[1]
	if prefix := prefixes[service]; prefix != "" {
		service = prefix
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c := call{action: permission(service + ":" + target[strings.LastIndex(target, ".")+1:])}
		if err := json.Unmarshal(body, &c.parameters); err != nil {
			return call{}, fmt.Errorf("%s: %w", c.action, err)
		}
		return c, nil
	}
	if service == "s3" {
		return s3Call(r)
	}
	if c, ok := routedCall(service, r, body); ok {
		return c, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("Action") == "" {
		return call{}, fmt.Errorf("%s %s %s: is no call that is known", service, r.Method, r.URL.Path)
	}
	return call{action: service + ":" + form.Get("Action"), parameters: unflatten(form)}, nil
}

func s3Call(r *http.Request) (call, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	action := s3Action(r, key != "")
	if action == "" {
		return call{}, fmt.Errorf("s3 %s %s: is no call that is known", r.Method, r.URL.RequestURI())
	}
	parameters := map[string]any{"bucket": bucket, "key": key}
	if query.Has("prefix") {
		parameters["prefix"] = query.Get("prefix")
	}
	return call{action: action, parameters: parameters}, nil
}

// unflatten turns "Tags.member.1.Key=a" into {"Tags": [{"Key": "a"}]}.
func unflatten(form url.Values) map[string]any {
	root := map[string]any{}
	for name, values := range form {
		node := root
		parts := slices.DeleteFunc(strings.Split(name, "."), func(part string) bool { return part == "member" || part == "entry" })
		for _, part := range parts[:len(parts)-1] {
			next, ok := node[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				node[part] = next
			}
			node = next
		}
		node[parts[len(parts)-1]] = values[0]
	}
	listed, _ := lists(root).(map[string]any)
	return listed
}

// lists makes lists of objects whose names are numbers.
func lists(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	names := slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		if x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
	var list []any
	for _, name := range names {
		object[name] = lists(object[name])
		if _, err := strconv.Atoi(name); err == nil {
			list = append(list, object[name])
		}
	}
	if len(list) > 0 {
		return list
	}
	return object
}

// lookup returns the values of a parameter: "tags.key" of {"tags": [{"key": "a"}]} is "a".
func lookup(value any, path string) []string {
	switch value := value.(type) {
	case []any:
		var all []string
		for _, item := range value {
			all = append(all, lookup(item, path)...)
		}
		return all
	case map[string]any:
		name, rest, _ := strings.Cut(path, ".")
		return lookup(value[name], rest)
	case nil:
		return nil
	default:
		return []string{fmt.Sprint(value)}
	}
}

// requests returns what IAM is asked for a call: an action on a resource each.
func (w *World) requests(r *http.Request, body []byte) ([]Request, error) {
	c, err := readCall(r, body)
	if err != nil {
		return nil, err
	}
	return w.Ask(c.action, c.parameters)
}

// Ask returns what IAM is asked for an action with parameters, named as in the API.
func (w *World) Ask(name string, parameters map[string]any) ([]Request, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ask(name, parameters)
}

func (w *World) ask(name string, parameters map[string]any) ([]Request, error) {
	row, known := actions[name]
	if !known {
		return nil, fmt.Errorf("%s is not known: add a line to internal/test/policy/actions.go", name)
	}
	parameters = maps.Clone(parameters)
	if parameters == nil {
		parameters = map[string]any{}
	}
	parameters["account"], parameters["region"] = w.Account, w.Region
	w.complete(parameters)
	context := map[string][]string{"aws:PrincipalAccount": {w.Account}, "aws:RequestedRegion": {w.Region}}
	for key, template := range row.context {
		values, err := expand(template, parameters)
		if err != nil {
			values = nil // the request does not have it
		}
		context[key] = values
	}
	tags := tagsOf(parameters, row.tags)
	if row.tags != "" {
		context["aws:RequestTag/"] = nil
		context["aws:TagKeys"] = slices.Sorted(maps.Keys(tags))
		for key, value := range tags {
			context["aws:RequestTag/"+key] = []string{value}
		}
	}
	var requests []Request
	for _, template := range row.on {
		resources, err := expand(template, parameters)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, resource := range resources {
			requests = append(requests, Request{Action: name, Resource: resource, Context: w.of(resource, row, context)})
		}
	}
	if len(requests) == 0 {
		return nil, errors.New(name + ": names no resource")
	}
	further, err := w.further(row, parameters, requests, tags)
	return append(requests, further...), err
}

// permissions are those of calls that IAM calls otherwise.
var permissions = map[string]string{
	"budgets:CreateBudget":                       "budgets:ModifyBudget",
	"budgets:CreateNotification":                 "budgets:ModifyBudget",
	"budgets:DeleteBudget":                       "budgets:ModifyBudget",
	"budgets:DeleteNotification":                 "budgets:ModifyBudget",
	"budgets:DescribeBudget":                     "budgets:ViewBudget",
	"budgets:DescribeNotificationsForBudget":     "budgets:ViewBudget",
	"budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
	"budgets:UpdateBudget":                       "budgets:ModifyBudget",
}

func permission(call string) string {
	if named, ok := permissions[call]; ok {
		return named
	}
	return call
}

// complete adds what AWS looks up for a call.
func (w *World) complete(parameters map[string]any) {
	for _, path := range []string{"Budget.BudgetName", "NewBudget.BudgetName"} {
		if names := lookup(parameters, path); len(names) == 1 {
			parameters["BudgetName"] = names[0]
		}
	}
	if name, ok := parameters["RoleName"].(string); ok && parameters["boundary"] == nil && w.Boundaries[name] != "" {
		parameters["boundary"] = w.Boundaries[name]
	}
	if name, ok := parameters["AliasName"].(string); ok && parameters["TargetKeyId"] == nil && w.Aliases[name] != "" {
		parameters["TargetKeyId"] = w.Aliases[name]
	}
}

// of returns a context with what AWS knows of a resource.
func (w *World) of(resource string, row action, context map[string][]string) map[string][]string {
	context = maps.Clone(context)
	if !row.owned {
		return context
	}
	context["aws:ResourceTag/"] = nil
	for key, value := range w.Tags[resource] {
		context["aws:ResourceTag/"+key] = []string{value}
	}
	context["kms:ResourceAliases"] = nil
	for _, alias := range slices.Sorted(maps.Keys(w.Aliases)) {
		if w.Aliases[alias] == resource {
			context["kms:ResourceAliases"] = append(context["kms:ResourceAliases"], alias)
		}
	}
	return context
}

// further returns what a call needs besides: permission to tag what it makes, and to
// pass roles.
func (w *World) further(row action, parameters map[string]any, requests []Request, tags map[string]string) ([]Request, error) {
	var all []Request
	if len(tags) > 0 && row.tagging != "" {
		for _, r := range requests {
			context := maps.Clone(r.Context)
			_, create, _ := strings.Cut(r.Action, ":")
			context["ecs:CreateAction"] = []string{create}
			// What is made has no tags and no aliases yet.
			context["aws:ResourceTag/"], context["kms:ResourceAliases"] = nil, nil
			made := []string{r.Resource}
			if row.taggedOn != "" {
				var err error
				if made, err = expand(row.taggedOn, parameters); err != nil {
					return nil, err
				}
				// What is there already is not made: AWS ignores the tags.
				made = slices.DeleteFunc(made, func(arn string) bool { return w.Tags[arn] != nil })
			}
			for _, resource := range made {
				all = append(all, Request{Action: row.tagging, Resource: resource, Context: context})
			}
		}
	}
	for _, parameter := range row.passes {
		for _, arn := range lookup(parameters, parameter) {
			passed, err := w.ask("iam:PassRole", map[string]any{"RoleArn": arn, "PassedToService": row.to})
			if err != nil {
				return nil, err
			}
			all = append(all, passed...)
		}
	}
	return all, nil
}

// tagsOf returns tags, whatever a service calls their keys and values.
func tagsOf(parameters map[string]any, parameter string) map[string]string {
	tags := map[string]string{}
	if byKey, ok := parameters[parameter].(map[string]any); ok { // SQS
		for key, value := range byKey {
			tags[key] = fmt.Sprint(value)
		}
		return tags
	}
	for _, names := range [][2]string{{"Key", "Value"}, {"key", "value"}, {"TagKey", "TagValue"}} {
		keys, values := lookup(parameters, parameter+"."+names[0]), lookup(parameters, parameter+"."+names[1])
		for i := range min(len(keys), len(values)) {
			tags[keys[i]] = values[i]
		}
	}
	return tags
}

var placeholder = regexp.MustCompile(`\{([^}^+]+)(\^?)(?:\+([^}]+))?\}`)

// expand puts parameters into a template, a result for each value.
func expand(template string, parameters map[string]any) ([]string, error) {
	results := []string{template}
	for _, m := range placeholder.FindAllStringSubmatch(template, -1) {
		values := lookup(parameters, m[1])
		if len(values) == 0 {
			return nil, fmt.Errorf("the call has no %s", m[1])
		}
		var next []string
		for _, result := range results {
			for _, value := range values {
				next = append(next, place(result, m, value))
			}
		}
		results = next
	}
	return results, nil
}

// place puts one value into a template.
func place(template string, m []string, value string) string {
	isARN := strings.HasPrefix(value, "arn:")
	switch {
	case m[2] != "": // {Name^}
		value = value[:max(strings.LastIndex(value, ":"), 0)]
	case isARN && strings.HasSuffix(template, m[0]):
		return value
	case isARN, strings.HasPrefix(value, "http"): // a queue's URL ends in its name
		value = value[strings.LastIndexAny(value, "/:")+1:]
	default:
		value += m[3]
	}
	return strings.Replace(template, m[0], value, 1)
}
