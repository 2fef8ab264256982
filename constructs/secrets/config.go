package secrets

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Name is the secret's name in AWS: 1 to 512 of A-Z a-z 0-9 / _ + = . @ -. A new
	// one does not begin with "/", has no "//", and does not end in a hyphen and six
	// letters or digits, which AWS can take for the end of an ARN.
	Name string
	// Description says what the secret is for. Default: none.
	Description string
	// Keys are the keys of the JSON object that the secret holds.
	Keys []Key
	// RecoveryDays is how many days a deleted secret can be restored: 7 to 30.
	// Default: 30.
	RecoveryDays float64
	// DeleteImmediately deletes the secret without a recovery window, so that its
	// name can be used again at once. Default: false.
	DeleteImmediately bool
	// KMSKeyARN is the ARN of the key that encrypts the secret; key ids and aliases
	// do not work in IAM policies. Default: the AWS managed key.
	KMSKeyARN string
	// CreateKMSKey encrypts the secret with a key that is made for it and rotates
	// yearly. Default: false.
	CreateKMSKey bool
	// ReaderRoles are the names of IAM roles that exist and may read the secret,
	// each under a key that is part of its Terraform address. Default: none.
	ReaderRoles map[string]string
	// PolicyName is the name of the IAM policy that lets roles read the secret.
	// Default: Name with "-" for every "/", followed by "-read".
	PolicyName string
	// NoPolicy leaves the IAM policy out. Default: false.
	NoPolicy bool
	// AdoptARN is the whole ARN of a secret that exists already and has this Name; it is
	// imported instead of created, and its value is left alone. It may stay after the
	// import. Default: create.
	AdoptARN string
	// Protect makes Terraform refuse to destroy the secret. A new secret cannot have it
	// with DeleteImmediately. Default: false.
	Protect bool
	// Provider is the alias of the AWS provider that makes everything: "sydney" for the
	// provider with Alias "sydney". Default: the provider of the stack that has no alias.
	Provider string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Key is a key of the JSON object that the secret holds.
type Key struct {
	// Name is the key, and the name of the container's environment variable: a letter
	// or _, then letters, digits and _. Case does not tell keys apart.
	Name string
	// Optional says that the application runs without the key. Default: false.
	Optional bool
}

// Limits of AWS: API references of Secrets Manager CreateSecret and DeleteSecret,
// IAM CreatePolicy, and KMS CreateAlias.
const (
	maxDescription = 2048
	maxPolicyName  = 128
	maxAlias       = 256

	defaultRecoveryDays = 30
)

var (
	policyPattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	// likeSuffix is how names end that AWS warns of: it adds a hyphen and six characters
	// to the ARN of each secret, and takes these for them when the ARN has none.
	likeSuffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

// Validate returns everything that is wrong with the configuration, joined, or
// nil.
func (c Config) Validate() error {
	var p problems.Problems
	c.validateName(&p)
	if n := utf8.RuneCountInString(c.Description); n > maxDescription && !token.Is(c.Description) {
		p.Want("Description", c.Description, "at most %d characters", maxDescription)
	}
	c.validateKeys(&p)
	c.validateDeletion(&p)
	c.validateEncryption(&p)
	c.validateReaders(&p)
	c.validateAdoption(&p)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags)
	c.validateTags(&p)
	p.CheckTexts("", c)
	return p.Err()
}

// validateName refuses a new name that makes trouble. The name of a secret that is
// adopted is what it is.
func (c Config) validateName(p *problems.Problems) {
	before := p.Len()
	shape.SecretName.Check(p, "Name", c.Name)
	if p.Len() > before || token.Is(c.Name) || c.AdoptARN != "" {
		return
	}
	switch {
	case strings.HasPrefix(c.Name, "/"):
		p.Want("Name", c.Name, "a name that does not begin with \"/\": %q", strings.TrimLeft(c.Name, "/"))
	case strings.Contains(c.Name, "//"):
		p.Want("Name", c.Name, "a name without \"//\": %q", manySlashes.ReplaceAllString(c.Name, "/"))
	case likeSuffix.MatchString(c.Name):
		p.Want("Name", c.Name, "a name that does not end in a hyphen and six characters, which AWS can take for the end of an ARN: %q", c.Name+"s")
	}
}

var manySlashes = regexp.MustCompile(`//+`)

func (c Config) validateAdoption(p *problems.Problems) {
	arn := c.AdoptARN
	if arn == "" || token.Is(arn) {
		return
	}
	before := p.Len()
	name := strings.TrimPrefix(shape.ARNPart(arn, shape.Resource), "secret:")
	if name == c.Name {
		p.Want("AdoptARN", arn, "the whole ARN, with the hyphen and six characters that AWS has added to the name")
		return
	}
	if shape.SecretARN.Check(p, "AdoptARN", arn); p.Len() > before || token.Is(c.Name) {
		return
	}
	if name = name[:len(name)-len("-AbCdEf")]; name != c.Name {
		p.Want("AdoptARN", arn, "the ARN of the secret that Name says (%q): this is that of %q", c.Name, name)
	}
}

