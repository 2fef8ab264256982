// Package problems reports everything that is wrong with a configuration at once.
package problems

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problems collects what is wrong with a configuration. The zero value is ready
// to use.
type Problems struct{ errs []error }

// Text describes a value that has no literal form: "empty", "5 topics".
type Text string

// Want records that a field holds a value that it must not hold:
// "RecoveryDays: is 3, want 0 or 7 to 30". Strings are quoted, [Text] is not.
func (p *Problems) Want(field string, got any, want string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: is %s, want %s", field, show(got), fmt.Sprintf(want, args...)))
}

// Add records a problem as it is.
func (p *Problems) Add(err error) { p.errs = append(p.errs, err) }

// AddIn records the problems that err joins as those of a part of the
// configuration: with the part "Resources[0]" the problem "Cluster: is empty"
// becomes "Resources[0].Cluster: is empty".
func (p *Problems) AddIn(part string, err error) {
	for _, problem := range List(err) {
		separator := ": "
		if field.MatchString(problem.Error()) {
			separator = "."
		}
		p.Add(fmt.Errorf("%s%s%w", part, separator, problem))
	}
}

// field is how a problem begins that says which field it is about.
var field = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*(\[[^\]]*\])?[.:]`)

// Has reports whether there is a problem of a field.
func (p *Problems) Has(field string) bool {
	return slices.ContainsFunc(p.errs, func(err error) bool { return strings.HasPrefix(err.Error(), field+": ") })
}

// Len returns how many problems there are.
func (p *Problems) Len() int { return len(p.errs) }

// Err returns all problems joined, or nil when there are none.
func (p *Problems) Err() error { return errors.Join(p.errs...) }

// List returns the single problems that err joins, at any depth.
func List(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	var text []string
	for _, e := range joined.Unwrap() {
		list = append(list, List(e)...)
		text = append(text, e.Error())
	}
	if err.Error() != strings.Join(text, "\n") {
		return []error{err} // it says more than what it wraps
	}
	return list
}

func show(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q… (%d characters)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// KeyPattern is what construct ids look like.
const KeyPattern = "[a-z][a-z0-9-]*"

var key = regexp.MustCompile("^" + KeyPattern + "$")

// IsKey reports whether s can be a construct id. Ids are part of Terraform
// addresses, so they are literals that do not change.
func IsKey(s string) bool { return key.MatchString(s) }

var arn = regexp.MustCompile(`^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12})?:(.+)$`)

// IsARN reports whether s is the ARN of a resource of the service whose id
// begins with prefix: IsARN(s, "kms", "key/").
func IsARN(s, service, prefix string) bool {
	m := arn.FindStringSubmatch(s)
	return m != nil && m[1] == service && strings.HasPrefix(m[4], prefix) && len(m[4]) > len(prefix)
}

// shownOf is how many of many things a message names.
const shownOf = 3

// OneOf says which of the known things may have been meant by got: "one of a, b", or the
// nearest of many.
func OneOf[K ~string](got string, known []K) string {
	known = slices.Clone(known)
	slices.Sort(known)
	if len(known) <= shownOf+1 {
		return "one of " + joined(known)
	}
	slices.SortStableFunc(known, func(a, b K) int { return distance(got, string(a)) - distance(got, string(b)) })
	return fmt.Sprintf("one of %s (the nearest of %d)", joined(known[:shownOf]), len(known))
}

// Some names the first of many things: "a, b, c and 38 more".
func Some[K ~string](things []K) string {
	if len(things) <= shownOf+1 {
		return joined(things)
	}
	return fmt.Sprintf("%s and %d more", joined(things[:shownOf]), len(things)-shownOf)
}

func joined[K ~string](list []K) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

// distance is how many characters have to be added, removed or replaced to make b of a
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// SortedKeys returns the keys of m in order.
func SortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
