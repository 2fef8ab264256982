package verbs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/stacks/environment"
)

// secretLimit is how many bytes a secret's value may have (Secrets Manager API
// reference, PutSecretValue).
const secretLimit = 65536

// SecretCheck compares the application's secret with what the environment wants. It is
// what --output json prints. It holds names of keys and never a value.
type SecretCheck struct {
	Environment string `json:"environment"`
	Secret      string `json:"secret"`
	// Ending has [report.Succeeded] when no problem stops the application, and [report.Failed]
	// otherwise.
	report.Ending
	// Keys is how many keys of the environment the secret has.
	Keys     int          `json:"keys"`
	Problems []KeyProblem `json:"problems,omitempty"`
	// Next says what to do.
	Next string `json:"next,omitempty"`
}

// KeyProblem is what is wrong with one key of the secret, or with all of it.
type KeyProblem struct {
	// Key is the name of the key. It is empty when Problem is about the whole secret.
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem"`
	// Warning says that the application starts all the same.
	Warning bool `json:"warning"`
}

func (p KeyProblem) String() string {
	if p.Key == "" {
		return p.Problem
	}
	return p.Key + ": " + p.Problem
}

// SecretChange is what a file does to the application's secret. It is what --output
// json prints. It holds names of keys and never a value.
type SecretChange struct {
	Environment string `json:"environment"`
	Secret      string `json:"secret"`
	// Ending has [report.Planned] until the change is written.
	report.Ending
	Keys []KeyChange `json:"keys"`
	// Others is how many keys stay as they are because the file does not name them.
	Others int `json:"others"`
	// Version is the id of the version that was written.
	Version string `json:"version,omitempty"`

	pending *pendingSecret
}

// KeyChange is what becomes of one key of the file.
type KeyChange struct {
	Key string `json:"key"`
	// Change is "added", "changed" or "unchanged".
	Change string `json:"change"`
}

// What becomes of a key.
const (
	keyAdded     = "added"
	keyChanged   = "changed"
	keyUnchanged = "unchanged"
)

// Changes reports whether there is anything to write.
func (c SecretChange) Changes() bool {
	return slices.ContainsFunc(c.Keys, func(k KeyChange) bool { return k.Change != keyUnchanged })
}

// pendingSecret is a value that is to be written. It is behind a pointer and has no
// exported field, so that neither JSON nor %v shows it.
type pendingSecret struct {
	text string
	// read is the id of the version that the change was made from, "" when there was
	// none.
	read string
	who  identity
}

// CheckSecret compares the keys of the application's secret with those that the
// environment names. It changes nothing and shows no value.
func (a *App) CheckSecret(ctx context.Context) (SecretCheck, error) {
	work, stop := a.reading(ctx)
	defer stop()
	result := SecretCheck{Environment: a.env.Name, Secret: a.env.Secret.Name}
	fail := func(err error) (SecretCheck, error) {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	if _, err := a.permitted(work); err != nil {
		return fail(err)
	}
	text, _, err := a.readSecret(work)
	switch {
	case awsapi.IsCode(err, noSuchResource):
		result.Problems = []KeyProblem{{Problem: "it does not exist or has no present (AWSCURRENT) version, and no task starts without it"}}
	case err != nil:
		return fail(err)
	default:
		result.Keys, result.Problems = checkSecret(text, a.env.Secret.Keys)
	}
	var wrong []string
	for _, p := range result.Problems {
		if !p.Warning {
			wrong = append(wrong, p.String())
		}
	}
	if len(result.Problems) > 0 {
		result.Next = fmt.Sprintf("write the keys and their values into a file, then: omc secrets put %s --file secrets.json --dry-run", a.env.Name)
	}
	if len(wrong) > 0 {
		return result, a.fail(&result.Ending, report.Failed, fmt.Errorf("secret %s: %s", result.Secret, strings.Join(wrong, "; ")))
	}
	return result, a.fail(&result.Ending, report.Succeeded, nil)
}

// noSuchResource is what Secrets Manager calls a secret, and a version, that is not
// there.
const noSuchResource = "ResourceNotFoundException"

// readSecret returns the present value of the application's secret and the id of its
// version. The value is remembered as what must never be shown.
func (a *App) readSecret(ctx context.Context) (text, version string, err error) {
	out, err := a.aws.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &a.env.Secret.Name})
	if err != nil {
		return "", "", fmt.Errorf("reading secret %s: %w", a.env.Secret.Name, err)
	}
	text = aws.ToString(out.SecretString)
	a.hideSecret(text)
	return text, aws.ToString(out.VersionId), nil
}

