package verbs

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// newToken returns what AWS takes for the id of one request: 32 characters.
func newToken() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}
