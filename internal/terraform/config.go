package terraform

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/ohmycoins/infra/internal/versions"
)

const (
	configVar = "TF_CLI_CONFIG_FILE"

	provider     = "registry.terraform.io/" + versions.ProviderSource
	wantProvider = versions.Provider
)

// mirror is a folder that holds the provider.
type mirror struct {
	path    string
	version string
}

// configure sets CLIConfig: the user's own, or ours in tools.
func (i *Installation) configure(tools string, roots []string, progress io.Writer) error {
	ours := filepath.Join(tools, "cli.tfrc")
	path, found, err := userConfig(ours)
	if err != nil {
		return fmt.Errorf("finding the CLI configuration: %w", err)
	}
	if found {
		i.CLIConfig = path
		return nil
	}

	var content string
	if m, ok := findMirror(roots, runtime.GOOS+"_"+runtime.GOARCH, progress); ok {
		fmt.Fprintf(progress, "%s %s from the mirror %s\n", provider, m.version, m.path)
		content = mirrorConfig(m.path)
	} else {
		fmt.Fprintf(progress, "%s from the registry: no mirror on this machine has %s for %s_%s\n",
			provider, wantProvider, runtime.GOOS, runtime.GOARCH)
		cache := filepath.Join(tools, "plugins")
		if err := os.MkdirAll(cache, 0o755); err != nil {
			return fmt.Errorf("creating the provider cache: %w", err)
		}
		content = registryConfig(cache)
		i.cacheLock = filepath.Join(tools, "plugins.lock")
	}
	if err := writeIfChanged(ours, []byte(content)); err != nil {
		return fmt.Errorf("writing the CLI configuration: %w", err)
	}
	i.CLIConfig = ours
	return nil
}

// userConfig returns the CLI configuration that the user has chosen: the file
// that TF_CLI_CONFIG_FILE names or, with path "", ~/.terraformrc. A variable that
// names ours was set from Environ and is no choice of the user's.
func userConfig(ours string) (path string, found bool, err error) {
	if name := os.Getenv(configVar); name != "" {
		path, err := filepath.Abs(name)
		if err != nil || path == ours || !fileExists(path) {
			return "", false, err
		}
		return path, true, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", false, nil //nolint:nilerr // without a home folder there is no file in it
	}
	return "", fileExists(filepath.Join(home, ".terraformrc")), nil
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// mirrorRoots returns the folders that may hold a provider mirror: those that
// Terraform itself searches (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories),
// then every folder in /opt.
func mirrorRoots() []string {
	var roots []string
	data := os.Getenv("XDG_DATA_HOME")
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, ".terraform.d", "plugins"))
		if data == "" {
			data = filepath.Join(home, ".local", "share")
		}
	}
	if filepath.IsAbs(data) {
		roots = append(roots, filepath.Join(data, "terraform", "plugins"))
	}
	roots = append(roots, "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
	return append(roots, subfolders("/opt")...)
}

func subfolders(dir string) []string {
	var paths []string
	for _, entry := range readDir(dir) {
		paths = append(paths, filepath.Join(dir, entry))
	}
	return paths
}

// findMirror returns the first root that holds a version of the provider that we
// want for the platform, such as "linux_amd64". Nobody but root and the user may be
// able to change it: the provider runs as the user, with the credentials for AWS.
func findMirror(roots []string, platform string, progress io.Writer) (mirror, bool) { //nolint:unparam // tests are for one platform
	for _, root := range roots {
		var best *version.Version
		for _, v := range mirroredVersions(root, platform) {
			if satisfies(v, wantProvider) && (best == nil || v.GreaterThan(best)) {
				best = v
			}
		}
		if best == nil {
			continue
		}
		if err := checkOwners(root, filepath.FromSlash(provider)); err != nil {
			fmt.Fprintf(progress, "skipping the mirror %s: %v: want it to be root's or yours, and nobody else to write there\n", root, err)
			continue
		}
		return mirror{path: root, version: best.String()}, true
	}
	return mirror{}, false
}

// mirroredVersions returns the versions of the provider that a mirror holds for
// the platform, in either of Terraform's two layouts.
func mirroredVersions(root, platform string) []*version.Version {
	dir := filepath.Join(root, filepath.FromSlash(provider))
	var versions []*version.Version
	for _, name := range readDir(dir) {
		number := name
		if packed, ok := strings.CutPrefix(name, "terraform-provider-aws_"); ok {
			if number, ok = strings.CutSuffix(packed, "_"+platform+".zip"); !ok {
				continue
			}
		} else if !holdsProvider(filepath.Join(dir, name, platform)) {
			continue
		}
		if v, err := version.NewVersion(number); err == nil {
			versions = append(versions, v)
		}
	}
	return versions
}

func holdsProvider(dir string) bool {
	for _, name := range readDir(dir) {
		if strings.HasPrefix(name, "terraform-provider-aws") {
			return true
		}
	}
	return false
}

// readDir returns the sorted names in dir; a folder that cannot be read counts
// as empty, for a search.
func readDir(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func mirrorConfig(path string) string {
	return fmt.Sprintf(`provider_installation {
  filesystem_mirror {
    path    = %q
    include = [%q]
  }
  direct {
    exclude = [%q]
  }
}
`, path, provider, provider)
}

// registryConfig names "direct" because a folder that Terraform searches by
// itself would otherwise hide the registry, whatever version it holds. Without
// the second line the cache is only used where the lock file has the checksum of the
// unpacked provider, which it has for one platform. Where it has one, Terraform refuses
// another package in the cache all the same.
func registryConfig(cache string) string {
	return fmt.Sprintf(`plugin_cache_dir = %q
plugin_cache_may_break_dependency_lock_file = true
provider_installation {
  direct {}
}
`, cache)
}

// writeIfChanged replaces the file in one step, unless it has the content already.
func writeIfChanged(path string, content []byte) (err error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name()) // the error that led here counts
		}
	}()
	_, err = tmp.Write(content)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
