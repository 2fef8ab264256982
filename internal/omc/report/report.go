// Package report is what people see of a verb: its progress on a terminal or in a log,
// how it ended, and its result as text, as Markdown and as an exit status, without the
// values of secrets.
package report

import "time"

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

// Redacted returns a reporter that passes on what it is told, without the values that
// redact hides. Nobody is told when to is nil.
func Redacted(to Reporter, redact *Redactor) Reporter {
	if to == nil {
		return quiet{}
	}
	return redacting{to, redact}
}

// quiet reports nothing.
type quiet struct{}

func (quiet) Phase(int, int, string)             {}
func (quiet) Info(string)                        {}
func (quiet) Live(string, string, time.Duration) {}
func (quiet) Settle()                            {}
func (quiet) Warn(string)                        {}
func (quiet) Fail(string)                        {}

type redacting struct {
	to     Reporter
	redact *Redactor
}

func (r redacting) Phase(number, of int, title string) { r.to.Phase(number, of, r.redact.Clean(title)) }
func (r redacting) Info(text string)                   { r.to.Info(r.redact.Clean(text)) }
func (r redacting) Settle()                            { r.to.Settle() }
func (r redacting) Warn(text string)                   { r.to.Warn(r.redact.Clean(text)) }
func (r redacting) Fail(text string)                   { r.to.Fail(r.redact.Clean(text)) }

func (r redacting) Live(key, text string, elapsed time.Duration) {
	r.to.Live(key, r.redact.Clean(text), elapsed)
}
