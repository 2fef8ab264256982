// Package policies holds the IAM policies that people attach, as the deployment guide
// says. The files are written for staging; the tests evaluate what the tools of this
// project really do against them.
package policies

import (
	"embed"
	"fmt"
	"strings"

	"github.com/ohmycoins/infra/stacks/environment"
)

//go:embed *.json
var files embed.FS

// Roles are the policies of each role that the deployment guide makes.
var Roles = map[string][]string{
	"plan":           {"read"},
	"infrastructure": {"read", "write", "write-canaries", "write-cost"},
	"deployment":     {"deployment"},
	// The infrastructure role where stacks have a detector of threats or health checks.
	"detection": {"read", "write", "write-canaries", "write-cost", "write-detection"},
}

// Names returns the names of all policies, sorted.
func Names() []string {
	entries, _ := files.ReadDir(".") // it is part of the program
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".json"))
	}
	return names
}

// Read returns a policy, such as "read", for an environment and an account.
func Read(name string, env environment.Environment, account string) ([]byte, error) {
	text, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("policy %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	staging := environment.Staging()
	return []byte(strings.NewReplacer(
		staging.Prefix, env.Prefix,
		staging.Name, env.Name,
		"ACCOUNT_ID", account,
	).Replace(string(text))), nil
}