// validateRegion reports ARNs of another region than that of the provider.
func (c Config) validateRegion(region string) error {
	var p problems.Problems
	const why = "the region of the provider"
	shape.CheckRegionOf(&p, "KMSKeyARN", c.KMSKeyARN, region, why)
	shape.CheckRegionOf(&p, "AdoptARN", c.AdoptARN, region, why)
	return p.Err()
}

// validateTags looks for keys that are one for IAM.
func (c Config) validateTags(p *problems.Problems) {
	if c.NoPolicy {
		return
	}
	seen := map[string]string{}
	for _, key := range problems.SortedKeys(c.Tags) {
		folded := strings.ToLower(key)
		if first, ok := seen[folded]; ok {
			p.Want(fmt.Sprintf("Tags[%q]", key), key, "a key that differs from %q in more than case: IAM takes them for one", first)
		}
		seen[folded] = key
	}
}

func (c Config) validateKeys(p *problems.Problems) {
	seen := map[string]string{}
	for i, key := range c.Keys {
		field, folded := fmt.Sprintf("Keys[%d].Name", i), strings.ToLower(key.Name)
		switch first, ok := seen[folded]; {
		case ok && first == key.Name:
			p.Want(field, key.Name, "each key once")
		case ok:
			p.Want(field, key.Name, "a key that differs from %q in more than case", first)
		default:
			shape.VariableName.Check(p, field, key.Name)
		}
		seen[folded] = key.Name
	}
}

func (c Config) validateDeletion(p *problems.Problems) {
	// A secret that is adopted keeps the window that it has.
	if c.Protect && c.DeleteImmediately && c.AdoptARN == "" {
		p.Want("Protect", true, "false when DeleteImmediately is true: a protected secret is never deleted")
	}
	days := c.RecoveryDays
	switch {
	case days != 0 && c.DeleteImmediately:
		p.Want("RecoveryDays", days, "0 when DeleteImmediately is true")
	case days == 0 || token.IsNumber(days):
	case days < 7 || days > 30 || days != float64(int(days)):
		p.Want("RecoveryDays", days, "0 (DeleteImmediately, or the default of %d) or 7 to 30", defaultRecoveryDays)
	}
}

func (c Config) validateEncryption(p *problems.Problems) {
	if c.KMSKeyARN != "" && c.CreateKMSKey {
		p.Want("KMSKeyARN", c.KMSKeyARN, `"" when CreateKMSKey is true: one key encrypts the secret`)
	}
	shape.KeyARN.CheckIfGiven(p, "KMSKeyARN", c.KMSKeyARN)
	if c.CreateKMSKey && strings.HasPrefix(c.Name, "aws/") {
		p.Want("Name", c.Name, `a name that does not begin with "aws/" when CreateKMSKey is true: AWS reserves such aliases`)
	}
	if alias := "alias/" + c.Name; c.CreateKMSKey && !token.Is(c.Name) && len(alias) > maxAlias {
		p.Want("Name", c.Name, "at most %d characters when CreateKMSKey is true: the key's alias is named after it", maxAlias-len("alias/"))
	}
}

func (c Config) validateReaders(p *problems.Problems) {
	owner := map[string]string{} // of roles
	for _, key := range problems.SortedKeys(c.ReaderRoles) {
		field, role := fmt.Sprintf("ReaderRoles[%q]", key), c.ReaderRoles[key]
		if !problems.IsKey(key) {
			p.Want(field, key, "a key that matches %s", problems.KeyPattern)
		}
		shape.RoleName.Check(p, field, role)
		if first, ok := owner[strings.ToLower(role)]; ok {
			p.Want(field, role, "each role once: ReaderRoles[%q] is the same", first)
		}
		owner[strings.ToLower(role)] = key
	}
	if c.NoPolicy {
		if len(c.ReaderRoles) > 0 {
			p.Want("NoPolicy", true, "false when there are ReaderRoles: the policy is what is attached to them")
		}
		if c.PolicyName != "" {
			p.Want("PolicyName", c.PolicyName, `"" when NoPolicy is true`)
		}
		return
	}
	switch name := c.PolicyName; {
	case name == "" && !token.Is(c.Name):
		if n := len(c.Name) + len(policySuffix); n > maxPolicyName {
			p.Want("PolicyName", name, "a name of at most %d characters, because the one made from Name would have %d", maxPolicyName, n)
		}
	case name != "" && !token.Is(name):
		if len(name) > maxPolicyName || !policyPattern.MatchString(name) {
			p.Want("PolicyName", name, "1 to %d characters of A-Z a-z 0-9 _ + = , . @ -", maxPolicyName)
		}
	}
}
