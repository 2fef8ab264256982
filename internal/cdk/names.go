package cdk

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Name is what a construct calls something in AWS.
type Name struct {
	// Of is what has the name: "secret".
	Of, Name string
	// Field is the field of the configuration that says it.
	Field string
	// Global names are unique in an account, others in a region of it.
	Global bool
	// AnyCase says that AWS does not tell upper from lower case.
	AnyCase bool
}

// names are those that a construct has taken. They are kept in the metadata of the
// tree's root, so that they live as long as the tree, and no longer.
type names struct {
	Path            string
	Stack, Provider string // which provider makes it: the path of its stack, and its alias
	Names           []Name
}

const namesKey = "ohmycoins:names"

// TakeNames lets a construct have names that no other construct may have. Where both
// are made in one region of one account, one would overwrite the other in AWS, and
// that is reported as a problem. Where it is not known, because two stacks or
// two providers make them, it is a warning. alias is that of the construct's provider.
func TakeNames(node Scope, alias string, list []Name) {
	taken := names{Path: *node.Node().Path(), Stack: stackPath(node), Provider: alias}
	for _, n := range list {
		if n.Name != "" {
			n.Name = Ref(node, n.Name)
			taken.Names = append(taken.Names, n)
		}
	}
	root := node.Node().Root()
	for _, entry := range *root.Node().Metadata() {
		if *entry.Type != namesKey {
			continue
		}
		var other names
		if err := json.Unmarshal([]byte(fmt.Sprint(entry.Data)), &other); err != nil {
			AddProblems(node, fmt.Errorf("reading the names of other constructs: %w", err))
			continue
		}
		clashes := taken.clashes(other)
		if len(clashes) == 0 {
			continue
		}
		// Providers may be made later.
		node.Node().AddValidation(&validator{func() error {
			if n := find(root, taken, other, clashes, yes); n != nil {
				return n.problem(other, "one would overwrite the other in AWS")
			}
			return nil
		}})
		if find(root, taken, other, clashes, yes) != nil {
			continue
		}
		if n := find(root, taken, other, clashes, unknown); n != nil {
			warning := n.problem(other, "one overwrites the other if both are made in one account"+n.andRegion())
			node.Node().AddMetadata(jsii.String("@cdktf/warn"), warning.Error(), nil)
		}
	}
	data, err := json.Marshal(taken)
	AddProblems(node, err)
	root.Node().AddMetadata(jsii.String(namesKey), string(data), nil)
}

// clashes returns the names that both have.
func (n names) clashes(other names) []Name {
	var list []Name
	for _, mine := range n.Names {
		if token.Is(mine.Name) && n.Stack != other.Stack {
			continue // what it refers to is another stack's
		}
		for _, theirs := range other.Names {
			same := mine.Name == theirs.Name || mine.AnyCase && strings.EqualFold(mine.Name, theirs.Name)
			if same && mine.Of == theirs.Of {
				list = append(list, mine)
				break
			}
		}
	}
	return list
}

// find returns the first of the names that are, as far as known, in one namespace of
// AWS.
func find(root constructs.IConstruct, a, b names, clashes []Name, known answer) *Name {
	for _, n := range clashes {
		if samePlace(root, a, b, n) == known {
			return &n
		}
	}
	return nil
}

func (n Name) andRegion() string {
	if n.Global {
		return ""
	}
	return " and region"
}

func (n Name) problem(other names, why string) error {
	var p problems.Problems
	p.Want(n.Field, n.Name, "another name: %s has the same for its %s, and %s", other.Path, n.Of, why)
	return p.Err()
}

// answer is what is known.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// samePlace reports whether a name would be in one namespace of AWS.
func samePlace(root constructs.IConstruct, a, b names, n Name) answer {
	if a.Stack == b.Stack && a.Provider == b.Provider {
		return yes
	}
	one, two := findProvider(root, a.Stack, a.Provider), findProvider(root, b.Stack, b.Provider)
	account := same(accountOf(one), accountOf(two))
	region := yes
	if !n.Global {
		region = same(regionOf(one), regionOf(two))
	}
	switch {
	case account == no || region == no:
		return no
	case account == yes && region == yes:
		return yes
	default:
		return unknown
	}
}

func same(a, b string) answer {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return yes
	default:
		return no
	}
}

// AddRegionCheck lets check look at the region of the provider that makes a
// construct, where that is written out: it is then a problem of the construct.
func AddRegionCheck(node Scope, alias string, check func(region string) error) {
	stack := stackPath(node)
	node.Node().AddValidation(&validator{func() error {
		if region := regionOf(findProvider(node.Node().Root(), stack, alias)); region != "" {
			return check(region)
		}
		return nil
	}})
}

// stackPath returns the path of the innermost stack that a construct is in, or "".
func stackPath(node Scope) string {
	path := ""
	for _, scope := range *node.Node().Scopes() {
		if _, ok := scope.(cdktf.TerraformStack); ok {
			path = *scope.Node().Path()
		}
	}
	return path
}

// findProvider returns the AWS provider of a stack with an alias ("" is that without
// one), or nil. Providers are found where they usually are, directly below the stack.
func findProvider(root constructs.IConstruct, stack, alias string) provider.AwsProvider {
	at := root
	for id := range strings.SplitSeq(stack, "/") {
		if at = at.Node().TryFindChild(jsii.String(id)); at == nil {
			return nil
		}
	}
	for _, child := range *at.Node().Children() {
		if aws, ok := child.(provider.AwsProvider); ok && literal(aws.Alias()) == alias {
			return aws
		}
	}
	return nil
}

func regionOf(aws provider.AwsProvider) string {
	if aws == nil {
		return ""
	}
	return literal(aws.Region())
}

// accountOf returns the only account that a provider may work in, or "".
func accountOf(aws provider.AwsProvider) string {
	if aws == nil || aws.AllowedAccountIds() == nil || len(*aws.AllowedAccountIds()) != 1 {
		return ""
	}
	return literal((*aws.AllowedAccountIds())[0])
}

// literal returns a value that is written out, or "".
func literal(s *string) string {
	if s == nil || token.Is(*s) {
		return ""
	}
	return *s
}
