package verbs

import (
	"strings"
	"testing"

	"github.com/ohmycoins/infra/stacks/environment"
)

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
