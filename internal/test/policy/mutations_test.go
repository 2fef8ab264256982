package policy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/docs/policies"
	"github.com/ohmycoins/infra/stacks/environment"
)

// TestMutations makes every policy too wide in one place, in each place: without a
// condition, without a denial, without a restriction to resources. What the tests of this
// package check has to notice each, unless there is a reason why it makes no difference.
func TestMutations(t *testing.T) {
	unnoticed := map[string]bool{}
	for _, name := range policies.Names() {
		doc, err := Read(name, environment.Staging(), account)
		if err != nil {
			t.Fatal(err)
		}
		all := mutations(doc)
		if len(all) == 0 {
			t.Errorf("%s.json: nothing in it can be widened", name)
		}
		for _, m := range all {
			if !notices(t, name, m.doc) {
				unnoticed[name+".json, "+m.what] = true
			}
		}
	}
	for _, what := range sortedKeys(unnoticed) {
		if harmless[what] == "" {
			t.Errorf("%s: no test notices it", what)
		}
	}
	for _, what := range sortedKeys(harmless) {
		if !unnoticed[what] {
			t.Errorf("%s: a test notices it, it needs no reason", what)
		}
	}
}

const (
	theTags  = "the tags tell whose it is, and nothing else of the service has them"
	theNew   = "the tags of what is made are checked once more, when it gets them"
	theToken = "the subject names the branch, too"
)

// harmless are mutations that make no difference, and why.
var harmless = map[string]string{
	"deployment.json, AuditKeyOfTheTopics: everything instead of arn:aws:kms:ap-southeast-2:111122223333:key/*":      theTags,
	"read.json, KeyOfTheTopics: everything instead of arn:aws:kms:ap-southeast-2:111122223333:key/*":                 theTags,
	"write.json, KeyOfTheTopics: everything instead of arn:aws:kms:ap-southeast-2:111122223333:key/*":                theTags,
	"read.json, CostAnomalies: everything instead of arn:aws:ce::111122223333:anomalymonitor/*":                      theTags,
	"read.json, CostAnomalies: everything instead of arn:aws:ce::111122223333:anomalysubscription/*":                 theTags,
	"write-cost.json, CostAnomalies: everything instead of arn:aws:ce::111122223333:anomalymonitor/*":                theTags,
	"write-cost.json, CostAnomalies: everything instead of arn:aws:ce::111122223333:anomalysubscription/*":           theTags,
	"write.json, NewKey: no condition on aws:RequestTag/Environment":                                                 theNew,
	"write.json, NewKey: no condition on aws:RequestTag/Project":                                                     theNew,
	"write-cost.json, NewCostAnomalies: no condition on aws:RequestTag/Environment":                                  theNew,
	"write-cost.json, NewCostAnomalies: no condition on aws:RequestTag/Project":                                      theNew,
	"write-detection.json, Detector: everything instead of arn:aws:guardduty:ap-southeast-2:111122223333:detector/*": theTags,
	"write-detection.json, NewDetector: no condition on aws:RequestTag/Environment":                                  theNew,
	"write-detection.json, NewDetector: no condition on aws:RequestTag/Project":                                      theNew,
	"write-detection.json, RoleOfGuardDuty: no condition on iam:AWSServiceName":                                      "the role's ARN names the service, too",
	"trust-plan.json, Main: no condition on token.actions.githubusercontent.com:ref":                                 theToken,
	"trust-plan-pull-requests.json, Main: no condition on token.actions.githubusercontent.com:ref":                   theToken,
}

// A mutation is a policy that is too wide in one place.
type mutation struct {
	what string
	doc  Document
}

func mutations(doc Document) []mutation {
	var all []mutation
	for i, s := range doc.Statement {
		add := func(what string, change func(*Statement)) {
			m := doc
			m.Statement = slices.Clone(doc.Statement)
			change(&m.Statement[i])
			all = append(all, mutation{s.Sid + ": " + what, m})
		}
		if s.Effect == "Deny" {
			for j, action := range s.Action {
				add(action+" is not denied", func(s *Statement) { s.Action = slices.Delete(slices.Clone(s.Action), j, j+1) })
			}
			continue
		}
		for _, operator := range sortedKeys(s.Condition) {
			for _, key := range sortedKeys(s.Condition[operator]) {
				add("no condition on "+key, func(s *Statement) {
					s.Condition = maps.Clone(s.Condition)
					s.Condition[operator] = maps.Clone(s.Condition[operator])
					delete(s.Condition[operator], key)
				})
			}
		}
		for j, arn := range s.Resource {
			if arn != anything {
				add("everything instead of "+arn, func(s *Statement) {
					s.Resource = slices.Clone(s.Resource)
					s.Resource[j] = strings.Join(append(splitARN(arn)[:arnParts-1], anything), ":")
				})
			}
		}
	}
	return all
}

// notices reports whether a test finds something wrong with a policy.
func notices(t *testing.T, name string, doc Document) bool {
	t.Helper()
	if boundaries[name] != nil {
		return len(bordered(t, name, doc)) > 0
	}
	if strings.HasPrefix(name, "trust-") {
		return len(trusted(name, doc)) > 0
	}
	for _, roleName := range sortedKeys(policies.Roles) {
		if i := slices.Index(policies.Roles[roleName], name); i >= 0 {
			role := readRole(t, roleName, environment.Staging())
			role.Policies[i] = doc
			for range wrongs(t, roleName, role) {
				return true
			}
		}
	}
	return false
}
