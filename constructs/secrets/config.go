package secrets

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Name is the secret's name in AWS: 1 to 512 of A-Z a-z 0-9 / _ + = . @ -
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
	// AdoptARN is the ARN of a secret that exists already and has this Name; it is
	// imported instead of created, and its value is left alone. Default: create.
	AdoptARN string
	// Protect makes Terraform refuse to destroy the secret. Default: false.
	Protect bool
	// Provider is the alias of the AWS provider that makes everything: "sydney" for the
	// provider with Alias "sydney". Default: the provider of the stack that has no alias.
	Provider string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Key is a key of the JSON object that the secret holds.
type Key struct {
	// Name is the key, and the name of the container's environment variable.
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
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	keyPattern    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	rolePattern   = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	providerName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	policyPattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
)

// Validate returns everything that is wrong with the configuration, joined, or
// nil.
func (c Config) Validate() error {
	var p problems.Problems
	if !token.Is(c.Name) && !namePattern.MatchString(c.Name) {
		p.Want("Name", c.Name, "1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -")
	}
	if n := utf8.RuneCountInString(c.Description); n > maxDescription && !token.Is(c.Description) {
		p.Want("Description", c.Description, "at most %d characters", maxDescription)
	}
	c.validateKeys(&p)
	c.validateDeletion(&p)
	c.validateEncryption(&p)
	c.validateReaders(&p)
	if c.AdoptARN != "" && !token.Is(c.AdoptARN) && !problems.IsARN(c.AdoptARN, "secretsmanager", "secret:") {
		p.Want("AdoptARN", c.AdoptARN, `the ARN of a secret ("arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>")`)
	}
	if c.Provider != "" && !providerName.MatchString(c.Provider) {
		p.Want("Provider", c.Provider, `the alias of an AWS provider ("sydney")`)
	}
	return p.Err()
}

func (c Config) validateKeys(p *problems.Problems) {
	seen := map[string]bool{}
	for i, key := range c.Keys {
		field := fmt.Sprintf("Keys[%d].Name", i)
		switch {
		case seen[key.Name]:
			p.Want(field, key.Name, "each key once")
		case !token.Is(key.Name) && !keyPattern.MatchString(key.Name):
			p.Want(field, key.Name, "a letter or _, then letters, digits, _ . -")
		}
		seen[key.Name] = true
	}
}

func (c Config) validateDeletion(p *problems.Problems) {
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
	if c.KMSKeyARN != "" && !token.Is(c.KMSKeyARN) && !problems.IsARN(c.KMSKeyARN, "kms", "key/") {
		p.Want("KMSKeyARN", c.KMSKeyARN, `the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): IAM policies accept neither key ids nor aliases`)
	}
	if c.CreateKMSKey && strings.HasPrefix(c.Name, "aws/") {
		p.Want("Name", c.Name, `a name that does not begin with "aws/" when CreateKMSKey is true: AWS reserves such aliases`)
	}
	if alias := "alias/" + c.Name; c.CreateKMSKey && !token.Is(c.Name) && len(alias) > maxAlias {
		p.Want("Name", c.Name, "at most %d characters when CreateKMSKey is true: the key's alias is named after it", maxAlias-len("alias/"))
	}
}

func (c Config) validateReaders(p *problems.Problems) {
	for _, key := range problems.SortedKeys(c.ReaderRoles) {
		field, role := fmt.Sprintf("ReaderRoles[%q]", key), c.ReaderRoles[key]
		if !problems.IsKey(key) {
			p.Want(field, key, "a key that matches %s", problems.KeyPattern)
		}
		if !token.Is(role) && !rolePattern.MatchString(role) {
			p.Want(field, role, "the name of a role: 1 to 64 characters of A-Z a-z 0-9 _ + = , . @ -")
		}
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
