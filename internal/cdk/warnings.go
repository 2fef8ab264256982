package cdk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Warning is what may be wrong with a construct, but does not keep an app from being
// written.
type Warning struct {
	// Path is that of the construct: "shop/monitoring".
	Path, Message string
}

// String is a line about the warning.
func (w Warning) String() string { return fmt.Sprintf("warning: %s: %s", w.Path, w.Message) }

// warnings reads what constructs warn of, by path. The bindings write it beside the JSON
// of the stacks and show it to nobody.
func warnings(outdir string) ([]Warning, error) {
	content, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("reading what constructs warn of: %w", err)
	}
	var manifest struct {
		Stacks map[string]struct {
			Annotations []struct{ ConstructPath, Level, Message string }
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("reading what constructs warn of in manifest.json: %w", err)
	}
	var list []Warning
	for _, stack := range manifest.Stacks {
		for _, a := range stack.Annotations {
			if a.Level == warnKey {
				list = append(list, Warning{a.ConstructPath, a.Message})
			}
		}
	}
	slices.SortFunc(list, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return list, nil
}
