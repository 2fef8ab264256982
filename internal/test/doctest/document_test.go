package doctest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// markdown is a document in which ' stands for `.
func markdown(text string) string { return strings.ReplaceAll(text, "'", "`") }

func TestParse(t *testing.T) {
	doc, err := Parse(markdown(`# Guide
## One
'''bash
echo a
'''

'''text
a
'''
### Two
<!-- not run: needs a database -->
'''bash
psql
'''
Text between.
'''text
not a sample
'''
1. In a list:

   <!-- needs: aws-cli 2 -->
   '''bash
   aws logs tail x
   '''
   '''text
   (no output)
   '''
'''sql
SELECT 1
'''
<!-- needs: aws-cli 2 -->
<!-- until: Ctrl-C -->
'''bash
aws logs tail x --follow
'''
<!-- answers: yes $TAG -->
'''bash
confirm x
'''
'''bash
console psql
'''
'''sql
SELECT 2
'''
'''text
2
'''
<!-- run: without AWS -->
'''bash
aws sqs list-queues
'''
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{Line: 3, Heading: "One", Code: "echo a", Sample: "a", HasSample: true},
		{Line: 12, Heading: "One / Two", Code: "psql", NotRun: "needs a database"},
		{Line: 22, Heading: "One / Two", Code: "aws logs tail x", Sample: NoOutput, HasSample: true, NeedsV2: true},
		{Line: 33, Heading: "One / Two", Code: "aws logs tail x --follow", NeedsV2: true, UntilCtrlC: true},
		{Line: 37, Heading: "One / Two", Code: "confirm x", Answers: "yes $TAG"},
		{Line: 40, Heading: "One / Two", Code: "console psql", Typed: "SELECT 2\n", Sample: "2", HasSample: true},
		{Line: 50, Heading: "One / Two", Code: "aws sqs list-queues", WithoutAWS: true},
	}
	if diff := cmp.Diff(want, doc.Blocks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"open fence":      {"'''bash\necho", "line 1: a fence that is never closed"},
		"comment in text": {"<!-- not run: x -->\n\ntext", "line 1: the comment is not directly above"},
		"comment at end":  {"<!-- not run: x -->", "line 1: the comment is not directly above"},
		"no reason":       {"<!-- not run -->\n'''bash\n'''", "line 1: want <!-- not run: reason -->"},
		"no such need":    {"<!-- needs: luck -->\n'''bash\n'''", "line 1: want <!-- not run: reason -->"},
		"other shell":     {"'''console\n$ false\n'''", "line 1: a block of console would never run, want bash"},
		"other block":     {"<!-- not run: x -->\n'''sql\n'''", "line 1: the comment is not directly above"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(markdown(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestFor(t *testing.T) {
	doc, err := Parse(markdown(`
'''bash
source docs/ops.sh
'''
## Section
'''bash
source docs/ops.sh
'''
'''bash
echo "$ENV"
'''
`))
	if err != nil {
		t.Fatal(err)
	}
	if !doc.HasEnvironment() {
		t.Error("the document has an environment")
	}
	read := doc.For("production", map[string]string{"Section": "ohmycoins-prod/backend/cpu-high"})
	for i, want := range []string{"production", "ohmycoins-prod/backend/cpu-high", ""} {
		if got := read.Blocks[i].Answers; got != want {
			t.Errorf("block %d: the answer is %q, want %q", i, got, want)
		}
	}
	if doc.Blocks[0].Answers != "" {
		t.Error("For changed the document")
	}
}

func TestEmpty(t *testing.T) {
	for output, want := range map[string]bool{
		"": true, " \n": true, "None\n": true, "[]": true, "[\n    [],\n    null\n]": true, "None\tNone": true,
		"0": false, "a": false, "[1]": false, "+----+\n|  x |": false, "+---+\n+---+": true,
	} {
		if got := empty(output); got != want {
			t.Errorf("empty(%q) is %v", output, got)
		}
	}
}

func TestNames(t *testing.T) {
	a := &Account{}
	if err := a.names.add([]string{
		"ohmycoins-staging-cluster", "ohmycoins-staging-backend", "/ecs/ohmycoins-staging/backend", "ohmycoins-staging-alb",
		"ohmycoins-staging-app-secrets", "ohmycoins-staging/backend/cpu-high", "ohmycoins-staging-redis", "ohmycoins-staging-redis-001",
		"ohmycoins-staging-postgres",
	}); err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string]bool{
		"ohmycoins-staging": true, "ohmycoins-prod/": true, "ohmycoins-staging-backend": true, "ohmycoins-staging-backend.": true,
		"ohmycoins-staging-backend-service":  false,
		"/ecs/ohmycoins-staging/backend":     true,
		"/ecs/ohmycoins-staging-backend":     false,
		"ohmycoins-staging/backend/cpu-high": true, "ohmycoins-staging/backend/cpu-hihg": false,
		"ohmycoins-staging-cluster/ohmycoins-staging-backend": true,
		"ohmycoins-staging-alb/50dc6c495c0c9188":              true, "ohmycoins-staging-lb/50dc6c495c0c9188": false,
		"ohmycoins-staging-app-secrets-AbCdEf": true, "ohmycoins-staging-redis-003": false,
		"ohmycoins-staging-postgres-20261123070000":          true,
		"ohmycoins-staging-postgres-snapshot-20261123070000": true, "ohmycoins-staging-pg-snapshot-20261123070000": false,
		"ohmycoins-staging-alb-12345.ap-southeast-2.elb.amazonaws.com": true,
		"ohmycoins-prod-backend": false,
	} {
		if unknown := a.UnknownNames("x " + name + " y"); (len(unknown) == 0) != known {
			t.Errorf("%s: unknown %v, want known %v", name, unknown, known)
		}
	}
	if unknown := a.unknownNames("rds:CreateDBSnapshot", "ohmycoins-staging-new"); len(unknown) != 0 {
		t.Errorf("creating: %v", unknown)
	}
	if unknown := a.unknownNames("rds:DescribeDBSnapshots", "ohmycoins-staging-new"); len(unknown) != 0 {
		t.Errorf("after creating: %v", unknown)
	}
}

func TestCommands(t *testing.T) {
	for code, want := range map[string][]string{
		"A=1 # aws x y": {"A=1 # aws x y"},
		"B=$(aws rds describe-x --y); aws rds describe-x":                         {"aws rds describe-x"},
		"for X in a; do\n  aws ecs wait services-stable | jq .\ndone\ncurl -sS x": {"aws ecs wait services-stable", "jq", "curl"},
		"echo a |\n  xargs -r aws ecs stop-task\nomc alarms test \"$ENV\"":        {"aws ecs stop-task", "omc alarms test"},
	} {
		if diff := cmp.Diff(want, Block{Code: code}.commands()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
	}
}
