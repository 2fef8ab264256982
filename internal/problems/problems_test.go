package problems

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	var p Problems
	if err := p.Err(); err != nil {
		t.Errorf("no problems are %v, want nil", err)
	}
	p.Want("Days", 3, "0 or %d to %d", 7, 30)
	p.Want("Name", "a\nb", "letters")
	p.Want("Nodes", Text("empty"), "one")
	p.Want("Name", strings.Repeat("x", 100), "less")
	p.Add(errors.New("as it is"))
	want := []string{
		"Days: is 3, want 0 or 7 to 30",
		`Name: is "a\nb", want letters`,
		"Nodes: is empty, want one",
		`Name: is "` + strings.Repeat("x", 80) + `"… (100 characters), want less`,
		"as it is",
	}
	got := List(p.Err())
	if len(got) != len(want) {
		t.Fatalf("%d problems, want %d: %v", len(got), len(want), got)
	}
	for i, problem := range got {
		if problem.Error() != want[i] {
			t.Errorf("problem %d is %q, want %q", i, problem, want[i])
		}
	}
	if single := errors.New("one"); len(List(single)) != 1 || List(nil) != nil {
		t.Errorf("List of one error is %v, of none %v", List(single), List(nil))
	}
}

func TestAddIn(t *testing.T) {
	var part, p Problems
	part.Want("Cluster", "", "a name")
	part.Want(`Nodes["001"]`, "x", "a node")
	part.Add(errors.New("something else"))
	p.AddIn("Resources[0]", errors.Join(part.Err(), fmt.Errorf("both: %w and %w", errors.New("a"), errors.New("b"))))
	p.AddIn("Resources[1]", nil)
	want := `Resources[0].Cluster: is "", want a name
Resources[0].Nodes["001"]: is "x", want a node
Resources[0]: something else
Resources[0]: both: a and b`
	if got := p.Err().Error(); got != want || p.Len() != 4 {
		t.Errorf("%d problems:\n%s\nwant 4:\n%s", p.Len(), got, want)
	}
}

func TestIsARN(t *testing.T) {
	tests := []struct {
		arn, service, prefix string
		want                 bool
	}{
		{"arn:aws:kms:ap-southeast-2:000000000000:key/1", "kms", "key/", true},
		{"arn:aws-cn:kms:cn-north-1:000000000000:key/1", "kms", "key/", true},
		{"arn:aws:kms:ap-southeast-2:000000000000:alias/a", "kms", "key/", false},
		{"arn:aws:kms:ap-southeast-2:000000000000:key/", "kms", "key/", false},
		{"arn:aws:kms:ap-southeast-2:123:key/1", "kms", "key/", false},
		{"arn:aws:sns:ap-southeast-2:000000000000:topic", "sns", "", true},
		{"arn:aws:sns:ap-southeast-2:000000000000:", "sns", "", false},
		{"alias/a", "kms", "key/", false},
	}
	for _, tt := range tests {
		if got := IsARN(tt.arn, tt.service, tt.prefix); got != tt.want {
			t.Errorf("IsARN(%q, %q, %q) is %v", tt.arn, tt.service, tt.prefix, got)
		}
	}
}

func TestIsKey(t *testing.T) {
	for key, want := range map[string]bool{
		"backend": true, "redis-001": true, "a": true,
		"": false, "Back End": false, "001": false, "a_b": false, "-a": false, "${x}": false,
	} {
		if IsKey(key) != want {
			t.Errorf("IsKey(%q) is %v", key, !want)
		}
	}
}
