package image

import (
	"testing"
	"time"

	"github.com/ohmycoins/infra/stacks/environment"
)

func TestImageTags(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	now := time.Date(2026, 1, 2, 13, 4, 5, 0, time.FixedZone("AEST", 10*3600))
	for name, test := range map[string]struct {
		source Source
		build  environment.Build
		want   Tags
	}{
		"clean":                 {Source{Commit: commit}, environment.Build{}, Tags{"0123456789ab", "staging-20260102T030405Z"}},
		"dirty":                 {Source{Commit: commit, Dirty: true}, environment.Build{}, Tags{"0123456789ab-dirty-20260102T030405Z", "staging-20260102T030405Z"}},
		"per environment":       {Source{Commit: commit}, environment.Build{PerEnvironment: true}, Tags{"0123456789ab-staging", "staging-20260102T030405Z"}},
		"per environment dirty": {Source{Commit: commit, Dirty: true}, environment.Build{PerEnvironment: true}, Tags{"0123456789ab-staging-dirty-20260102T030405Z", "staging-20260102T030405Z"}},
	} {
		if got := TagsOf(test.source, "staging", test.build, now); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

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
