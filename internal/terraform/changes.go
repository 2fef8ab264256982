package terraform

import (
	"cmp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// Change is one thing that a plan would do.
type Change struct {
	// Address is what changes: a resource, such as "aws_sns_topic.critical", or an
	// output, such as "output.topic". An object left over from a failed
	// replacement is "aws_sns_topic.critical (deposed 1a2b3c4d)".
	Address string
	// Action is create, update, delete, replace, read, forget, import or move, or
	// several of them joined by "+", such as "import+update".
	Action string
}

// Changes returns what the plan would do, sorted by address; nothing for a plan
// without changes.
func Changes(plan *tfjson.Plan) []Change {
	var changes []Change
	add := func(address, action string) {
		if action != "" {
			changes = append(changes, Change{Address: address, Action: action})
		}
	}
	for _, rc := range plan.ResourceChanges {
		address := rc.Address
		if rc.DeposedKey != "" {
			address += " (deposed " + rc.DeposedKey + ")"
		}
		moved := rc.PreviousAddress != "" && rc.PreviousAddress != rc.Address
		add(address, action(rc.Change, moved))
	}
	for name, change := range plan.OutputChanges {
		add("output."+name, action(change, false))
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Address, b.Address) })
	return changes
}

func action(change *tfjson.Change, moved bool) string {
	var parts []string
	if change.Importing != nil {
		parts = append(parts, "import")
	}
	if moved {
		parts = append(parts, "move")
	}
	switch {
	case change.Actions.NoOp():
	case change.Actions.Replace():
		parts = append(parts, "replace")
	default:
		for _, a := range change.Actions {
			parts = append(parts, string(a))
		}
	}
	return strings.Join(parts, "+")
}
