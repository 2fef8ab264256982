package image

import (
	"fmt"
	"strings"
	"time"

	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	// tagTime is how tags and ids say when.
	tagTime = "20060102T150405Z"
	// ShortCommit is how many digits of a commit are in a tag. It is fixed, because
	// git's own abbreviation is longer in a full clone than in a shallow one.
	ShortCommit = 12
)

// A Source is what images are built from.
type Source struct {
	Dir    string
	Commit string // all its digits; "" when nothing is built
	Dirty  bool
}

// Version is the commit as people see it.
func (s Source) Version() string {
	if len(s.Commit) > ShortCommit {
		return s.Commit[:ShortCommit]
	}
	return s.Commit
}

// Tags are the names of an image in its repository.
type Tags struct {
	// Commit says what it was built from. An image that has it is built already,
	// unless the tree was dirty.
	Commit string
	// Time says for which environment it was built and when: "staging-20260102T030405Z".
	Time string
}

// TagsOf returns the tags of a service's image.
func TagsOf(s Source, env string, build environment.Build, now time.Time) Tags {
	at := now.UTC().Format(tagTime)
	t := Tags{Commit: s.Version(), Time: env + "-" + at}
	if build.PerEnvironment {
		t.Commit += "-" + env
	}
	if s.Dirty {
		t.Commit += "-dirty-" + at
	}
	return t
}

// An Ref is an image of a repository, by digest.
type Ref struct{ Repository, Digest string }

func (r Ref) String() string { return r.Repository + "@" + r.Digest }

// Parse reads "repository@sha256:<64 digits>".
func Parse(text string) (Ref, error) {
	repository, digest, found := strings.Cut(text, "@")
	hex, isSHA := strings.CutPrefix(digest, "sha256:")
	if !found || repository == "" || !isSHA || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return Ref{}, fmt.Errorf("is %q, want repository@sha256:<64 hexadecimal digits>", text)
	}
	return Ref{Repository: repository, Digest: digest}, nil
}

// DigestOf returns the digest in an image's name, or "".
func DigestOf(image string) string {
	if ref, err := Parse(image); err == nil {
		return ref.Digest
	}
	return ""
}
