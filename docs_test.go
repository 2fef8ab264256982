package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/events"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/internal/test/cost"
	"github.com/ohmycoins/infra/internal/test/coverage"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// called are the names of the examples of coverage.Kinds in the README.
var called = map[string]string{
	"backend": "<service>", "alb": "<alb>", "alb-backend": "<alb>-<target group>", "postgres": "<database>",
	"orders": "<cluster>", "orders-one": "<cluster>-<instance>", "redis-001": "<redis>-<node>", "redis-002": "<redis>-<node>",
	"api": "<canary>", "checkout-latency": "<service level>",
}

// alarmTable renders the alarms of the kinds of package monitoring.
func alarmTable() (string, error) {
	table := "| alarm | profile | goes off | metric | severity | without data | needs | first |\n|---|---|---|---|---|---|---|---|\n"
	written := map[string]bool{}
	for _, kind := range coverage.Kinds() {
		if reflect.TypeOf(kind.Example).PkgPath() != reflect.TypeFor[monitoring.RDS]().PkgPath() {
			continue
		}
		cfg := monitoring.Config{Profile: monitoring.Recommended, Resources: []monitoring.Resource{kind.Example}}
		for _, a := range cfg.Alarms() {
			name, ok := called[a.Resource]
			if !ok {
				return "", fmt.Errorf("%s: %s of its example has no name in called", kind.Name, a.Resource)
			}
			key := name + "/" + a.ID
			if written[key] {
				continue // another node has the same alarms
			}
			written[key] = true
			profile := a.Profile
			if profile == "" {
				profile = monitoring.Essential
			}
			// Which resource it is stands in the first column.
			near := func(text string) string { return strings.ReplaceAll(text, a.Resource+"/", "") }
			missing := a.Missing
			if missing == "" {
				missing = "-"
			}
			table += fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s | %s |\n",
				key, profile, near(a.Condition()), looksAt(a), a.Severity, missing, kind.Needs(a.ID), near(a.FirstStep))
		}
	}
	return table, nil
}

// looksAt says what an alarm looks at: an expression that is too long to read has a
// label.
func looksAt(a monitoring.Alarm) string {
	const readable = 80
	switch s := cloudwatch.SeriesOf(a.When).(type) {
	case nil:
		return "other alarms"
	case cloudwatch.Math:
		if len(s.Expression) > readable {
			return s.Label
		}
		return s.String()
	default:
		return fmt.Sprint(s)
	}
}

func TestReadmeAlarmTable(t *testing.T) {
	table, err := alarmTable()
	must(t, err)
	checkTable(t, "README.md", "alarms", table)
}

// kindsTable renders the alarms of the kinds that are in a package of their own.
func kindsTable() string {
	table := "| kind | `kinds.` | essential alarms | recommended adds |\n|---|---|---|---|\n"
	for _, kind := range coverage.Kinds() {
		of := reflect.TypeOf(kind.Example)
		if of.PkgPath() != reflect.TypeFor[kinds.SQSQueue]().PkgPath() {
			continue
		}
		ids := map[bool][]string{}
		for _, a := range kind.Example.Watch().Alarms {
			adds := a.Profile == monitoring.Recommended
			if id := "`" + a.ID + "`"; !slices.Contains(ids[adds], id) {
				ids[adds] = append(ids[adds], id)
			}
		}
		table += fmt.Sprintf("| %s | `%s` | %s | %s |\n", kind.Name, of.Name(), strings.Join(ids[false], ", "), strings.Join(ids[true], ", "))
	}
	return table
}

func TestKindsTable(t *testing.T) {
	checkTable(t, "constructs/monitoring/README.md", "kinds", kindsTable())
}

