package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/synth/synthtest"
)

// A configuration needs neither Node nor AWS to be tested.
func TestOperations(t *testing.T) {
	cfg := operations("orders", "orders-failed", "/shop/web")
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	runbook, err := os.ReadFile("runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, alarm := range cfg.Alarms() {
		got = append(got, alarm.Key()+": "+alarm.Condition())
		if !strings.Contains(string(runbook), "\n## "+alarm.Section+"\n") {
			t.Errorf("the runbook has no section %s", alarm.Section)
		}
	}
	want := []string{
		"orders/age-high: > 600 s for 3 minutes",
		"orders/depth-high: > 1000 in 3 of 5 periods of 1 minute",
		"orders/dead-letters: > 0 for 1 minute",
		"site/failing: < 90 % for 10 minutes",
		"checkout/latency-high: > 2000 ms for 10 minutes, with at least 20 samples",
		"checkout/error-rate-high: > 5 % for 10 minutes, with at least 50 samples",
		"checkout/silent: no data for 10 minutes",
		"checkout/deploying: > 0 for 1 minute",
		"payments/declined: > 25 in 5 minutes",
		"shop-down: checkout/error-rate-high or checkout/silent",
	}
	if !slices.Equal(got, want) {
		t.Errorf("alarms are\n%s", strings.Join(got, "\n"))
	}
}

// What is wrong is reported all at once, in words of our own for our own kind.
func TestQueueMistakes(t *testing.T) {
	cfg := operations("orders", "", "/shop/web")
	queue := cfg.Resources[0].(Queue)
	queue.MaxDepth = 0
	cfg.Resources[0] = queue
	want := `Resources[0] (orders).DeadLetters: is empty, want the name of the queue that dead letters go to
Resources[0] (orders).MaxDepth: is 0, want how many messages may wait (1000)`
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// The whole app, as Terraform gets it.
func TestStack(t *testing.T) {
	stack := synthtest.Stack(t, newStacks)
	if n := len(stack.Resources("aws_cloudwatch_composite_alarm")); n != 1 {
		t.Errorf("%d composite alarms, want 1", n)
	}
	if n := len(stack.Resources("aws_synthetics_canary")); n != 1 {
		t.Errorf("%d canaries, want 1", n)
	}
	stack.Snapshot(t)
	stack.Validate(t)
}
