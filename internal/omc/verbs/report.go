package verbs

import (
	"strings"
	"sync"
	"time"
)

// Reporter is told what happens while a verb runs. It may be called from several
// goroutines at once.
type Reporter interface {
	// Phase begins one of the phases of a deployment.
	Phase(number, of int, title string)
	// Info is a fact worth keeping.
	Info(text string)
	// Live is the present state of one thing. The next state of the same key
	// replaces it where that is possible. Elapsed is how long it has taken so far;
	// it alone is no news.
	Live(key, text string, elapsed time.Duration)
	// Settle ends every live line: what comes next is not about them.
	Settle()
	// Warn is something that is wrong and does not stop the verb.
	Warn(text string)
	// Fail is why the verb fails.
	Fail(text string)
}

// quiet reports nothing.
type quiet struct{}

func (quiet) Phase(int, int, string)             {}
func (quiet) Info(string)                        {}
func (quiet) Live(string, string, time.Duration) {}
func (quiet) Settle()                            {}
func (quiet) Warn(string)                        {}
func (quiet) Fail(string)                        {}

// redacting passes on what it is told, without the values that must not be seen.
type redacting struct {
	to     Reporter
	redact *redactor
}

func (r redacting) Phase(number, of int, title string) { r.to.Phase(number, of, r.redact.clean(title)) }
func (r redacting) Info(text string)                   { r.to.Info(r.redact.clean(text)) }
func (r redacting) Settle()                            { r.to.Settle() }
func (r redacting) Warn(text string)                   { r.to.Warn(r.redact.clean(text)) }
func (r redacting) Fail(text string)                   { r.to.Fail(r.redact.clean(text)) }

func (r redacting) Live(key, text string, elapsed time.Duration) {
	r.to.Live(key, r.redact.clean(text), elapsed)
}

// redactor knows the values that must not appear in output, records and errors.
type redactor struct {
	// known is text that anybody may see. The secret holds such values too: the name
	// of the environment, the user of the database.
	known  string
	mu     sync.RWMutex
	values []string
}

// shortest is the length from which on a value is hidden: shorter ones ("true",
// "587") are no secrets and are part of too many other words.
const shortest = 8

// hide makes clean leave value out.
func (r *redactor) hide(value string) {
	if len(value) < shortest || strings.Contains(r.known, value) {
		return
	}
	r.mu.Lock()
	r.values = append(r.values, value)
	r.mu.Unlock()
	// Logs break a value of several lines, such as a private key.
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		for _, line := range lines {
			r.hide(strings.TrimSuffix(line, "\r"))
		}
	}
}

// clean returns text with every hidden value replaced.
func (r *redactor) clean(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, value := range r.values {
		text = strings.ReplaceAll(text, value, "***")
	}
	return text
}

// hidden is an error whose text hides what must not be seen, and whose chain is
// that of the original.
type hidden struct {
	err  error
	text string
}

func (h hidden) Error() string { return h.text }
func (h hidden) Unwrap() error { return h.err }

// wrap returns err with a text that hides what must not be seen.
func (r *redactor) wrap(err error) error {
	if err == nil {
		return nil
	}
	text := r.clean(err.Error())
	if text == err.Error() {
		return err
	}
	return hidden{err: err, text: text}
}
