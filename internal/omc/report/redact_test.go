package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	t.Parallel()
	r := &Redactor{Known: `{"Name":"production"}`}
	r.Hide("s3cr3t-value")
	r.Hide("production") // everybody knows it
	r.Hide("true")       // too short to be a secret
	if got := r.Clean("password s3cr3t-value is true"); got != "password *** is true" {
		t.Error(got)
	}
	if got := r.Clean("omc deploy production"); got != "omc deploy production" {
		t.Error(got)
	}
	cause := errors.New("login: s3cr3t-value")
	if err := r.Wrap(cause); err.Error() != "login: ***" || !errors.Is(err, cause) {
		t.Error(err)
	}
	if err := r.Wrap(nil); err != nil {
		t.Error(err)
	}
}

// A value that is part of another one must not leave the rest of that to be seen.
func TestRedactorHidesValuesThatOverlap(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		values     []string
		text, want string
	}{
		"inside": {
			[]string{"redis.internal", "redis://:hunter2hunter2@redis.internal:6379/0"},
			"url redis://:hunter2hunter2@redis.internal:6379/0 failed", "url *** failed",
		},
		"one after the other": {[]string{"firstvalue", "othervalue"}, "firstvalueothervalue", "***"},
		"overlapping":         {[]string{"abcdefgh", "efghijkl"}, "<abcdefghijkl>", "<***>"},
		"itself":              {[]string{"ababababab"}, "abababababab!", "***!"},
		"multi-byte":          {[]string{"pässwörter"}, "p%C3%A4ssw%c3%b6rter p\\u00e4ssw\\u00F6rter é", "*** *** é"},
	} {
		for range 2 {
			r := &Redactor{}
			for _, value := range test.values {
				r.Hide(value)
			}
			if got := r.Clean(test.text); got != test.want {
				t.Errorf("%s, %q: %q, want %q", name, test.values, got, test.want)
			}
			test.values[0], test.values[len(test.values)-1] = test.values[len(test.values)-1], test.values[0]
		}
	}
}

// TestRedactorProperty hides random values that are parts of each other, in every form
// in which programs write them, and wants to see nothing of them, and all of the rest.
func TestRedactorProperty(t *testing.T) {
	t.Parallel()
	// What stands around the values has none of their characters.
	const alphabet, around = `ab1 %+/\"<&=é`, "XYZ-"
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 9))
		pick := func(from string, n int) string {
			runes, text := []rune(from), ""
			for range n {
				text += string(runes[random.IntN(len(runes))])
			}
			return text
		}
		// Values are windows of one text, so that they overlap.
		whole := []rune(pick(alphabet, 40))
		r := &Redactor{}
		var values []string
		for range 1 + random.IntN(4) {
			from := random.IntN(len(whole) - shortest)
			value := string(whole[from : from+shortest+random.IntN(len(whole)-from-shortest+1)])
			values = append(values, value)
			r.Hide(value)
		}
		var text, want strings.Builder
		for range 3 {
			apart := pick(around, 5)
			value := values[random.IntN(len(values))]
			text.WriteString(apart + forms[random.IntN(len(forms))](value))
			want.WriteString(apart + "***")
		}
		if got := r.Clean(text.String()); got != want.String() {
			t.Fatalf("seed %d: values %q in %q: %q, want %q", seed, values, text.String(), got, want.String())
		}
	}
}

// forms are ways in which programs write a value.
var forms = []func(string) string{
	func(s string) string { return s },
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return strings.ToLower(url.QueryEscape(s)) }, // %2f
	func(s string) string { return strings.TrimPrefix(url.UserPassword("", s).String(), ":") },
	func(s string) string { return (&url.URL{Path: "/" + s}).EscapedPath()[1:] },
	func(s string) string { return inJSON(s, true) },
	func(s string) string { return inJSON(s, false) },
	func(s string) string { return between(strconv.QuoteToASCII(s)) },
	func(s string) string { return strings.ReplaceAll(inJSON(s, false), "/", `\/`) },
	func(s string) string { return inJSON(inJSON(s, false), false) }, // a log line in JSON in a log line in JSON
	func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	func(s string) string { return url.QueryEscape(inJSON(s, true)) },
}

// inJSON returns what is between the quotation marks of a JSON string.
func inJSON(text string, escapeHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text)
	return between(strings.TrimSuffix(out.String(), "\n"))
}

func between(quoted string) string { return quoted[1 : len(quoted)-1] }