// eventTable renders the rules of every environment: what differs are names, and what
// concerns the account.
func eventTable() string {
	table := "| rule | told as | what has happened | where | first | environments |\n|---|---|---|---|---|---|\n"
	in, rows := map[string][]string{}, []events.Rule{}
	for _, env := range environment.All() {
		for _, r := range stacks.Events(env).Rules() {
			if in[r.Key] == nil {
				rows = append(rows, r)
			}
			in[r.Key] = append(in[r.Key], env.Name)
		}
	}
	value := regexp.MustCompile(`<\$\.(?:detail\.)?([^>]*)>`)
	for _, r := range rows {
		shown := func(text string) string { return value.ReplaceAllString(text, "*$1*") }
		table += fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s |\n", r.Key, r.Severity, shown(r.Title), shown(r.Where), r.First, strings.Join(in[r.Key], ", "))
	}
	return table
}

func TestEventTable(t *testing.T) {
	checkTable(t, "README.md", "events", eventTable())
}

// environmentTable renders what the environments differ in.
func environmentTable() string {
	rows := [][]string{
		{""},
		{"prefix of names"},
		{"cluster"},
		{"services"},
		{"load balancer"},
		{"database"},
		{"Redis"},
		{"secret"},
		{"log groups"},
		{"Container Insights"},
	}
	for _, env := range environment.All() {
		infra := localaws.InfrastructureOf(env)
		var services, groups, nodes []string
		for _, s := range env.Cluster.Services {
			services = append(services, "`"+s.Name+"`")
			groups = append(groups, "`"+s.LogGroup+"`")
		}
		for _, n := range env.Cache.Nodes {
			nodes = append(nodes, "`"+n.ID+"`")
		}
		zones := map[bool]string{true: "two zones", false: "one zone"}[infra.Database.MultiAZ]
		for i, cell := range []string{
			env.Name, "`" + env.Prefix + "`", "`" + env.Cluster.Name + "`", strings.Join(services, ", "), "`" + env.LoadBalancer.Name + "`",
			fmt.Sprintf("`%s`: %s, %d GiB, %s", env.Database.Instance, env.Database.Class, infra.Database.StorageGiB, zones),
			strings.Join(nodes, ", ") + ": " + env.Cache.NodeType,
			fmt.Sprintf("`%s`: %d days to restore it", env.Secret.Name, env.Secret.RecoveryDays),
			strings.Join(groups, ", "),
			map[bool]string{true: "on", false: "off"}[env.Cluster.ContainerInsights],
		} {
			rows[i] = append(rows[i], cell)
		}
	}
	var table strings.Builder
	for i, row := range rows {
		table.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			table.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return table.String()
}

func TestEnvironmentTable(t *testing.T) {
	checkTable(t, "docs/deployment.md", "environments", environmentTable())
}

// costTable renders what watching costs a month, from the JSON of each stack.
func costTable() (string, error) {
	envs := environment.All()
	rows := map[string][]cost.Line{}
	var order []string
	var together, off []string
	for _, env := range envs {
		lines, err := cost.Of(synthesized[env.Name])
		if err != nil {
			return "", err
		}
		for _, l := range lines {
			if _, ok := rows[l.What]; !ok {
				order = append(order, l.What)
			}
			rows[l.What] = append(rows[l.What], l)
		}
		dollars, free := cost.Total(lines)
		together, off = append(together, fmt.Sprintf("$%.2f", dollars)), append(off, fmt.Sprintf("$%.2f", free))
	}
	table := "| What | Price | Free in an account |"
	for _, env := range envs {
		table += " " + env.Name + " |"
	}
	table += "\n|---|---|---|" + strings.Repeat("---|", len(envs)) + "\n"
	for _, what := range order {
		lines := rows[what]
		if !slices.ContainsFunc(lines, func(l cost.Line) bool { return l.Resources > 0 }) {
			continue // nobody has any
		}
		table += fmt.Sprintf("| %s | %s | %s |", what, lines[0].Price, lines[0].Free)
		for _, l := range lines {
			count := strconv.Itoa(l.Resources)
			if l.Units != float64(l.Resources) {
				count += fmt.Sprintf(" (%.0f paid)", l.Units)
			}
			table += fmt.Sprintf(" %s: $%.2f |", count, l.Dollars)
		}
		table += "\n"
	}
	table += "| **together** | | | " + strings.Join(together, " | ") + " |\n"
	return table + "| the free tier takes off, where nothing else uses it | | | " + strings.Join(off, " | ") + " |\n", nil
}

func TestCostTable(t *testing.T) {
	table, err := costTable()
	must(t, err)
	checkTable(t, "docs/deployment.md", "cost", table)
}

// heldTable renders what holds the messages of which alarms back.
func heldTable() string {
	type row struct{ speaks, when string }
	held := map[row]map[string][]string{} // keys of alarms, by environment
	var order []row
	for _, env := range environment.All() {
		cfg := stacks.Monitoring(env)
		made := map[string]monitoring.Alarm{}
		for _, a := range cfg.Alarms() {
			made[a.Key()] = a
		}
		all := cfg.Held()
		for _, key := range slices.Sorted(maps.Keys(all)) {
			for _, by := range all[key].By {
				r := row{by, made[by].Condition()}
				if held[r] == nil {
					held[r] = map[string][]string{}
					order = append(order, r)
				}
				held[r][env.Name] = append(held[r][env.Name], key)
			}
		}
	}
	slices.SortFunc(order, func(a, b row) int { return cmp.Compare(a.speaks+a.when, b.speaks+b.when) })
	table := "| this alarm speaks | when |"
	for _, env := range environment.All() {
		table += " and holds back in " + env.Name + " |"
	}
	table += "\n|---|---|" + strings.Repeat("---|", len(environment.All())) + "\n"
	for _, r := range order {
		table += fmt.Sprintf("| `%s` | %s |", r.speaks, r.when)
		for _, env := range environment.All() {
			table += " " + groups(stacks.Monitoring(env), held[r][env.Name]) + " |"
		}
		table += "\n"
	}
	return table
}

// groups shortens a list of alarms: a resource all of whose alarms are in it is named
// alone.
func groups(cfg monitoring.Config, keys []string) string {
	resource := func(key string) string { name, _, _ := strings.Cut(key, "/"); return name }
	all, in := map[string]int{}, map[string][]string{}
	for _, a := range cfg.Alarms() {
		all[resource(a.Key())]++
	}
	for _, key := range keys {
		in[resource(key)] = append(in[resource(key)], "`"+key+"`")
	}
	if len(keys) == len(cfg.Alarms())-1 {
		return "all others"
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		switch missing := all[name] - len(in[name]); {
		case missing <= 1 && len(in[name]) > 1: // the one is what speaks
			list = append(list, "the others of `"+name+"`")
		default:
			list = append(list, strings.Join(in[name], ", "))
		}
	}
	return strings.Join(list, ", ")
}

func TestHeldTable(t *testing.T) {
	checkTable(t, "docs/runbook.md", "held", heldTable())
}

// TestMapOfPackages wants every package in the README's table of folders and on the map
// of the architecture, and nothing there that is not in the tree.
func TestMapOfPackages(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "./...").Output()
	must(t, err)
	root, err := os.Getwd()
	must(t, err)
	var packages []string
	for _, dir := range strings.Fields(string(out)) {
		if rel, err := filepath.Rel(root, dir); err == nil && rel != "." {
			packages = append(packages, filepath.ToSlash(rel))
		}
	}
	section := func(path, from, to string) string {
		doc, err := os.ReadFile(path)
		must(t, err)
		_, rest, found := strings.Cut(string(doc), from)
		text, _, end := strings.Cut(rest, to)
		if !found || !end {
			t.Fatalf("%s has no section from %q to %q", path, from, to)
		}
		return text
	}
	folders := section("README.md", "| folder |", "\n## ")
	overview := strings.NewReplacer("…/", "constructs/monitoring/").Replace(section("docs/architecture.md", "## The map", "\n## "))
	onMap := regexp.MustCompile("[\"`]([a-z]+(?:/[a-z]+)*)(?:[\"`]|<br/>)")
	mapped := map[string]bool{}
	for _, m := range onMap.FindAllStringSubmatch(overview, -1) {
		mapped[m[1]] = true
	}
	for _, p := range packages {
		if !strings.Contains(folders, "`"+p+"`") {
			t.Errorf("README.md: the table of folders lacks `%s`", p)
		}
		if !mapped[p] {
			t.Errorf("docs/architecture.md: the map lacks `%s`", p)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z_]+(?:/[a-z_]+)*)`").FindAllStringSubmatch(folders+overview, -1) {
		if _, err := os.Stat(m[1]); err != nil && strings.Contains(m[1], "/") {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// checkTable compares the part of a document between two comments with what the code
// says, or writes it when snapshots are updated.
func checkTable(t *testing.T, path, name, want string) {
	t.Helper()
	doc, err := os.ReadFile(path)
	must(t, err)
	section := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n)(.*)(<!-- end of ` + name + ` -->)`)
	found := section.FindSubmatch(doc)
	if found == nil {
		t.Fatalf("%s has no section for the %s", path, name)
	}
	if os.Getenv("UPDATE_SNAPS") != "" {
		doc = section.ReplaceAll(doc, []byte("${1}"+strings.ReplaceAll(want, "$", "$$")+"${3}"))
		must(t, os.WriteFile(path, doc, 0o644))
		return
	}
	if diff := gocmp.Diff(want, string(found[2])); diff != "" {
		t.Errorf("the table of %s in %s is out of date: make snapshots writes it (-code +document):\n%s", name, path, diff)
	}
}

