// Package problemstest helps to test what a configuration's Validate reports.
package problemstest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Want fails the test when the problems that err joins, a line each, are not these in
// this order. None is nil.
func Want(t *testing.T, want []string, err error) {
	t.Helper()
	var got []string
	if err != nil {
		got = strings.Split(err.Error(), "\n")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