// hideSecret remembers a secret's JSON and every value in it as what must never be
// shown.
func (a *App) hideSecret(text string) {
	a.redact.Hide(text)
	var values map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &values) // what is no object has no values
	for _, value := range values {
		a.redact.Hide(strings.Trim(string(value), `"`)) // as logs in JSON show it
		var s string
		if json.Unmarshal(value, &s) == nil {
			a.redact.Hide(s)
		}
	}
}

// checkSecret compares a secret's JSON with the keys that it is to have. It returns how
// many of them it has, and what is wrong: what stops tasks first, then by name.
func checkSecret(text string, keys []environment.SecretKey) (int, []KeyProblem) {
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &values) != nil || values == nil {
		return 0, []KeyProblem{{Problem: "its value is not a JSON object, and no task starts without its keys"}}
	}
	var problems []KeyProblem
	has := 0
	for _, key := range keys {
		value, exists := values[key.Name]
		problem := ""
		switch {
		case !exists && !key.Optional:
			problem = "it is missing, and no backend task starts without it"
		case !exists:
			problem = "it is missing; the application uses its default"
		case kindOf(value) != "a string":
			problem = "it is " + kindOf(value) + ", want a string"
		case string(value) == `""`:
			problem = "it is empty"
		}
		if exists {
			has++
		}
		if problem != "" {
			problems = append(problems, KeyProblem{Key: key.Name, Problem: problem, Warning: key.Optional})
		}
	}
	for _, name := range sortedKeys(values) {
		if !slices.ContainsFunc(keys, func(k environment.SecretKey) bool { return k.Name == name }) {
			problems = append(problems, KeyProblem{Key: shownKey(name), Problem: "the environment does not name it", Warning: true})
		}
	}
	slices.SortStableFunc(problems, func(a, b KeyProblem) int {
		if a.Warning != b.Warning {
			return map[bool]int{false: -1, true: 1}[a.Warning]
		}
		return strings.Compare(a.Key, b.Key)
	})
	return has, problems
}

// kindOf says what a JSON value is, without the value.
func kindOf(value json.RawMessage) string {
	switch text := strings.TrimSpace(string(value)); {
	case strings.HasPrefix(text, `"`):
		return "a string"
	case strings.HasPrefix(text, "{"):
		return "an object"
	case strings.HasPrefix(text, "["):
		return "a list"
	case text == "true", text == "false":
		return "true or false"
	case text == "null":
		return "null"
	default:
		return "a number"
	}
}

// keyName is what names of keys look like.
var keyName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// shownKey returns the name of a key, as far as it may be shown: somebody may have
// written a value where the name belongs.
func shownKey(name string) string {
	if keyName.MatchString(name) {
		return name
	}
	return fmt.Sprintf("(a key of %d characters that looks like no name)", utf8.RuneCountInString(name))
}

// PlanSecret says what a file does to the application's secret, and changes nothing.
// [App.PutSecret] then does it. Keys that the file does not name stay as they are.
func (a *App) PlanSecret(ctx context.Context, file []byte) (SecretChange, error) {
	work, stop := a.reading(ctx)
	defer stop()
	change := SecretChange{Environment: a.env.Name, Secret: a.env.Secret.Name, Keys: []KeyChange{}}
	if err := a.planSecret(work, file, &change); err != nil {
		err = interruption(work, err)
		return change, a.fail(&change.Ending, unstarted(err), err)
	}
	return change, a.fail(&change.Ending, report.Planned, nil)
}

func (a *App) planSecret(ctx context.Context, file []byte, change *SecretChange) error {
	values, err := parseSecretFile(file, a.env.Secret.Keys)
	if err != nil {
		return err
	}
	for _, value := range values {
		a.redact.Hide(value)
	}
	who, err := a.permitted(ctx)
	if err != nil {
		return err
	}
	text, version, err := a.readSecret(ctx)
	if awsapi.IsCode(err, noSuchResource) {
		// There is nothing to merge with; without the secret itself this fails.
		text, version, err = "{}", "", nil
		if _, missing := a.presentVersions(ctx); missing != nil {
			err = missing
		}
	}
	if err != nil {
		return err
	}
	merged, changes, others, err := mergeSecret(text, values)
	if err != nil {
		return fmt.Errorf("secret %s: %w", a.env.Secret.Name, err)
	}
	a.redact.Hide(merged)
	change.Keys, change.Others = changes, others
	// The plan is worth seeing also while somebody else is at work.
	found := &findings{}
	if a.checkLock(ctx, found); len(found.list) == 0 {
		change.pending = &pendingSecret{text: merged, read: version, who: who}
	}
	return found.unmet()
}

// versions of a secret by their stage.
type stages struct{ current, previous string }