var (
	goBlock = regexp.MustCompile("(?s)```go\n(package main\n.*?)```")
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]+)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
)

// TestCounts compares numbers in the documents with what is counted. make snapshots
// writes them.
func TestCounts(t *testing.T) {
	var stack struct {
		Resource map[string]map[string]any
		Import   []any
	}
	must(t, json.Unmarshal([]byte(synthesized["staging"]), &stack))
	resources := 0
	for _, ofType := range stack.Resource {
		resources += len(ofType)
	}
	var lock struct{ Packages map[string]any }
	text, err := os.ReadFile("internal/dev/cdktf/package-lock.json")
	must(t, err)
	must(t, json.Unmarshal(text, &lock))
	packages := len(lock.Packages) - 1 // one of them is the folder itself
	alarms := len(stack.Resource["aws_cloudwatch_metric_alarm"])

	for _, count := range []struct {
		path, pattern string // with the number in a group
		want          int
	}{
		{"docs/cdk-terrain.md", `by hand: (\d+) resources for\nstaging`, resources},
		{"docs/deployment.md", `, (\d+) to add, `, resources - len(stack.Import)},
		{"docs/deployment.md", `, (\d+) added, `, resources - len(stack.Import)},
		{"docs/deployment.md", `brings (\d+) npm packages`, packages},
		{"docs/importing.md", `: (\d+) packages then stay`, packages},
		{"docs/runbook.md", `Alarms: (\d+), of which 0 are not OK`, alarms},
		{"docs/runbook.md", ` (\d+) alarms, none in ALARM`, alarms},
	} {
		text, err := os.ReadFile(count.path)
		must(t, err)
		at := regexp.MustCompile(count.pattern).FindSubmatchIndex(text)
		switch {
		case at == nil:
			t.Errorf("%s has no %s", count.path, count.pattern)
		case os.Getenv("UPDATE_SNAPS") != "":
			must(t, os.WriteFile(count.path, slices.Concat(text[:at[2]], []byte(strconv.Itoa(count.want)), text[at[3]:]), 0o644))
		case string(text[at[2]:at[3]]) != strconv.Itoa(count.want):
			t.Errorf("%s: %s, want %d: make snapshots writes it", count.path, text[at[0]:at[1]], count.want)
		}
	}
}

