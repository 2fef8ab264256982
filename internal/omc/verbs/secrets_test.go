package verbs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

var twoKeys = []environment.SecretKey{{Name: "NEEDED"}, {Name: "OTHER", Optional: true}}

func TestCheckSecretKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{"NEEDED":"a-marker","OTHER":"b"}`:                  nil,
		`{"NEEDED":"a-marker"}`:                              {"warning OTHER: it is missing; the application uses its default"},
		`{"OTHER":"b"}`:                                      {"failed NEEDED: it is missing, and no backend task starts without it"},
		`{"NEEDED":"","OTHER":""}`:                           {"failed NEEDED: it is empty", "warning OTHER: it is empty"},
		`{"NEEDED":null,"OTHER":587}`:                        {"failed NEEDED: it is null, want a string", "warning OTHER: it is a number, want a string"},
		`{"NEEDED":"a","OTHER":"b","NEW":"c"}`:               {"warning NEW: the environment does not name it"},
		`{"NEEDED":"a","OTHER":"b","hunter2-marker":"NAME"}`: {"warning (a key of 14 characters that looks like no name): the environment does not name it"},
		`a-marker`: {"failed its value is not a JSON object, and no task starts without its keys"},
		`null`:     {"failed its value is not a JSON object, and no task starts without its keys"},
		`{}`:       {"failed NEEDED: it is missing, and no backend task starts without it", "warning OTHER: it is missing; the application uses its default"},
	} {
		_, problems := checkSecret(text, twoKeys)
		var got []string
		for _, p := range problems {
			got = append(got, map[bool]string{false: "failed ", true: "warning "}[p.Warning]+p.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", text, got, want)
		}
		if strings.Contains(fmt.Sprint(got), "marker") {
			t.Errorf("%s: a value is shown: %q", text, got)
		}
	}
}

func TestParseSecretFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"NEEDED":"marker"}`:                           "",
		"\ufeff {\"NEEDED\":\"marker\",\"OTHER\":\"\"}": "",
		"":                               "the file is empty",
		" \n":                            "the file is empty",
		"{}":                             "the file names no key",
		"\xff\xfe{\x00":                  "the file is not UTF-8 text",
		"marker":                         "look near line 1",
		`"marker"`:                       "look near line 1",
		`["marker"]`:                     "look near line 1",
		"{\n\n\"NEEDED\": marker\n}":     "look near line 3",
		`{"NEEDED":"marker"`:             "look near line 1",
		`{"NEEDED":"marker",}`:           "look near line 1",
		`{"NEEDED":"marker"} {"OTHER":}`: "look near line 1",
		`{"NEEDED":"marker`:              "look near line 1",
		`{"NEEDED":{"marker":1}}`:        "NEEDED: it is an object, want a string",
		`{"OTHER":["marker"],"NEEDED":12345678,"NEW":"marker"}`: "NEEDED: it is a number, want a string; NEW: it is no key of the environment; OTHER: it is a list, want a string",
		`{"OTHER":true}`:                        "OTHER: it is true or false, want a string",
		`{"OTHER":"marker","OTHER":"marker"}`:   "OTHER: it is there more than once",
		`{"NEEDED":""}`:                         "NEEDED: it is empty, and the backend needs it",
		`{"marker-hunter2":"NEEDED"}`:           "(a key of 14 characters that looks like no name): it is no key",
		`{"needed":"marker","Other":"a-value"}`: "looks like no name",
	} {
		values, err := parseSecretFile([]byte(text), twoKeys)
		switch {
		case want == "" && (err != nil || values["NEEDED"] != "marker"):
			t.Errorf("%q: %q, %v", text, values, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", text, err, want)
		case err != nil && (strings.Contains(err.Error(), "marker") || strings.Contains(err.Error(), "12345678")):
			t.Errorf("%q: the content is shown: %v", text, err)
		}
	}
}

