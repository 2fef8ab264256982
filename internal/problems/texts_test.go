package problems

import (
	"strings"
	"testing"
)

type embedded struct{ Label string }

type texts struct {
	embedded
	Name    string
	Lines   []any
	Tags    map[string]string
	Next    *texts
	Exactly [2]string
	hidden  string
}

func TestCheckTexts(t *testing.T) {
	bad, good := "a ${ b", "${var.a} costs $5, 3 %"
	v := texts{
		Name: bad, hidden: bad, Next: &texts{Name: bad}, Exactly: [2]string{good, bad},
		Lines: []any{good, bad, texts{Name: bad}, 3, nil},
		Tags:  map[string]string{"b": bad, "a": good, "%{": good},
	}
	var p Problems
	p.Want("Tags[\"b\"]", "x", "letters")
	p.CheckTexts("", &v)
	p.CheckTexts("Panels (a)", texts{Name: bad})
	p.CheckTexts("Nothing", nil)
	fields := []string{`Tags["b"]`, "Name", "Lines[1]", "Lines[2].Name", `Tags["%{"]`, "Exactly[1]", "Panels (a).Name"}
	for i, problem := range List(p.Err()) {
		if i >= len(fields) || !strings.HasPrefix(problem.Error(), fields[i]+": ") || strings.Contains(problem.Error(), bad) {
			t.Errorf("problem %d is %q, want one of %v, without the text", i, problem, fields)
		}
	}
	if p.Len() != len(fields) {
		t.Errorf("%d problems, want %d", p.Len(), len(fields))
	}
}

func TestOneOf(t *testing.T) {
	many := []string{"web/cpu-high", "db/storage-low", "api/cpu-high", "web/memory-high", "db/cpu-high"}
	for _, tt := range []struct {
		got   string
		known []string
		want  string
	}{
		{"c", []string{"b", "a"}, "one of a, b"},
		{"c", []string{"d", "c", "b", "a"}, "one of a, b, c, d"},
		{"web/cpu", many, "one of web/cpu-high, db/cpu-high, api/cpu-high (the nearest of 5)"},
		{"db/storage-lwo", many, "one of db/storage-low, db/cpu-high, web/memory-high (the nearest of 5)"},
	} {
		if got := OneOf(tt.got, tt.known); got != tt.want {
			t.Errorf("OneOf(%q, %v) is %q, want %q", tt.got, tt.known, got, tt.want)
		}
	}
	if many[0] != "web/cpu-high" {
		t.Errorf("OneOf has changed what it was given: %v", many)
	}
	if got, want := Some(many), "web/cpu-high, db/storage-low, api/cpu-high and 2 more"; got != want {
		t.Errorf("Some is %q, want %q", got, want)
	}
	if got, want := Some(many[:4]), "web/cpu-high, db/storage-low, api/cpu-high, web/memory-high"; got != want {
		t.Errorf("Some is %q, want %q", got, want)
	}
}

func TestHas(t *testing.T) {
	var p Problems
	p.Want("Name", "", "a name")
	if !p.Has("Name") || p.Has("Nam") || p.Has("Names") {
		t.Errorf("Has is %v, %v, %v, want true, false, false", p.Has("Name"), p.Has("Nam"), p.Has("Names"))
	}
}
