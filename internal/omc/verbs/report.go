package verbs

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