func TestMergeSecret(t *testing.T) {
	t.Parallel()
	const before = `{"SAME":"a","OLD":"b","NUMBER":587,"KEEP":"<&>\u00e9","NEVER_NAMED":{"x":[1, 2]}}`
	merged, changes, others, err := mergeSecret(before, map[string]string{"SAME": "a", "OLD": `q"<&>`, "NUMBER": "587", "NEW": "n"})
	if err != nil || others != 2 {
		t.Fatalf("%d others, %v", others, err)
	}
	if want := []KeyChange{{"NEW", keyAdded}, {"NUMBER", keyChanged}, {"OLD", keyChanged}, {"SAME", keyUnchanged}}; !slices.Equal(changes, want) {
		t.Errorf("%v, want %v", changes, want)
	}
	if want := `{"KEEP":"<&>\u00e9","NEVER_NAMED":{"x":[1,2]},"NEW":"n","NUMBER":"587","OLD":"q\"<&>","SAME":"a"}`; merged != want {
		t.Errorf("%s, want %s", merged, want)
	}
	for _, text := range []string{"marker", "", "null", `["marker"]`} {
		if _, _, _, err := mergeSecret(text, nil); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, _, err := mergeSecret("{}", map[string]string{"A": strings.Repeat("x", secretLimit)}); err == nil {
		t.Error("a value that is too long was merged")
	}
}

// put plans to write newValue and, unless that fails, writes it.
func (b *bench) put() (SecretChange, error) {
	change, err := b.app.PlanSecret(b.t.Context(), []byte(newValue))
	if err != nil {
		return change, err
	}
	return b.app.PutSecret(b.t.Context(), change)
}

func (b *bench) secret() map[string]string {
	values := map[string]string{}
	if err := json.Unmarshal([]byte(b.cloud.Secrets[b.cloud.SecretARN()]), &values); err != nil {
		b.t.Fatal(err)
	}
	return values
}

// Values that are no plain strings must not be seen either.
func TestEveryKindOfValueIsHidden(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app.hideSecret(`{"PIN":12345678901,"KEY":"begin-of-it\nmarker-line-two\r\nend","QUOTE":"marker-\"quote\"","LIST":["marker-in-list"]}`)
	b.app.hideSecret("marker-that-is-no-JSON")
	for _, text := range []string{"marker-that-is-no-JSON", "12345678901", "log: marker-line-two", `"marker-\"quote\""`, `marker-"quote"`, `["marker-in-list"]`} {
		if got := b.app.redact.Clean(text); !strings.Contains(got, "***") || strings.Contains(got, "marker") {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}

const newValue = `{"SMTP_PASSWORD":"marker-new-value","SMTP_PORT":"587"}`

func TestPutSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := b.secret()
	want["SMTP_PASSWORD"], want["SMTP_PORT"] = "marker-new-value", "587"
	change, err := b.put()
	if err != nil || change.Outcome != report.Succeeded || change.Others != 21 || len(change.Version) != 32 {
		t.Fatalf("%+v: %v", change, err)
	}
	if got := b.secret(); !maps.Equal(got, want) {
		t.Errorf("the secret is %v, want %v", got, want)
	}
	if got := b.cloud.Health.Versions[b.cloud.SecretARN()][0]; got != change.Version {
		t.Errorf("version %s, want %s", got, change.Version)
	}
	// The same again changes nothing and writes nothing.
	if change, err = b.put(); err != nil || change.Changes() || change.Version != "" || b.cloud.Count("PutSecretValue") != 1 {
		t.Errorf("%+v: %v, %d writes", change, err, b.cloud.Count("PutSecretValue"))
	}
}

func TestPlanSecretWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	change, err := b.app.PlanSecret(t.Context(), []byte(newValue))
	if err != nil || change.Outcome != report.Planned || !change.Changes() || b.cloud.Count("PutSecretValue") != 0 {
		t.Errorf("%+v: %v", change, err)
	}
	var text strings.Builder
	change.Page().WriteText(&text)
	if want := "omc secrets put staging: ohmycoins-staging-app-secrets would be changed\nKEY            CHANGE\nSMTP_PASSWORD  changed\nSMTP_PORT      changed\n21 other keys stay as they are\n"; text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
}

// The answer to a write that took effect is lost: the same write again is no other one.
func TestPutSecretIsRepeated(t *testing.T) {
	t.Parallel()
	for _, kind := range []fakeaws.FaultKind{fakeaws.Reset, fakeaws.Broken, fakeaws.Throttled} {
		b := newBench(t)
		b.cloud.Faults = []*fakeaws.Fault{{Op: "PutSecretValue", Times: 2, Kind: kind, Effect: true}}
		change, err := b.put()
		if versions := b.cloud.Health.Versions[b.cloud.SecretARN()]; err != nil || change.Outcome != report.Succeeded || len(versions) != 2 {
			t.Errorf("%s: %v: %v, versions %v", kind, change.Outcome, err, versions)
		}
	}
}

func TestPutSecretFails(t *testing.T) {
	t.Parallel()
	theirs := func(b *bench) {
		b.cloud.Lock(func() { b.cloud.WriteSecret(`{"SECRET_KEY":"theirs"}`, "version-of-theirs") })
	}
	tests := map[string]struct {
		change  func(*bench)
		outcome report.Outcome
		writes  int
		want    string
	}{
		"changed since it was read": {func(b *bench) {
			b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
				if op == "GetSecretValue" {
					theirs(b)
				}
			}
		}, report.NothingChanged, 0, "somebody else has changed secret ohmycoins-staging-app-secrets since it was read (version version-of-theirs, want version-of-before): nothing was written"},
		"changed right before the write": {func(b *bench) {
			b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op == "DescribeSecret" && n == 1 {
					theirs(b)
				}
			}
		}, report.Failed, 1, "over a change that somebody else made at the same moment: version version-of-theirs holds that change"},
		"changed right after the write": {func(b *bench) {
			b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
				if op == "PutSecretValue" {
					theirs(b)
				}
			}
		}, report.Failed, 1, "somebody else has changed it at the same moment: version version-of-theirs is there now"},
		"denied":          {func(b *bench) { b.denied("PutSecretValue") }, report.NothingChanged, 1, "writing secret ohmycoins-staging-app-secrets: "},
		"AWS is broken":   {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Op: "PutSecretValue", Kind: fakeaws.Broken}} }, report.Failed, 5, "which may have been written as version "},
		"no secret":       {func(b *bench) { clear(b.cloud.Secrets) }, report.NothingChanged, 0, "secret ohmycoins-staging-app-secrets does not exist: deploy the infrastructure first"},
		"not JSON":        {func(b *bench) { b.cloud.Secrets[b.cloud.SecretARN()] = fakeaws.SecretMarker }, report.NothingChanged, 0, "its present value is not a JSON object"},
		"another account": {func(b *bench) { b.app.env.AccountID = "999999999999" }, report.NothingChanged, 0, "want 999999999999"},
		"Ctrl-C": {func(b *bench) {
			b.cloud.OnCall = func(op string, _ int, done <-chan struct{}) {
				if op == "DescribeSecret" {
					b.stop()
					<-done
				}
			}
		}, report.Interrupted, 0, "interrupted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			test.change(b)
			change, err := b.put()
			if err == nil || change.Outcome != test.outcome || b.cloud.Count("PutSecretValue") != test.writes {
				t.Fatalf("%v, %d writes: %v", change.Outcome, b.cloud.Count("PutSecretValue"), err)
			}
			contains(t, err.Error(), test.want)
			contains(t, change.Error, test.want)
		})
	}
}

