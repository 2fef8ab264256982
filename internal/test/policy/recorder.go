package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Recorder evaluates the calls that pass through it, and keeps count of what was asked
// for. Of writes that change what conditions look at, it keeps the effect in its world.
type Recorder struct {
	// Role is who calls.
	Role Role
	// World is where. It changes with the calls; recorders may share it.
	World *World
	// Of picks the calls that count by their user agent; nil means all.
	Of func(userAgent string) bool

	mu     sync.Mutex
	asked  map[string]bool // actions
	denied []string
}

// Asked returns the actions that were asked for, sorted.
func (rec *Recorder) Asked() []string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return sortedKeys(rec.asked)
}

// Err returns everything that was denied, and everything that could not be decided.
func (rec *Recorder) Err() error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var errs []error
	for _, text := range slices.Compact(slices.Sorted(slices.Values(rec.denied))) {
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// Handler evaluates every call on its way to next, which answers it in any case.
func (rec *Recorder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rec.Of != nil && !rec.Of(r.UserAgent()) {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := rec.Check(r, body); err != nil {
			rec.mu.Lock()
			rec.denied = append(rec.denied, err.Error())
			rec.mu.Unlock()
		}
		answer := &copied{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		rec.learn(r, body, answer.content.Bytes())
	})
}

// Check returns nil when the role may make a call, and what is missing otherwise.
func (rec *Recorder) Check(r *http.Request, body []byte) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	requests, err := rec.World.requests(r, body)
	if err != nil {
		return err
	}
	if rec.asked == nil {
		rec.asked = map[string]bool{}
	}
	var errs []error
	for _, request := range requests {
		rec.asked[request.Action] = true
		decision, err := rec.Role.May(request, nil)
		switch {
		case err != nil:
			errs = append(errs, err)
		case !decision.Allowed:
			errs = append(errs, fmt.Errorf("%s: %s", request, decision.Why))
		}
	}
	return errors.Join(errs...)
}

// learn keeps what a call changed: tags, and the aliases of keys.
func (rec *Recorder) learn(r *http.Request, body, answer []byte) {
	c, err := readCall(r, body)
	if err != nil {
		return
	}
	w := rec.World
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Tags == nil {
		w.Tags, w.Aliases = map[string]map[string]string{}, map[string]string{}
	}
	text := func(name string) string { s, _ := c.parameters[name].(string); return s }
	switch c.action {
	case "ce:CreateAnomalyMonitor", "ce:CreateAnomalySubscription":
		var created struct{ MonitorArn, SubscriptionArn string }
		if err := json.Unmarshal(answer, &created); err == nil {
			w.Tags[created.MonitorArn+created.SubscriptionArn] = tagsOf(c.parameters, "ResourceTags")
		}
	case "guardduty:CreateDetector":
		var created struct{ DetectorID string }
		if err := json.Unmarshal(answer, &created); err == nil {
			w.Tags["arn:aws:guardduty:"+w.Region+":"+w.Account+":detector/"+created.DetectorID] = tagsOf(c.parameters, "tags")
		}
	case "kms:CreateKey":
		var created struct {
			KeyMetadata struct{ Arn string }
		}
		if err := json.Unmarshal(answer, &created); err != nil || created.KeyMetadata.Arn == "" {
			return // a key that was not made has no tags: every call for it is denied
		}
		w.Tags[created.KeyMetadata.Arn] = tagsOf(c.parameters, "Tags")
	case "kms:CreateAlias", "kms:UpdateAlias":
		w.Aliases[text("AliasName")] = w.keyARN(text("TargetKeyId"))
	case "kms:DeleteAlias":
		delete(w.Aliases, text("AliasName"))
	}
}

// keyARN returns the ARN of a key, for an id or an ARN.
func (w *World) keyARN(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return "arn:aws:kms:" + w.Region + ":" + w.Account + ":key/" + id
}

// copied is a response of which a copy is kept.
type copied struct {
	http.ResponseWriter
	content bytes.Buffer
}

func (c *copied) Write(p []byte) (int, error) {
	c.content.Write(p)
	return c.ResponseWriter.Write(p)
}
