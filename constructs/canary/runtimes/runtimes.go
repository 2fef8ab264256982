// Package runtimes has the runtimes of CloudWatch Synthetics for Node.js and Puppeteer:
// those on which AWS makes canaries, and those on which it does not any more. It is a
// package of its own, and plain Go, because the local AWS refuses by the same list.
package runtimes

import (
	_ "embed" // the list
	"encoding/json"
	"fmt"
)

// JSON is the list with its sources, AWS's pages, and the day on which it was compared
// with them. Whoever may call AWS compares it with
//
//	aws synthetics describe-runtime-versions --query "RuntimeVersions[].[VersionName,DeprecationDate]"
//
//go:embed runtimes.json
var JSON []byte

// Runtime is a runtime of Synthetics.
type Runtime struct {
	// Name is "syn-nodejs-puppeteer-17.0".
	Name string
	// Deprecated is the day since when AWS makes no canary on it, "2026-01-22", or "".
	Deprecated string
}

// All returns the runtimes, newest first, then those that are deprecated.
func All() []Runtime {
	var list struct{ Runtimes []Runtime }
	if err := json.Unmarshal(JSON, &list); err != nil {
		panic(fmt.Sprintf("runtimes.json: %v", err)) // it is part of the program
	}
	return list.Runtimes
}

// Usable returns the names of those on which AWS makes canaries, newest first.
func Usable() []string {
	var names []string
	for _, r := range All() {
		if r.Deprecated == "" {
			names = append(names, r.Name)
		}
	}
	return names
}
