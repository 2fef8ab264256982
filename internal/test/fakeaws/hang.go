package fakeaws

import (
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// attemptHeader numbers the attempts of a client.
const attemptHeader = "X-Fakeaws-Attempt"

// attemptTimeout is how long an attempt takes that is never answered.
const attemptTimeout = 10 * time.Second

// attempts is an HTTP client whose time-out passes on the scripted clock.
type attempts struct {
	cloud  *Cloud
	number atomic.Int64
}

// client keeps connections for all calls that are made side by side. Those of the default
// one are closed with any server of a test.
var client = http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// Do makes one attempt.
func (a *attempts) Do(req *http.Request) (*http.Response, error) {
	began := a.cloud.Clock.Now()
	number := strconv.FormatInt(a.number.Add(1), 10)
	req.Header.Set(attemptHeader, number)
	resp, err := client.Do(req) //nolint:gosec // on this machine
	if err == nil {
		return resp, nil
	}
	hung := false
	a.cloud.Lock(func() { hung = a.cloud.hung[number] })
	if !hung {
		return nil, err
	}
	// Who gives it less time than that is still waiting when that time is over.
	if deadline, ok := req.Context().Deadline(); ok && time.Until(deadline) <= attemptTimeout {
		<-req.Context().Done()
		return nil, &url.Error{Op: req.Method, URL: req.URL.String(), Err: req.Context().Err()}
	}
	a.cloud.Clock.AdvanceTo(began.Add(attemptTimeout)) // attempts side by side wait together
	return nil, &url.Error{Op: req.Method, URL: req.URL.String(), Err: os.ErrDeadlineExceeded}
}
