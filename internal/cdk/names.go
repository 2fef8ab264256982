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
		c := clash{taken, other, taken.clashes(other)}
		if len(c.Names) == 0 {
			continue
		}
		// Providers may be made later.
		node.Node().AddValidation(&validator{func() error {
			if n := c.find(root, yes); n != nil {
				return n.problem(other, "one would overwrite the other in AWS")
			}
			return nil
		}})
		AddProblems(node, remember(root, clashKey, c))
	}
	AddProblems(node, remember(root, namesKey, taken))
}

// clash is that two constructs have taken the same names.
type clash struct {
	Taken, Other names
	Names        []Name
}

const clashKey = "ohmycoins:clash"

// remember keeps v in the metadata of a tree's root.
func remember(root constructs.IConstruct, key string, v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		root.Node().AddMetadata(jsii.String(key), string(data), nil)
	}
	return err
}

// warnOfClashes adds a warning for every clash that may be one, which has to be done when
// all providers are there and before warnings are written.
func warnOfClashes(root constructs.IConstruct) error {
	for _, entry := range *root.Node().Metadata() {
		if *entry.Type != clashKey {
			continue
		}
		var c clash
		if err := json.Unmarshal([]byte(fmt.Sprint(entry.Data)), &c); err != nil {
			return fmt.Errorf("reading the names that two constructs have taken: %w", err)
		}
		if c.find(root, yes) != nil {
			continue // a problem
		}
		if n := c.find(root, unknown); n != nil {
			warning := n.problem(c.Other, "one overwrites the other if both are made in one account"+n.andRegion())
			find(root, c.Taken.Path).Node().AddMetadata(jsii.String(warnKey), warning.Error(), nil)
		}
	}
	return nil
}

// warnKey is that of the bindings' own warnings.
const warnKey = "@cdktf/warn"

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
func (c clash) find(root constructs.IConstruct, known answer) *Name {
	for _, n := range c.Names {
		if samePlace(root, c.Taken, c.Other, n) == known {
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
	one, two := providersOf(root, a.Stack)[a.Provider], providersOf(root, b.Stack)[b.Provider]
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

// CheckProvider looks for the provider that makes a construct once all are there: a
// construct that says none in a stack where each has an alias would be made in whatever
// region the environment of Terraform says, without a word. check, where it is not nil,
// looks at the region of the provider, where that is written out. What either finds is a
// problem of the construct.
func CheckProvider(node Scope, alias string, check func(region string) error) {
	stack := stackPath(node)
	node.Node().AddValidation(&validator{func() error {
		found := providersOf(node.Node().Root(), stack)
		if err := isAmong(found, alias); err != nil {
			return err
		}
		if region := regionOf(found[alias]); region != "" && check != nil {
			return check(region)
		}
		return nil
	}})
}

func isAmong(found map[string]provider.AwsProvider, alias string) error {
	if alias != "" || len(found) == 0 || found[""] != nil {
		return nil // the bindings want a provider, and Terraform the alias
	}
	var p problems.Problems
	p.Want("Provider", alias, "the alias of one (%s): each provider of the stack has one, and without it this would be in the default region", problems.Some(problems.SortedKeys(found)))
	return p.Err()
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

// providersOf returns the AWS providers of a stack by their aliases ("" is that without
// one). They are looked for where they usually are, directly below the stack, and
// elsewhere in it only when the one without an alias is not there: each call of the
// bindings takes time.
func providersOf(root constructs.IConstruct, stack string) map[string]provider.AwsProvider {
	at := find(root, stack)
	if at == nil {
		return nil
	}
	found := map[string]provider.AwsProvider{}
	add := func(list []constructs.IConstruct) {
		for _, child := range list {
			if aws, ok := child.(provider.AwsProvider); ok {
				found[literal(aws.Alias())] = aws
			}
		}
	}
	add(*at.Node().Children())
	if len(found) > 0 && found[""] == nil {
		add(*at.Node().FindAll(constructs.ConstructOrder_PREORDER))
	}
	return found
}

// find returns the construct with a path, or nil.
func find(root constructs.IConstruct, path string) constructs.IConstruct {
	at := root
	for id := range strings.SplitSeq(path, "/") {
		if at = at.Node().TryFindChild(jsii.String(id)); at == nil {
			return nil
		}
	}
	return at
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
