package canary

import (
	"archive/zip"
	"bytes"
	_ "embed" // the script
	"fmt"
	"time"
)

//go:embed script/check.js
var script []byte

const (
	// scriptPath is where Synthetics looks for the script of a canary on Node.js: user
	// guide, "Packaging your Node.js canary files".
	scriptPath = "nodejs/node_modules/check.js"
	// handler is the function that Synthetics calls in it.
	handler = "check.handler"
)

// archive packs a file into a zip archive that is the same on every machine: nothing in
// it depends on the clock, the file's mode, or the version of a compressor.
func archive(path string, content []byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: path, Method: zip.Store, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o644)
	file, err := w.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", path, err)
	}
	if _, err := file.Write(content); err != nil {
		return nil, fmt.Errorf("packing %s: %w", path, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", path, err)
	}
	return out.Bytes(), nil
}