// presentVersions returns the ids of the versions that are there, without a value.
func (a *App) presentVersions(ctx context.Context) (stages, error) {
	out, err := a.aws.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &a.env.Secret.Name})
	if awsapi.IsCode(err, noSuchResource) {
		return stages{}, fmt.Errorf("secret %s does not exist: deploy the infrastructure first", a.env.Secret.Name)
	}
	if err != nil {
		return stages{}, fmt.Errorf("describing secret %s: %w", a.env.Secret.Name, err)
	}
	var found stages
	for version, names := range out.VersionIdsToStages {
		if slices.Contains(names, "AWSCURRENT") {
			found.current = version
		}
		if slices.Contains(names, "AWSPREVIOUS") {
			found.previous = version
		}
	}
	return found, nil
}

// parseSecretFile returns the values of a file that secrets put reads. Its errors hold
// nothing of the file other than names of keys, and list everything that is wrong.
func parseSecretFile(file []byte, keys []environment.SecretKey) (map[string]string, error) {
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if len(bytes.TrimSpace(file)) == 0 {
		return nil, errors.New("the file is empty, want a JSON object of keys and values")
	}
	if !utf8.Valid(file) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	pairs, err := decodePairs(file)
	if err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, errors.New("the file names no key")
	}
	values := map[string]string{}
	var wrong []string
	for _, p := range pairs {
		i := slices.IndexFunc(keys, func(k environment.SecretKey) bool { return k.Name == p.key })
		var value string
		switch _, twice := values[p.key]; {
		case i < 0:
			wrong = append(wrong, shownKey(p.key)+": it is no key of the environment")
		case twice:
			wrong = append(wrong, p.key+": it is there more than once")
		case kindOf(p.value) != "a string":
			wrong = append(wrong, p.key+": it is "+kindOf(p.value)+", want a string")
		case json.Unmarshal(p.value, &value) != nil: // it was decoded once already
			wrong = append(wrong, p.key+": it is no JSON string")
		case value == "" && !keys[i].Optional:
			wrong = append(wrong, p.key+": it is empty, and the backend needs it")
		default:
			values[p.key] = value
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return nil, fmt.Errorf("the file cannot be used: %s", strings.Join(wrong, "; "))
	}
	return values, nil
}

type pair struct {
	key   string
	value json.RawMessage
}

// decodePairs returns the keys and values of a JSON object, also keys that are there
// twice. The decoder's own errors show what they stumble over, so that they are not
// passed on.
func decodePairs(text []byte) ([]pair, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	malformed := func() error {
		line := 1 + bytes.Count(text[:min(int(decoder.InputOffset()), len(text))], []byte("\n"))
		return fmt.Errorf("the file is not one JSON object of keys and values: look near line %d; its content is not shown", line)
	}
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, malformed()
	}
	var pairs []pair
	for decoder.More() {
		token, err := decoder.Token()
		key, isKey := token.(string)
		var value json.RawMessage
		if err != nil || !isKey || decoder.Decode(&value) != nil {
			return nil, malformed()
		}
		pairs = append(pairs, pair{key, value})
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return nil, malformed()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed()
	}
	return pairs, nil
}

// mergeSecret puts values over those of a secret's JSON. No key is ever dropped, and
// what is not named keeps its value. It returns the new JSON, what becomes of each key
// of values, and how many other keys there are.
func mergeSecret(text string, values map[string]string) (merged string, changes []KeyChange, others int, err error) {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &all) != nil || all == nil {
		return "", nil, 0, errors.New("its present value is not a JSON object, so that nothing can be merged into it: repair it by hand first")
	}
	others = len(all)
	for _, key := range sortedKeys(values) {
		change := KeyChange{Key: key, Change: keyAdded}
		if before, exists := all[key]; exists {
			others--
			var was string
			change.Change = keyChanged
			if kindOf(before) == "a string" && json.Unmarshal(before, &was) == nil && was == values[key] {
				change.Change = keyUnchanged
			}
		}
		changes = append(changes, change)
		if change.Change != keyUnchanged {
			all[key] = quote(values[key])
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(all) != nil {
		return "", nil, 0, errors.New("the merged value is no JSON")
	}
	merged = strings.TrimSuffix(out.String(), "\n")
	if len(merged) > secretLimit {
		return "", nil, 0, fmt.Errorf("the merged value has %d bytes, want at most %d", len(merged), secretLimit)
	}
	return merged, changes, others, nil
}

// quote returns a JSON string, without escapes that only HTML needs.
func quote(text string) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always can be
	return bytes.TrimSpace(out.Bytes())
}

