package shape

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Limits of AWS: Tagging AWS Resources user guide, "Tag naming limits and
// requirements". The characters are those that every service takes.
const (
	// MaxTags is how many tags a resource may have.
	MaxTags = 50

	maxTagKey   = 128
	maxTagValue = 256
)

var tagPattern = re(`[\p{L}\p{N}\p{Z}_.:/=+@-]*`)

// CheckTags reports tags that AWS refuses. most is how many there may be.
func CheckTags(p *problems.Problems, field string, tags map[string]string, most int) {
	if n := len(tags); n > most {
		p.Want(field, problems.Text(fmt.Sprintf("%d tags", n)), "at most %d", most)
	}
	for _, key := range problems.SortedKeys(tags) {
		at, value := fmt.Sprintf("%s[%q]", field, key), tags[key]
		switch {
		case token.Is(key):
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			p.Want(at, key, `a key that does not begin with "aws:", which AWS keeps for itself`)
		case key == "" || utf8.RuneCountInString(key) > maxTagKey || !tagPattern.MatchString(key):
			p.Want(at, key, "a key of 1 to %d letters, digits, spaces, _ . : / = + - @", maxTagKey)
		}
		if !token.Is(value) && (utf8.RuneCountInString(value) > maxTagValue || !tagPattern.MatchString(value)) {
			p.Want(at, value, "a value of at most %d letters, digits, spaces, _ . : / = + - @", maxTagValue)
		}
	}
}
