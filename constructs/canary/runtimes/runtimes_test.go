package runtimes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestList: the newest comes first, nothing is there twice, and the list says where it is
// from and of when.
func TestList(t *testing.T) {
	version := func(name string) []int {
		var major, minor int
		if _, err := fmt.Sscanf(name, "syn-nodejs-puppeteer-%d.%d", &major, &minor); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return []int{major, minor}
	}
	usable := Usable()
	if len(usable) == 0 || !slices.IsSortedFunc(usable, func(a, b string) int { return slices.Compare(version(b), version(a)) }) {
		t.Errorf("%v are not sorted, newest first", usable)
	}
	seen := map[string]bool{}
	for _, r := range All() {
		if seen[r.Name] {
			t.Errorf("%s is there twice", r.Name)
		}
		seen[r.Name] = true
		version(r.Name)
		if _, err := time.Parse(time.DateOnly, r.Deprecated); err != nil && r.Deprecated != "" {
			t.Errorf("%s: deprecated since: %v", r.Name, err)
		}
	}
	var list struct {
		Sources []string
		Checked string
	}
	if err := json.Unmarshal(JSON, &list); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.DateOnly, list.Checked); err != nil {
		t.Errorf("checked: %v", err)
	}
	for _, page := range list.Sources {
		if !strings.HasPrefix(page, "https://docs.aws.amazon.com/AmazonCloudWatch/") {
			t.Errorf("the source %s is no page of CloudWatch's user guide", page)
		}
	}
}