// documents returns the path of every Markdown file of the project.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "constructs/*/*.md", "examples/*.md"} {
		found, err := filepath.Glob(pattern)
		must(t, err)
		list = append(list, found...)
	}
	return list
}

// programs returns the complete programs that a document shows, each as the text of
// its files by their names. A block belongs to the program before it, unless both have
// a main function.
func programs(content string) []map[string]string {
	var list []map[string]string
	hasMain := true
	for i, block := range goBlock.FindAllStringSubmatch(content, -1) {
		isMain := strings.Contains(block[1], "\nfunc main() {")
		if len(list) == 0 || isMain && hasMain {
			list, hasMain = append(list, map[string]string{}), false
		}
		hasMain = hasMain || isMain
		name := fmt.Sprintf("block%d.go", i)
		if strings.Contains(block[1], "\t\"testing\"\n") {
			name = fmt.Sprintf("block%d_test.go", i)
		}
		list[len(list)-1][name] = block[1]
	}
	return list
}

// TestProgramsInDocuments compiles the complete programs that documents show, and runs
// the tests that they show for them.
func TestProgramsInDocuments(t *testing.T) {
	t.Parallel()
	shown, tested := 0, 0
	for _, doc := range documents(t) {
		content, err := os.ReadFile(doc)
		must(t, err)
		for _, program := range programs(string(content)) {
			shown++
			args := []string{"vet"}
			if strings.Contains(strings.Join(slices.Sorted(maps.Keys(program)), " "), "_test.go") {
				args = []string{"test", "-count=1"} // which vets too
				tested++
			}
			dir := t.TempDir()
			for _, name := range slices.Sorted(maps.Keys(program)) {
				file := filepath.Join(dir, name)
				must(t, os.WriteFile(file, []byte(program[name]), 0o600))
				args = append(args, file)
			}
			cmd := exec.CommandContext(t.Context(), "go", args...)
			// A snapshot that is not there is written, as on the reader's machine.
			cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CI=") })
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: go %s: %v\n%s", doc, args[0], err, out)
			}
		}
	}
	if shown == 0 || tested == 0 {
		t.Errorf("documents show %d programs, %d of them with tests", shown, tested)
	}
}

