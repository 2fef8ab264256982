package doctest

import (
	"strings"
	"testing"
)

func TestCompareSample(t *testing.T) {
	tests := []struct {
		name, code, sample, output, want string
	}{
		{"another day's values", "aws x", "a\t1\nb\t2", "c\t3", ""},
		{"columns", "aws x", "a\t1", "c\t3\tx", "a line of 2 columns"},
		{"columns of a table", "aws x", "|  a  |  1  |", "-----\n|  t  |\n+----+\n|  b  |  2  |\n", ""},
		{"other columns of a table", "aws x", "|  a  |  1  |", "|  t  |\n|  b  |", "a line of 2 columns"},
		{"columns of another command", "aws x", "up\t5\tx", "up\t5\nload\t10:00\t0.1", "a line of 3 columns"},
		{"keys", "aws x", `{"status": "ok"}`, "{\n  \"status\": null\n}", ""},
		{"other keys", "aws x", `{"status": "ok"}`, "{\n  \"state\": null\n}", `the key "status":`},
		{"omc", "omc status x", "backend  ACTIVE  omc-backend@sha256:77d0...", "SERVICE  STATUS\nbackend  ACTIVE  omc-backend@sha256:1f6a0c3b9d2e", ""},
		{"omc says something else", "  omc status x", "SERVICE  STATE", "SERVICE  STATUS", "omc prints no line"},
		{"omc says more", "omc status x", "SERVICE  STATUS", "SERVICE  STATUS  TASKS", "omc prints no line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(compareSample(tt.code, tt.sample, tt.output), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
