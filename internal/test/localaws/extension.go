package localaws

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ohmycoins/infra/constructs/canary/runtimes"
)

// extension teaches moto what it lacks, in Python: moto/services has a file for each
// service of AWS.
//
//go:embed moto/*.py moto/services/*.py
var extension embed.FS

// loaded is what the extension writes when moto has loaded it.
const loaded = "taught what moto lacks"

// writeExtension writes the extension to a folder, which moto needs only until it
// answers, and returns the variable that has Python load it from there.
func writeExtension() (dir, variable string, err error) {
	dir, err = os.MkdirTemp("", "moto-extension-")
	if err != nil {
		return "", "", err
	}
	if err := os.CopyFS(dir, extension); err != nil {
		return dir, "", fmt.Errorf("writing moto's extension: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "moto", "runtimes.json"), runtimes.JSON, 0o600); err != nil {
		return dir, "", fmt.Errorf("writing moto's extension: %w", err)
	}
	path := []string{filepath.Join(dir, "moto")}
	if users := os.Getenv("PYTHONPATH"); users != "" {
		path = append(path, users)
	}
	return dir, "PYTHONPATH=" + strings.Join(path, string(filepath.ListSeparator)), nil
}
