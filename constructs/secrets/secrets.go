// Package secrets manages one secret in AWS Secrets Manager: the container, its
// encryption and who may read it. It never manages a value, so that none can
// enter Go, the synthesized JSON, a plan or the state.
package secrets

import (
	"slices"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

const policySuffix = "-read"

// Secret is a secret in a stack. What its methods return are Terraform references.
type Secret struct {
	node                  cdk.Scope
	keys                  []Key
	arn, id, name         string
	policyARN, policyName string
	kmsKeyARN             string
}

// ContainerSecret is an entry of "secrets" in an ECS container definition.
type ContainerSecret struct {
	// Name is the environment variable.
	Name string `json:"name"`
	// ValueFrom is the secret's ARN with the key: "<arn>:SECRET_KEY::".
	ValueFrom string `json:"valueFrom"`
}

// New makes a secret below scope, usually a stack. What is wrong with the
// configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Secret {
	invalid := cfg.Validate()
	s := &Secret{node: cdk.NewNode(scope, id, invalid), keys: slices.Clone(cfg.Keys)}
	cdk.TakeNames(s.node, cfg.Provider, cfg.names())
	cdk.CheckProvider(s.node, cfg.Provider, cfg.validateRegion)
	if invalid != nil {
		s.arn, s.id, s.name = cdk.Invalid, cdk.Invalid, cdk.Invalid
		s.policyARN, s.policyName, s.kmsKeyARN = cdk.Invalid, cdk.Invalid, cdk.Invalid
		return s
	}

	s.kmsKeyARN = cfg.KMSKeyARN
	if cfg.CreateKMSKey {
		s.kmsKeyARN = cdk.NewKey(s.node, "key", cdk.Key{
			Alias: cfg.keyAlias(), Description: "Encrypts the secret " + cfg.Name, Tags: cfg.Tags,
		}).ARN
	}
	secret := cdk.NewSecret(s.node, "secret", cdk.Secret{
		Name:         cfg.Name,
		Description:  cfg.Description,
		KMSKeyARN:    s.kmsKeyARN,
		RecoveryDays: cfg.recoveryDays(),
		Tags:         cfg.Tags,
		AdoptARN:     cfg.AdoptARN,
		Protect:      cfg.Protect,
	})
	s.arn, s.id, s.name = secret.ARN, secret.ID, secret.Name
	cdk.NewSecretPolicy(s.node, "resource-policy", cdk.SecretPolicy{
		SecretARN: s.arn,
		Policy:    cdk.NewPolicyDocument(s.node, "resource-policy-document", denyOtherAccounts(s.arn)).JSON,
	})
	if !cfg.NoPolicy {
		s.letRead(cfg)
	}
	if cfg.Provider != "" {
		cdk.UseProvider(s.node, cfg.Provider)
	}
	return s
}

// letRead makes the policy that lets roles read the secret, and attaches it.
func (s *Secret) letRead(cfg Config) {
	policy := cdk.NewPolicy(s.node, "read-policy", cdk.Policy{
		Name:        cfg.policyName(),
		Description: "Lets a role read the secret " + cfg.Name,
		Document:    cdk.NewPolicyDocument(s.node, "read-policy-document", readStatements(s.arn, s.kmsKeyARN)).JSON,
		Tags:        cfg.Tags,
	})
	s.policyARN, s.policyName = policy.ARN, policy.Name
	for _, key := range problems.SortedKeys(cfg.ReaderRoles) {
		cdk.NewRoleAttachment(s.node, "reader-"+key, cdk.RoleAttachment{Role: cfg.ReaderRoles[key], PolicyARN: s.policyARN})
	}
}

func (c Config) recoveryDays() float64 {
	switch {
	case c.DeleteImmediately:
		return 0
	case c.RecoveryDays == 0:
		return defaultRecoveryDays
	default:
		return c.RecoveryDays
	}
}

func (c Config) policyName() string {
	if c.PolicyName != "" {
		return c.PolicyName
	}
	// "/" is the only character that secrets may have in their names and policies
	// may not.
	return cdk.ReplaceAll(c.Name, "[/]", "-") + policySuffix
}

func (c Config) keyAlias() string {
	return "alias/" + cdk.ReplaceAll(c.Name, "[^A-Za-z0-9/_-]", "-")
}

