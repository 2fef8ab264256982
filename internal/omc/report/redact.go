package report

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
)

// Redactor knows the values that must not appear in output, records and errors.
type Redactor struct {
	// Known is text that anybody may see. The secret holds such values too: the name
	// of the environment, the user of the database.
	Known  string
	mu     sync.RWMutex
	values []string
}

// shortest is the length from which on a value is hidden: shorter ones ("true",
// "587") are no secrets and are part of too many other words.
const shortest = 8

// Hide makes Clean leave value out.
func (r *Redactor) Hide(value string) {
	if len(value) < shortest || strings.Contains(r.Known, value) {
		return
	}
	r.mu.Lock()
	if !slices.Contains(r.values, value) {
		r.values = append(r.values, value)
	}
	r.mu.Unlock()
	// Logs break a value of several lines, such as a private key.
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		for _, line := range lines {
			r.Hide(strings.TrimSuffix(line, "\r"))
		}
	}
}

// Clean returns text with every hidden value replaced, in whatever form it is written.
// Values may be parts of each other and overlap: what any of them covers is left out.
func (r *Redactor) Clean(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	covered := make([]bool, len(text))
	r.cover(plainly(text), covered, encodings)
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			out.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			out.WriteString("***")
		}
	}
	return out.String()
}

// encodings is how often a value may be encoded: a URL in JSON, a line of JSON in one.
const encodings = 2

// cover marks what hidden values cover in the text that a reading is of.
func (r *Redactor) cover(in reading, covered []bool, encodings int) {
	for _, value := range r.values {
		for from := 0; ; from++ {
			at := strings.Index(in.text[from:], value)
			if at < 0 {
				break
			}
			from += at
			for i := in.at[from]; i < in.at[from+len(value)]; i++ {
				covered[i] = true
			}
		}
	}
	if encodings == 0 {
		return
	}
	for _, decode := range []func(string) (string, int){fromURL, fromForm, fromQuoted} {
		if decoded := in.decode(decode); decoded.text != in.text {
			r.cover(decoded, covered, encodings-1)
		}
	}
}

// A reading is what a text says when something in it is decoded.
type reading struct {
	text string
	// at is where each byte of text, and its end, is in the original.
	at []int
}

func plainly(text string) reading {
	offsets := make([]int, len(text)+1)
	for i := range offsets {
		offsets[i] = i
	}
	return reading{text, offsets}
}

// decode returns the reading with every escape decoded. From what begins with one,
// escape returns what it stands for and how long it is; 0 when there is none.
func (r reading) decode(escape func(string) (string, int)) reading {
	var out reading
	var text strings.Builder
	for i := 0; i < len(r.text); {
		char, length := escape(r.text[i:])
		if length == 0 {
			char, length = r.text[i:i+1], 1
		}
		for range len(char) {
			out.at = append(out.at, r.at[i])
		}
		text.WriteString(char)
		i += length
	}
	return reading{text.String(), append(out.at, r.at[len(r.text)])}
}

// fromURL decodes %2F.
func fromURL(text string) (string, int) {
	const length = len("%2F")
	if text[0] != '%' || len(text) < length {
		return "", 0
	}
	char, err := strconv.ParseUint(text[1:length], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(char)}), length
}

// fromForm decodes %2F and +.
func fromForm(text string) (string, int) {
	if text[0] == '+' {
		return " ", 1
	}
	return fromURL(text)
}

// fromQuoted decodes \n, \/ and \u002f, as in strings of JSON, Go and Python.
func fromQuoted(text string) (string, int) {
	if len(text) < 2 || text[0] != '\\' {
		return "", 0
	}
	if text[1] == '/' {
		return "/", 2
	}
	char, length := quotedChar(text)
	if !utf16.IsSurrogate(char) {
		if length == 0 {
			return "", 0
		}
		return string(char), length
	}
	low, more := quotedChar(text[length:])
	return string(utf16.DecodeRune(char, low)), length + more
}

// quotedChar decodes the escape that text begins with.
func quotedChar(text string) (char rune, length int) {
	if digits, ok := strings.CutPrefix(text, `\u`); ok && len(digits) >= 4 { // Go has no surrogates
		if code, err := strconv.ParseUint(digits[:4], 16, 16); err == nil {
			return rune(code), len(`\u0000`)
		}
	}
	for _, quote := range `"'` {
		if char, _, rest, err := strconv.UnquoteChar(text, byte(quote)); err == nil && strings.HasPrefix(text, `\`) {
			return char, len(text) - len(rest)
		}
	}
	return 0, 0
}

// hidden is an error whose text hides what must not be seen, and whose chain is
// that of the original.
type hidden struct {
	err  error
	text string
}

func (h hidden) Error() string { return h.text }
func (h hidden) Unwrap() error { return h.err }

// Wrap returns err with a text that hides what must not be seen.
func (r *Redactor) Wrap(err error) error {
	if err == nil {
		return nil
	}
	text := r.Clean(err.Error())
	if text == err.Error() {
		return err
	}
	return hidden{err: err, text: text}
}