// PutSecret writes what [App.PlanSecret] planned. It writes nothing when there is
// nothing to change, or when somebody else has changed the secret since it was read.
func (a *App) PutSecret(ctx context.Context, change SecretChange) (SecretChange, error) {
	work, stop := a.interruptible(ctx)
	defer stop()
	// The token becomes the id of the version, and makes attempts of one call the
	// same write.
	token := newToken()
	written, err := false, error(nil)
	switch {
	case change.pending == nil:
		err = errors.New("there is no plan for the secret")
	case change.Changes():
		written, err = a.putSecret(ctx, work, change.pending, token)
	}
	switch {
	case err != nil && !written:
		err = interruption(work, err)
		return change, a.fail(&change.Ending, unstarted(err), err)
	case err != nil:
		change.Version = token
		return change, a.fail(&change.Ending, report.Failed, err)
	case written:
		change.Version = token
		change.State = []string{"tasks that run keep the values that they started with: deploy with --force, or restart the service, for new ones"}
	}
	return change, a.fail(&change.Ending, report.Succeeded, nil)
}

// putSecret writes a value, unless the secret has changed since it was read. It reports
// whether the value was, or may have been, written.
func (a *App) putSecret(ctx, work context.Context, pending *pendingSecret, token string) (written bool, err error) {
	name := a.env.Secret.Name
	// A deployment reads the secret when its tasks start: they all get the same values.
	lease, err := a.borrow(work, "secrets put", pending.who)
	defer lease.giveBack(ctx)
	if err != nil {
		return false, err
	}
	now, err := a.presentVersions(work)
	if err != nil {
		return false, err
	}
	if now.current != pending.read {
		return false, fmt.Errorf("somebody else has changed secret %s since it was read (version %s, want %s): nothing was written; run the command again, and it is merged with what is there now",
			name, cmp.Or(now.current, "nothing"), cmp.Or(pending.read, "nothing"))
	}
	if err := lease.check(work, "writing secret "+name); err != nil {
		return false, err
	}
	// From here on an interruption would leave open whether it was written.
	_, err = a.aws.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &name, SecretString: &pending.text, ClientRequestToken: &token,
	})
	if err != nil {
		if awsapi.TroubleOf(err) == awsapi.Permanent || awsapi.TroubleOf(err) == awsapi.Expired {
			return false, fmt.Errorf("writing secret %s: %w", name, err)
		}
		return true, fmt.Errorf("writing secret %s, which may have been written as version %s: run the command again: %w", name, token, err)
	}
	// Secrets Manager has no conditional write. What was there right before ours shows
	// whether somebody was in between.
	after, err := a.presentVersions(ctx)
	switch {
	case err != nil:
		a.out.Warn("the secret was written, and whether somebody else changed it at the same moment is not known: " + awsapi.Brief(err))
	case after.current != token:
		return true, fmt.Errorf("secret %s was written, and somebody else has changed it at the same moment: version %s is there now; run the command again", name, cmp.Or(after.current, "nothing"))
	case after.previous != pending.read:
		return true, fmt.Errorf("secret %s was written over a change that somebody else made at the same moment: version %s holds that change; compare, and put it back", name, cmp.Or(after.previous, "which is gone"))
	}
	return true, nil
}

// Page returns the result for people.
func (c SecretCheck) Page() report.Page {
	page := report.Page{Columns: []string{"RESULT", "KEY", "FOUND"}, Error: c.Error}
	found := fmt.Sprintf("all keys of %s are there", c.Secret)
	if c.Outcome != report.Succeeded && c.Outcome != report.Failed {
		found = c.Secret + " was not checked"
	} else if len(c.Problems) > 0 {
		found = fmt.Sprintf("%d keys of %s are there", c.Keys, c.Secret)
		page.Notes = []string{"What to do: " + c.Next}
	}
	page.Title = fmt.Sprintf("omc secrets check %s: %s", c.Environment, found)
	for _, p := range c.Problems {
		level := "failed"
		if p.Warning {
			level = "warning"
		}
		page.Rows = append(page.Rows, []string{level, p.Key, p.Problem})
	}
	return page
}

// Page returns the result for people.
func (c SecretChange) Page() report.Page {
	page := report.Page{Title: fmt.Sprintf("omc secrets put %s: %s", c.Environment, c.headline()), Columns: []string{"KEY", "CHANGE"}, Error: c.Error}
	for _, k := range c.Keys {
		page.Rows = append(page.Rows, []string{k.Key, k.Change})
	}
	if len(c.Keys) > 0 {
		page.Notes = []string{fmt.Sprintf("%d other keys stay as they are", c.Others)}
	}
	page.Notes = append(page.Notes, c.State...)
	return page
}

func (c SecretChange) headline() string {
	switch {
	case c.Outcome == report.Planned && c.Changes():
		return c.Secret + " would be changed"
	case c.Outcome == report.Planned, c.Outcome == report.Succeeded && c.Version == "":
		return c.Secret + " has these values already"
	case c.Outcome == report.Succeeded:
		return c.Secret + " was written as version " + c.Version
	case c.Outcome == report.Failed:
		return c.Secret + " may not be what you want: see the error"
	default:
		return string(c.Outcome)
	}
}