// A secret that never had a version gets its first.
func TestPutFirstSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.Secrets[b.cloud.SecretARN()] = ""
	change, err := b.put()
	if err != nil || change.Others != 0 || len(b.secret()) != 2 {
		t.Fatalf("%+v: %v", change, err)
	}
	if check, err := b.app.CheckSecret(t.Context()); err == nil || check.Outcome != report.Failed || check.Keys != 2 {
		t.Errorf("%+v: %v", check, err)
	}
}

func TestCheckSecret(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  func(*bench)
		outcome report.Outcome
		want    string
	}{
		"all there":  {func(*bench) {}, report.Succeeded, "omc secrets check staging: all keys of ohmycoins-staging-app-secrets are there"},
		"no version": {func(b *bench) { b.cloud.Secrets[b.cloud.SecretARN()] = "" }, report.Failed, "has no present (AWSCURRENT) version"},
		"no secret":  {func(b *bench) { clear(b.cloud.Secrets) }, report.Failed, "it does not exist or"},
		"one key":    {func(b *bench) { b.cloud.Secrets[b.cloud.SecretARN()] = `{"SECRET_KEY":"marker-secret-value"}` }, report.Failed, "failed   SMTP_HOST"},
		"denied":     {func(b *bench) { b.denied("GetSecretValue") }, report.NothingChanged, "ohmycoins-staging-app-secrets was not checked"},
	} {
		b := newBench(t)
		test.change(b)
		check, err := b.app.CheckSecret(t.Context())
		var text strings.Builder
		check.Page().WriteText(&text)
		if check.Outcome != test.outcome || (err == nil) != (test.outcome == report.Succeeded) || b.cloud.Count("PutSecretValue") != 0 {
			t.Errorf("%s: %v: %v", name, check.Outcome, err)
		}
		contains(t, text.String(), test.want)
	}
}

// TestNoSecretValueIsShown lets every way out of the secrets verbs carry values, and
// AWS repeat the value in its error.
func TestNoSecretValueIsShown(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		newValue, `{"SMTP_PASSWORD":"marker-new-value"`, `{"marker-new-value":"SMTP_PASSWORD"}`,
		`{"SMTP_PASSWORD":{"a":"marker-new-value"}}`, `marker-new-value`,
	} {
		for name, change := range map[string]func(*bench){
			"fine":     func(*bench) {},
			"not JSON": func(b *bench) { b.cloud.Secrets[b.cloud.SecretARN()] = fakeaws.SecretMarker },
			"denied":   func(b *bench) { b.denied("PutSecretValue") },
			"names":    func(b *bench) { b.cloud.Secrets[b.cloud.SecretARN()] = `{"` + fakeaws.SecretMarker + `":"x"}` },
		} {
			b := newBench(t)
			change(b)
			check, checkErr := b.app.CheckSecret(t.Context())
			planned, planErr := b.app.PlanSecret(t.Context(), []byte(file))
			put, putErr := b.app.PutSecret(t.Context(), planned)
			b.app.out.Warn("AWS says: " + fakeaws.SecretMarker + "-SECRET_KEY")
			var out bytes.Buffer
			check.Page().WriteText(&out)
			planned.Page().WriteText(&out)
			put.Page().WriteText(&out)
			body, err := json.Marshal([]any{check, planned, put})
			if err != nil {
				t.Fatal(err)
			}
			all := out.String() + string(body) + fmt.Sprintf("%v %+v", planned, put) + fmt.Sprint(errors.Join(checkErr, planErr, putErr))
			if name == "fine" {
				all += b.log.text()
			}
			for _, marker := range []string{fakeaws.SecretMarker, "marker-new-value"} {
				if at := strings.Index(all, marker); at >= 0 {
					t.Errorf("%s, %s: %s is shown: …%s", name, file, marker, all[max(0, at-80):min(len(all), at+40)])
				}
			}
		}
	}
}
