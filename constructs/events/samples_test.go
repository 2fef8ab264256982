package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/test/localaws"
)

const secretARN = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:shop/app-secrets-AbCdEf"

// shop has every kind of source.
func shop() Config {
	return Config{
		Name:   "shop",
		Region: "ap-southeast-2",
		Topics: map[monitoring.Severity][]string{
			monitoring.Critical: {"arn:aws:sns:ap-southeast-2:123456789012:shop-critical"},
			monitoring.Warning:  {"arn:aws:sns:ap-southeast-2:123456789012:shop-warning"},
		},
		Sources: []Source{
			ECSCluster{Cluster: "shop"},
			RDS{Instance: "shop-postgres"},
			ElastiCache{ReplicationGroup: "shop-redis"},
			Secret{Name: "shop/app-secrets", ARN: secretARN, Readers: []string{"shop-task-execution"}},
			Account{HealthServices: []string{"RDS"}},
		},
		RunbookURL: "https://example.com/runbook",
	}
}

// eventBridge is that of a local AWS.
func eventBridge(t *testing.T) *eventbridge.Client {
	t.Helper()
	server, err := localaws.Start(t.Context(), filepath.Join("..", ".."), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return eventbridge.NewFromConfig(server.Config())
}

// everyRule are the rules of every kind.
func everyRule() []Rule { return append(shop().Rules(), RootLogin{}.Rules()...) }

// sample is a file of testdata: an event as AWS's page shows it, what was edited in it,
// and changes of it (JSON merge patches, RFC 7396) by what they are.
type sample struct {
	Page, Edited    string
	Event           map[string]any
	Matches, Others map[string]map[string]any
}

func readSample(t *testing.T, key string) sample {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", key+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return s
}

// patched returns a copy of target with a merge patch.
func patched(target, patch map[string]any) map[string]any {
	result := maps.Clone(target)
	if result == nil {
		result = map[string]any{}
	}
	for name, value := range patch {
		if change, ok := value.(map[string]any); ok {
			before, _ := result[name].(map[string]any)
			result[name] = patched(before, change)
		} else if value == nil {
			delete(result, name)
		} else {
			result[name] = value
		}
	}
	return result
}

// TestSamples puts each rule to the test of AWS's published event, which no other rule
// may match, and of events that are nearly the same.
func TestSamples(t *testing.T) {
	client := eventBridge(t)
	matches := func(r Rule, event map[string]any) bool {
		pattern, err := r.Pattern.JSON()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: aws.String(string(text))})
		if err != nil {
			t.Fatalf("%s: %v", r.Key, err)
		}
		return out.Result
	}

	rules := everyRule()
	published := map[string]map[string]any{}
	for _, r := range rules {
		s := readSample(t, r.Key)
		published[r.Key] = s.Event
		if !strings.HasPrefix(s.Page, "https://docs.aws.amazon.com/") || len(s.Others) == 0 {
			t.Errorf("%s: the sample is from %q and has %d events that must not match, want AWS's page and at least one", r.Key, s.Page, len(s.Others))
		}
		if s.Edited == "" {
			t.Errorf("%s: the sample does not say what was edited in it", r.Key)
		}
		for name, patch := range s.Matches {
			if !matches(r, patched(s.Event, patch)) {
				t.Errorf("%s does not match: %s", r.Key, name)
			}
		}
		for name, patch := range s.Others {
			if matches(r, patched(s.Event, patch)) {
				t.Errorf("%s matches: %s", r.Key, name)
			}
		}
	}
	for _, r := range rules {
		for key, event := range published {
			if got := matches(r, event); got != (key == r.Key) {
				t.Errorf("%s matches the event of %s: %v", r.Key, key, got)
			}
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(rules) {
		t.Errorf("%d files of samples for %d rules (%v)", len(files), len(rules), err)
	}
}

// TestMessages compares what people read with testdata/messages.txt.
func TestMessages(t *testing.T) {
	var all []string
	for _, r := range everyRule() {
		all = append(all, delivered(t, r.message(shop().ruleName(r), shop().RunbookURL), readSample(t, r.Key).Event))
	}
	got := strings.Join(all, "\n\n") + "\n"
	const path = "testdata/messages.txt"
	if os.Getenv("UPDATE_SNAPS") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("messages (-%s +code); UPDATE_SNAPS=true writes them:\n%s", path, diff)
	}
}

var step = regexp.MustCompile(`^([^\[]+)(?:\[(\d+)\])?$`)

// delivered is a message as EventBridge hands it to SNS: the template with the values in
// place of the placeholders, quotes included.
func delivered(t *testing.T, m message, event map[string]any) string {
	t.Helper()
	text := m.Template
	for _, name := range slices.Sorted(maps.Keys(m.Paths)) {
		var value any = event
		for _, part := range strings.Split(strings.TrimPrefix(m.Paths[name], "$."), ".") {
			found := step.FindStringSubmatch(part)
			object, _ := value.(map[string]any)
			value = object[found[1]]
			if found[2] != "" {
				i, _ := strconv.Atoi(found[2])
				list, _ := value.([]any)
				if i < len(list) {
					value = list[i]
				}
			}
		}
		if _, isList := value.([]any); value == nil || isList {
			t.Errorf("the sample has no %s", m.Paths[name])
		}
		text = strings.ReplaceAll(text, "<"+name+">", fmt.Sprint(value))
	}
	if strings.ContainsAny(text, "<>") {
		t.Errorf("a placeholder is left: %s", text)
	}
	return text
}
