package environment

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, name := range Names() {
		if env, ok := Lookup(name); !ok || env.Name != name {
			t.Errorf("Lookup(%q) is %q, %v", name, env.Name, ok)
		}
	}
	if env, ok := Lookup("prod"); ok {
		t.Errorf(`Lookup("prod") found %q`, env.Name)
	}
}

// TestNames checks that nothing of one environment was copied into the other:
// every name that carries a prefix carries the environment's own.
func TestNames(t *testing.T) {
	carriesPrefix := regexp.MustCompile(`"(?:/ecs/)?(ohmycoins-(?:staging|prod))[-/"]`)
	for _, env := range All() {
		data, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		names := carriesPrefix.FindAllStringSubmatch(string(data), -1)
		if len(names) < 15 {
			t.Errorf("%s: found %d names with a prefix, want every identifier", env.Name, len(names))
		}
		for _, m := range names {
			if m[1] != env.Prefix {
				t.Errorf("%s: %s is not of prefix %s", env.Name, m[0], env.Prefix)
			}
		}
		if existing := env.Name + "/terraform.tfstate"; env.State.Key == existing {
			t.Errorf("%s: the state key %s is that of the existing infrastructure", env.Name, existing)
		}
	}
}

func TestNoPersonalData(t *testing.T) {
	account := regexp.MustCompile(`\b\d{12}\b`)
	for _, env := range All() {
		data, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		if found := account.Find(data); found != nil {
			t.Errorf("%s: contains the account id %s", env.Name, found)
		}
		for _, recipients := range []Recipients{env.Notify.Critical, env.Notify.Warning} {
			for _, address := range recipients.Emails {
				if !strings.HasSuffix(address, "@example.com") {
					t.Errorf("%s: notifies %s, want an address at example.com", env.Name, address)
				}
			}
		}
	}
}

func TestContainerKeys(t *testing.T) {
	for _, env := range All() {
		n := 0
		for _, key := range env.Secret.Keys {
			if !key.Optional {
				n++
			}
		}
		if len(env.Secret.Keys) != 23 || n != 8 {
			t.Errorf("%s: %d keys, %d of them named by the task definition; want 23 and 8", env.Name, len(env.Secret.Keys), n)
		}
	}
}
