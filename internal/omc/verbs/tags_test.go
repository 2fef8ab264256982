package verbs

import (
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/stacks/environment"
)

func TestImageTags(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	now := time.Date(2026, 1, 2, 13, 4, 5, 0, time.FixedZone("AEST", 10*3600))
	for name, test := range map[string]struct {
		source source
		build  environment.Build
		want   tags
	}{
		"clean":                 {source{commit: commit}, environment.Build{}, tags{"0123456789ab", "staging-20260102T030405Z"}},
		"dirty":                 {source{commit: commit, dirty: true}, environment.Build{}, tags{"0123456789ab-dirty-20260102T030405Z", "staging-20260102T030405Z"}},
		"per environment":       {source{commit: commit}, environment.Build{PerEnvironment: true}, tags{"0123456789ab-staging", "staging-20260102T030405Z"}},
		"per environment dirty": {source{commit: commit, dirty: true}, environment.Build{PerEnvironment: true}, tags{"0123456789ab-staging-dirty-20260102T030405Z", "staging-20260102T030405Z"}},
	} {
		if got := imageTags(test.source, "staging", test.build, now); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestParseImages(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0", 64)
	env := environment.Staging()
	got, err := ParseImages([]string{"backend=omc-backend@" + digest, "frontend=1.dkr.ecr.x.amazonaws.com/omc-frontend@" + digest}, env)
	if err != nil || len(got) != 2 || got["backend"] != "omc-backend@"+digest {
		t.Errorf("%v, %v", got, err)
	}
	for value, want := range map[string]string{
		"backend":                             "want SERVICE=repository@sha256:",
		"other=omc-backend@" + digest:         `service is "other", want backend or frontend`,
		"backend=omc-backend:latest":          "want repository@sha256:<64 hexadecimal digits>",
		"backend=omc-backend@sha256:0123":     "want repository@sha256:<64 hexadecimal digits>",
		"backend=@" + digest:                  "want repository@sha256:<64 hexadecimal digits>",
		"backend=omc-backend@" + digest + "x": "want repository@sha256:<64 hexadecimal digits>",
	} {
		if _, err := ParseImages([]string{value}, env); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
	if _, err := ParseImages([]string{"backend=omc-backend@" + digest, "backend=omc-backend@" + digest}, env); err == nil {
		t.Error("twice: no error")
	}
}

// Images with values of an environment in them must never be shared.
func TestBuildsWithArgumentsArePerEnvironment(t *testing.T) {
	t.Parallel()
	for _, env := range environment.All() {
		for _, service := range env.Cluster.Services {
			if len(service.Build.Args) > 0 && !service.Build.PerEnvironment {
				t.Errorf("%s %s: PerEnvironment: is false, want true: its build arguments differ between environments", env.Name, service.Key)
			}
		}
	}
}
