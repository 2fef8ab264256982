package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	checkTimeout  = 10 * time.Second
	checkInterval = 5 * time.Second
	// checkAttempts is how often a check may fail before it counts: the load
	// balancer may still be draining the tasks of before.
	checkAttempts = 6
)

func checkClient() *http.Client {
	return &http.Client{
		Timeout: checkTimeout,
		// A redirect is an answer of its own, and seldom the one that was wanted.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// checkAll makes the environment's checks of these services, side by side, and
// returns every one that failed.
func (a *App) checkAll(ctx context.Context, services []environment.Service) error {
	var checks []environment.Check
	for _, service := range services {
		checks = append(checks, service.Checks...)
	}
	errs := make([]error, len(checks))
	var group sync.WaitGroup
	for i, check := range checks {
		group.Go(func() { errs[i] = a.checkPatiently(ctx, check) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (a *App) checkPatiently(ctx context.Context, check environment.Check) error {
	started := a.clock.Now()
	for attempt := 1; ; attempt++ {
		took, err := a.check(ctx, check)
		if err == nil {
			a.out.Info(fmt.Sprintf("%s: %d, as wanted (%s)", check.URL, check.Status, took.Round(time.Millisecond)))
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("checking %s: %w", check.URL, context.Cause(ctx))
		}
		if attempt == checkAttempts {
			return fmt.Errorf("checking %s: %w (%d attempts)", check.URL, err, attempt)
		}
		a.out.Live(check.URL, err.Error(), a.clock.Now().Sub(started))
		if err := a.clock.Sleep(ctx, checkInterval); err != nil {
			return fmt.Errorf("checking %s: %w", check.URL, err)
		}
	}
}

// check makes one request and compares the answer.
func (a *App) check(ctx context.Context, check environment.Check) (time.Duration, error) {
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, check.URL, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "omc")
	resp, err := a.http.Do(req)
	if err != nil {
		return 0, errors.New(awsapi.Brief(err))
	}
	defer resp.Body.Close()
	const most = 64 << 10
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	return time.Since(begin), judgeAnswer(check, resp.StatusCode, string(body))
}

// judgeAnswer compares an answer with what a check wants.
func judgeAnswer(check environment.Check, status int, body string) error {
	if status != check.Status {
		return fmt.Errorf("status is %d, want %d", status, check.Status)
	}
	if got := strings.TrimSpace(body); check.Body != "" && got != check.Body {
		return fmt.Errorf("body is %q, want %q", shorten(got), check.Body)
	}
	return nil
}

func shorten(text string) string {
	const most = 200
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