// names are what others must not be called. When only Terraform knows the secret's,
// it stands for the others.
func (c Config) names() []cdk.Name {
	names := []cdk.Name{{Of: "secret", Name: c.Name, Field: "Name"}}
	if token.Is(c.Name) {
		return names
	}
	if c.CreateKMSKey {
		names = append(names, cdk.Name{Of: "key alias", Name: c.keyAlias(), Field: "Name"})
	}
	if !c.NoPolicy {
		names = append(names, cdk.Name{Of: "IAM policy", Name: c.policyName(), Field: "PolicyName", Global: true, AnyCase: true})
	}
	return names
}

// denyOtherAccounts is the resource policy. A policy is needed to have Secrets
// Manager refuse public ones; this one also keeps out every other account,
// whatever its own policies allow.
func denyOtherAccounts(secretARN string) cdk.PolicyDocument {
	return cdk.PolicyDocument{Statements: []cdk.Statement{{
		SID:  "DenyOtherAccounts",
		Deny: true,
		Actions: []string{
			"secretsmanager:DeleteSecret",
			"secretsmanager:GetSecretValue",
			"secretsmanager:PutResourcePolicy",
			"secretsmanager:PutSecretValue",
			"secretsmanager:UpdateSecret",
			"secretsmanager:UpdateSecretVersionStage",
		},
		Resources:     []string{secretARN},
		PrincipalType: "*",
		Principals:    []string{"*"},
		Conditions: []cdk.Condition{
			{Test: "StringNotEquals", Variable: "aws:PrincipalAccount", Values: []string{cdk.ARNPart(secretARN, cdk.ARNAccount)}},
			{Test: "Bool", Variable: "aws:PrincipalIsAWSService", Values: []string{"false"}},
		},
	}}}
}

// readStatements let an identity read the secret. The AWS managed key needs no
// permission; a customer key is allowed for this secret only.
func readStatements(secretARN, kmsKeyARN string) cdk.PolicyDocument {
	statements := []cdk.Statement{{
		SID:       "ReadSecret",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		Resources: []string{secretARN},
	}}
	if kmsKeyARN != "" {
		statements = append(statements, cdk.Statement{
			SID:       "DecryptSecret",
			Actions:   []string{"kms:Decrypt"},
			Resources: []string{kmsKeyARN},
			Conditions: []cdk.Condition{
				{Test: "StringEquals", Variable: "kms:EncryptionContext:SecretARN", Values: []string{secretARN}},
				{
					Test: "StringEquals", Variable: "kms:ViaService",
					Values: []string{"secretsmanager." + cdk.ARNPart(secretARN, cdk.ARNRegion) + ".amazonaws.com"},
				},
			},
		})
	}
	return cdk.PolicyDocument{Statements: statements}
}

// ARN returns the ARN of the secret.
func (s *Secret) ARN() string { return s.arn }

// ID returns the id of the secret, which is its ARN.
func (s *Secret) ID() string { return s.id }

// Name returns the name of the secret.
func (s *Secret) Name() string { return s.name }

// PolicyARN returns the ARN of the policy that lets roles read the secret, or ""
// with NoPolicy.
func (s *Secret) PolicyARN() string { return s.policyARN }

// PolicyName returns the name of the policy that lets roles read the secret, or
// "" with NoPolicy.
func (s *Secret) PolicyName() string { return s.policyName }

// KMSKeyARN returns the ARN of the key that encrypts the secret, or "" for the
// AWS managed key.
func (s *Secret) KMSKeyARN() string { return s.kmsKeyARN }

// ContainerSecrets returns what a container definition needs to get keys as
// environment variables: the keys named, or else every key that is not optional,
// because ECS starts no task while a key that it names is missing. A name that is
// not among the secret's keys is reported when the app is synthesized.
func (s *Secret) ContainerSecrets(names ...string) []ContainerSecret {
	if len(names) == 0 {
		for _, key := range s.keys {
			if !key.Optional {
				names = append(names, key.Name)
			}
		}
	}
	var p problems.Problems
	var list []ContainerSecret
	for _, name := range names {
		if !slices.ContainsFunc(s.keys, func(k Key) bool { return k.Name == name }) {
			p.Want("ContainerSecrets", name, "one of Keys")
		}
		list = append(list, ContainerSecret{Name: name, ValueFrom: s.arn + ":" + name + "::"})
	}
	if err := p.Err(); err != nil {
		cdk.AddProblems(s.node, err)
	}
	return list
}
