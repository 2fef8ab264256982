package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ohmycoins/infra/docs/policies"
	"github.com/ohmycoins/infra/stacks/environment"
)

// Read reads a policy of the project, such as "read", for an environment and an account.
func Read(name string, env environment.Environment, account string) (Document, error) {
	text, err := policies.Read(name, env, account)
	if err != nil {
		return Document{}, err
	}
	doc, err := Parse(text)
	if err != nil {
		return Document{}, fmt.Errorf("docs/policies/%s.json: %w", name, err)
	}
	return doc, nil
}

// ReadRole reads the policies of a role: plan, infrastructure or deployment.
func ReadRole(name string, env environment.Environment, account string) (Role, error) {
	files, known := policies.Roles[name]
	if !known {
		return Role{}, fmt.Errorf("role %q is not known", name)
	}
	role := Role{ARN: "arn:aws:iam::" + account + ":role/" + env.Prefix + "-" + name}
	var errs []error
	for _, file := range files {
		doc, err := Read(file, env, account)
		errs = append(errs, err)
		role.Policies = append(role.Policies, doc)
	}
	return role, errors.Join(errs...)
}

// Unused returns which actions the policies allow that nobody asked for, and which
// reasons for that are wrong. Denied actions need none.
func (role Role) Unused(asked map[string]bool, reasons map[string]string) []string {
	allowed := map[string]bool{}
	for _, doc := range role.Policies {
		for _, s := range doc.Statement {
			for _, action := range s.Action {
				allowed[action] = allowed[action] || s.Effect == "Allow"
			}
		}
	}
	var problems []string
	for _, action := range sortedKeys(allowed) {
		if allowed[action] && !asked[action] && reasons[action] == "" {
			problems = append(problems, action+" is allowed, and nothing calls it")
		}
	}
	for _, action := range sortedKeys(reasons) {
		switch {
		case asked[action]:
			problems = append(problems, action+" is called: it needs no reason")
		case !allowed[action]:
			problems = append(problems, action+" has a reason and is not allowed")
		}
	}
	return problems
}

// NewWorld returns the world as the deployment guide leaves it: the role that the tasks
// of an environment start with has its boundary, and so has that of its canaries.
func NewWorld(account string, envs ...environment.Environment) *World {
	w := &World{Account: account, Boundaries: map[string]string{}}
	for _, env := range envs {
		w.Region = env.Region
		w.Boundaries[env.Roles.TaskExecution] = "arn:aws:iam::" + account + ":policy/" + env.Prefix + "-boundary"
		if env.Synthetics.Role != "" {
			w.Boundaries[env.Synthetics.Role] = "arn:aws:iam::" + account + ":policy/" + env.Synthetics.Boundary
		}
	}
	return w
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
