package rollout

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Diff returns every value in which two task definitions differ, as
// "containerDefinitions[backend].image: a -> b". Secrets are named by ARN in a task
// definition, but plain environment variables may hold anything: their values are
// not shown.
func Diff(from, to *ecstypes.TaskDefinition) []string {
	left, right := flatten(from), flatten(to)
	keys := maps.Clone(left)
	maps.Copy(keys, right)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		a, b := left[key], right[key]
		if a == b || readOnly(key) {
			continue
		}
		if strings.Contains(key, ".Environment[") {
			lines = append(lines, key+": changed")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s", key, cmp.Or(a, "nothing"), cmp.Or(b, "nothing")))
	}
	return lines
}

// readOnly tells the fields in which any two revisions differ.
func readOnly(key string) bool {
	return slices.Contains([]string{"TaskDefinitionArn", "Revision", "RegisteredAt", "RegisteredBy", "DeregisteredAt", "Status"}, key)
}

// flatten returns the values of a task definition by their path. Elements of lists
// that have a name go by it, because their order means nothing.
func flatten(definition *ecstypes.TaskDefinition) map[string]string {
	text, err := json.Marshal(definition)
	if err != nil {
		return nil // it has no type that JSON lacks
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil
	}
	values := map[string]string{}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case map[string]any:
			for key, child := range node {
				walk(strings.TrimPrefix(path+"."+key, "."), child)
			}
		case []any:
			for i, child := range node {
				walk(fmt.Sprintf("%s[%s]", path, elementName(child, i)), child)
			}
		case nil:
		case string:
			if node != "" {
				values[path] = node
			}
		default:
			values[path] = fmt.Sprint(node)
		}
	}
	walk("", tree)
	return values
}

func elementName(element any, index int) string {
	if object, ok := element.(map[string]any); ok {
		if name, ok := object["Name"].(string); ok && name != "" {
			return name
		}
	}
	return fmt.Sprint(index)
}
