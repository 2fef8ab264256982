package awsapi

import "time"

// A Doubt is about something that AWS says and that contradicts what it said before.
// It is the one place where eventual consistency is tolerated.
type Doubt struct{ Since time.Time }

// Believe reports whether to believe what AWS says: what is odd only when it has said
// so for longer than [Settling].
func (d *Doubt) Believe(odd bool, now time.Time) bool {
	if !odd {
		d.Since = time.Time{}
		return true
	}
	if d.Since.IsZero() {
		d.Since = now
	}
	return now.Sub(d.Since) > Settling
}

// Open reports whether the last thing that AWS said was not believed.
func (d *Doubt) Open() bool { return !d.Since.IsZero() }