// anchors returns the anchors of a document's headings, as GitHub makes them.
func anchors(content string) map[string]bool {
	set := map[string]bool{}
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	// A comment in a block of commands looks like a heading.
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(content, ""), -1) {
		slug := drop.ReplaceAllString(strings.ToLower(h[1]), "")
		set["#"+strings.ReplaceAll(slug, " ", "-")] = true
	}
	return set
}

func TestLinks(t *testing.T) {
	for _, doc := range documents(t) {
		content, err := os.ReadFile(doc)
		must(t, err)
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			path, anchor := m[1], m[2]
			if strings.Contains(path, "://") {
				continue
			}
			target := doc
			if path != "" {
				target = filepath.Join(filepath.Dir(doc), path)
			}
			linked, err := os.ReadFile(target)
			if err != nil {
				if info, statErr := os.Stat(target); statErr != nil || !info.IsDir() {
					t.Errorf("%s: link to %s: %v", doc, path, err)
				}
				continue
			}
			if anchor != "" && !anchors(string(linked))[anchor] {
				t.Errorf("%s: link to %s%s: there is no such heading", doc, path, anchor)
			}
		}
	}
}

// TestRunbookSections checks that every alarm's description links to a section.
func TestRunbookSections(t *testing.T) {
	runbook, err := os.ReadFile("docs/runbook.md")
	must(t, err)
	sections := anchors(string(runbook))
	if !strings.HasSuffix(stacks.RunbookURL, "/docs/runbook.md") {
		t.Errorf("descriptions link to %s", stacks.RunbookURL)
	}
	for id, stack := range synthesized {
		for _, m := range regexp.MustCompile(`runbook\.md(#[a-z0-9-]+)`).FindAllStringSubmatch(stack, -1) {
			if !sections[m[1]] {
				t.Errorf("%s: an alarm links to %s, which the runbook does not have", id, m[1])
			}
		}
	}
}
