// Package existing looks up what exists in AWS already, so that a wrong name fails
// the plan with that name instead of giving an alarm that can never go off. What it
// returns are plain strings, the values that the other constructs take.
//
// Every look-up has the same form: NewX(scope, id, X) XRef. It makes data sources of
// Terraform and nothing else: nothing is created, changed or destroyed. The fields of
// a config may be Terraform references; what is wrong with it is reported when the app
// is synthesized.
package existing

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// named returns what is wrong with a look-up that has a name and a provider only.
func named(s shape.Shape, name, provider string) error {
	var p problems.Problems
	s.Check(&p, "Name", name)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", provider)
	return p.Err()
}

// lookUp calls find with the id of the data source, unless the config has problems:
// then it reports them and returns values that report no second one.
func lookUp[Ref any](scope constructs.Construct, id, name string, invalid error, find func(id string) Ref) Ref {
	if invalid == nil {
		return find(address(id, name))
	}
	cdk.NewNode(scope, id, invalid)
	var ref Ref
	fields := reflect.ValueOf(&ref).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetString(cdk.Invalid)
	}
	return ref
}

var notInID = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// address returns an id with the name in it. Not every error of the provider says
// what was not found, but all of them say where.
func address(id, name string) string {
	part := strings.Trim(notInID.ReplaceAllString(name, "-"), "-")
	if token.Is(name) || strings.Contains(id, part) {
		return id
	}
	return id + "-" + part
}
