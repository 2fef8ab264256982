package secrets

import (
	"math"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

const (
	keyARN    = "arn:aws:kms:ap-southeast-2:000000000000:key/11111111-2222-3333-4444-555555555555"
	reference = "${aws_kms_key.other.arn}"
)

func TestValidate(t *testing.T) {
	valid := Config{Name: "app", Keys: []Key{{Name: "A"}}}
	with := func(change func(*Config)) Config {
		c := valid
		change(&c)
		return c
	}
	recovery := func(days float64) Config { return with(func(c *Config) { c.RecoveryDays = days }) }
	name := func(name string) Config { return with(func(c *Config) { c.Name = name }) }
	kms := func(arn string) Config { return with(func(c *Config) { c.KMSKeyARN = arn }) }
	// A number reference, as cdktf encodes it.
	numberToken := math.Float64frombits(0xfdff<<48 + 5)

	long := strings.Repeat("x", 513)
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"minimal", valid, nil},
		{"recovery 0", recovery(0), nil},
		{"recovery 7", recovery(7), nil},
		{"recovery 30", recovery(30), nil},
		{"recovery reference", recovery(numberToken), nil},
		{"recovery -1", recovery(-1), []string{"RecoveryDays: is -1, want 0 (DeleteImmediately, or the default of 30) or 7 to 30"}},
		{"recovery 1", recovery(1), []string{"RecoveryDays: is 1, want 0 (DeleteImmediately, or the default of 30) or 7 to 30"}},
		{"recovery 6", recovery(6), []string{"RecoveryDays: is 6, want 0 (DeleteImmediately, or the default of 30) or 7 to 30"}},
		{"recovery 7.5", recovery(7.5), []string{"RecoveryDays: is 7.5, want 0 (DeleteImmediately, or the default of 30) or 7 to 30"}},
		{"recovery 31", recovery(31), []string{"RecoveryDays: is 31, want 0 (DeleteImmediately, or the default of 30) or 7 to 30"}},
		{
			"recovery and immediately", with(func(c *Config) { c.RecoveryDays, c.DeleteImmediately = 7, true }),
			[]string{"RecoveryDays: is 7, want 0 when DeleteImmediately is true"},
		},

		{"name with slash", name("team/app"), nil},
		{"name reference", name(reference), nil},
		{"name empty", name(""), []string{`Name: is "", want the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -`}},
		{"name bad character", name("a b"), []string{`Name: is "a b", want the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -`}},
		{
			"name too long", with(func(c *Config) { c.Name, c.NoPolicy = long, true }),
			[]string{`Name: is "` + long[:80] + `"… (513 characters), want the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -`},
		},
		{"name too long for a policy", name(long[:124]), []string{
			`PolicyName: is "", want a name of at most 128 characters, because the one made from Name would have 129`,
		}},
		{"name too long for an alias", with(func(c *Config) { c.Name, c.NoPolicy, c.CreateKMSKey = long[:251], true, true }), []string{
			`Name: is "` + long[:80] + `"… (251 characters), want at most 250 characters when CreateKMSKey is true: the key's alias is named after it`,
		}},
		{"name with an alias of AWS", with(func(c *Config) { c.Name, c.CreateKMSKey = "aws/app", true }), []string{
			`Name: is "aws/app", want a name that does not begin with "aws/" when CreateKMSKey is true: AWS reserves such aliases`,
		}},
		{"description too long", with(func(c *Config) { c.Description = strings.Repeat("d", 2049) }), []string{
			`Description: is "` + strings.Repeat("d", 80) + `"… (2049 characters), want at most 2048 characters`,
		}},

		{"key ARN", kms(keyARN), nil},
		{"key reference", kms(reference), nil},
		{"key id", kms("11111111-2222-3333-4444-555555555555"), []string{
			`KMSKeyARN: is "11111111-2222-3333-4444-555555555555", want the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`,
		}},
		{"key alias", kms("alias/app"), []string{
			`KMSKeyARN: is "alias/app", want the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`,
		}},
		{"alias ARN", kms("arn:aws:kms:ap-southeast-2:000000000000:alias/app"), []string{
			`KMSKeyARN: is "arn:aws:kms:ap-southeast-2:000000000000:alias/app", want the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`,
		}},
		{"two keys", with(func(c *Config) { c.KMSKeyARN, c.CreateKMSKey = keyARN, true }), []string{
			`KMSKeyARN: is "` + keyARN + `", want "" when CreateKMSKey is true: one key encrypts the secret`,
		}},

		{"key twice", with(func(c *Config) { c.Keys = []Key{{Name: "A"}, {Name: "B"}, {Name: "A", Optional: true}} }), []string{
			`Keys[2].Name: is "A", want each key once`,
		}},
		{"key name", with(func(c *Config) { c.Keys = []Key{{Name: "A:B"}} }), []string{
			`Keys[0].Name: is "A:B", want the name of an environment variable ("DATABASE_URL"): a letter or _, then letters, digits, _`,
		}},
		{"key name reference", with(func(c *Config) { c.Keys = []Key{{Name: reference}} }), nil},

		{"role", with(func(c *Config) { c.ReaderRoles = map[string]string{"ecs": "role"} }), nil},
		{"role reference", with(func(c *Config) { c.ReaderRoles = map[string]string{"ecs": reference} }), nil},
		{"role ARN", with(func(c *Config) { c.ReaderRoles = map[string]string{"ecs": "arn:aws:iam::000000000000:role/r"} }), []string{
			`ReaderRoles["ecs"]: is "arn:aws:iam::000000000000:role/r", want the name of a role: "r"`,
		}},
		{"role key", with(func(c *Config) { c.ReaderRoles = map[string]string{"Task Role": "role"} }), []string{
			`ReaderRoles["Task Role"]: is "Task Role", want a key that matches [a-z][a-z0-9-]*`,
		}},
		{"role without policy", with(func(c *Config) { c.ReaderRoles, c.NoPolicy = map[string]string{"ecs": "role"}, true }), []string{
			"NoPolicy: is true, want false when there are ReaderRoles: the policy is what is attached to them",
		}},
		{"policy name", with(func(c *Config) { c.PolicyName = "team/app" }), []string{
			`PolicyName: is "team/app", want 1 to 128 characters of A-Z a-z 0-9 _ + = , . @ -`,
		}},
		{"policy name without policy", with(func(c *Config) { c.PolicyName, c.NoPolicy = "app", true }), []string{
			`PolicyName: is "app", want "" when NoPolicy is true`,
		}},
		{"adopt name", with(func(c *Config) { c.AdoptARN = "app" }), []string{
			`AdoptARN: is "app", want the ARN of a secret ("arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>"): the whole ARN, with the six characters that AWS has added`,
		}},
		{"adopt reference", with(func(c *Config) { c.AdoptARN = reference }), nil},

		{"all at once", Config{RecoveryDays: 3, KMSKeyARN: "alias/app", CreateKMSKey: true, PolicyName: "p"}, []string{
			`Name: is "", want the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -`,
			"RecoveryDays: is 3, want 0 (DeleteImmediately, or the default of 30) or 7 to 30",
			`KMSKeyARN: is "alias/app", want "" when CreateKMSKey is true: one key encrypts the secret`,
			`KMSKeyARN: is "alias/app", want the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problemstest.Want(t, tt.want, tt.cfg.Validate())
		})
	}
}
