package verbs

import (
	"fmt"
	"strings"
	"time"

	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	// tagTime is how tags and ids say when.
	tagTime = "20060102T150405Z"
	// shortCommit is how many digits of a commit are in a tag. It is fixed, because
	// git's own abbreviation is longer in a full clone than in a shallow one.
	shortCommit = 12
)

// A source is what images are built from.
type source struct {
	dir    string
	commit string // all its digits; "" when nothing is built
	dirty  bool
}

// version is the commit as people see it.
func (s source) version() string {
	if len(s.commit) > shortCommit {
		return s.commit[:shortCommit]
	}
	return s.commit
}

// tags are the names of an image in its repository.
type tags struct {
	// commit says what it was built from. An image that has it is built already,
	// unless the tree was dirty.
	commit string
	// time says for which environment it was built and when: "staging-20260102T030405Z".
	time string
}

// imageTags returns the tags of a service's image.
func imageTags(s source, env string, build environment.Build, now time.Time) tags {
	at := now.UTC().Format(tagTime)
	t := tags{commit: s.version(), time: env + "-" + at}
	if build.PerEnvironment {
		t.commit += "-" + env
	}
	if s.dirty {
		t.commit += "-dirty-" + at
	}
	return t
}

// An imageRef is an image of a repository, by digest.
type imageRef struct{ repository, digest string }

func (r imageRef) String() string { return r.repository + "@" + r.digest }

// parseImage reads "repository@sha256:<64 digits>".
func parseImage(text string) (imageRef, error) {
	repository, digest, found := strings.Cut(text, "@")
	hex, isSHA := strings.CutPrefix(digest, "sha256:")
	if !found || repository == "" || !isSHA || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return imageRef{}, fmt.Errorf("is %q, want repository@sha256:<64 hexadecimal digits>", text)
	}
	return imageRef{repository: repository, digest: digest}, nil
}

// digestOf returns the digest in an image's name, or "".
func digestOf(image string) string {
	if ref, err := parseImage(image); err == nil {
		return ref.digest
	}
	return ""
}

// ParseImages reads the values of --image, "service=repository@sha256:…", into a
// map from service key to image.
func ParseImages(values []string, env environment.Environment) (map[string]string, error) {
	images := map[string]string{}
	for _, value := range values {
		key, image, found := strings.Cut(value, "=")
		if !found {
			return nil, fmt.Errorf("--image: is %q, want SERVICE=repository@sha256:…", value)
		}
		if _, ok := serviceByKey(env, key); !ok {
			return nil, fmt.Errorf("--image: service is %q, want %s", key, strings.Join(serviceKeys(env), " or "))
		}
		if _, twice := images[key]; twice {
			return nil, fmt.Errorf("--image: %s is given twice", key)
		}
		if _, err := parseImage(image); err != nil {
			return nil, fmt.Errorf("--image: %s: %w", key, err)
		}
		images[key] = image
	}
	return images, nil
}

func serviceByKey(env environment.Environment, key string) (environment.Service, bool) {
	for _, s := range env.Cluster.Services {
		if s.Key == key {
			return s, true
		}
	}
	return environment.Service{}, false
}

func serviceKeys(env environment.Environment) []string {
	var keys []string
	for _, s := range env.Cluster.Services {
		keys = append(keys, s.Key)
	}
	return keys
}
