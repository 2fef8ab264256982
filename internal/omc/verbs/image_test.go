package verbs

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// TestRealImages builds with the builders that need no engine and pushes to a real
// registry that wants the password. OMC_REQUIRE_BUILDERS="buildah podman" makes it an
// error that one is missing. Docker, which needs an engine, is played by a script in
// TestPushHidesThePassword.
func TestRealImages(t *testing.T) {
	for _, program := range []string{"buildah", "podman"} {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				missing := program + " is missing: apt-get install -y --no-install-recommends " + program
				if slices.Contains(strings.Fields(os.Getenv("OMC_REQUIRE_BUILDERS")), program) {
					t.Fatal(missing)
				}
				t.Skip(missing)
			}
			realImages(t, program)
		})
	}
}

func realImages(t *testing.T, program string) {
	// Containers need no engine this way, and nothing is left behind.
	storage := t.TempDir()
	config := filepath.Join(storage, "storage.conf")
	text := "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + storage + "/graph\"\nrunroot = \"" + storage + "/run\"\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	private := t.TempDir()
	t.Setenv("CONTAINERS_STORAGE_CONF", config)
	t.Setenv("STORAGE_DRIVER", "vfs")
	t.Setenv("BUILDAH_ISOLATION", "chroot")
	t.Setenv("XDG_RUNTIME_DIR", private)

	images := httptest.NewServer(wantPassword(registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
	t.Cleanup(images.Close)

	b := newBench(t)
	builder, err := image.NewBuilder(program)
	if err != nil {
		t.Fatal(err)
	}
	b.opt.Builder = builder
	b.app.env.Cluster.Services[0].Build.Platform = "linux/arm64" // nothing is run while it is built
	b.cloud.RegistryURL = strings.Replace(images.URL, "http://", "http://AWS:"+fakeaws.Password+"@", 1)
	for name, repository := range b.cloud.Repositories {
		repository.URI = strings.TrimPrefix(images.URL, "http://") + "/" + name
	}
	result, err := b.deploy()
	if err != nil {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	for _, s := range result.Services {
		repository := "omc-" + s.Service
		const tag = "staging-20260102T030405Z"
		if _, got := registryGet(t, b.cloud.RegistryURL+"/v2/"+repository+"/manifests/"+tag); got == "" || got != s.After.Digest {
			t.Errorf("%s:%s is %q in the registry, %q was deployed", repository, tag, got, s.After.Digest)
		}
		// What the environment says about the build has reached the image.
		config := imageConfig(t, b.cloud.RegistryURL, repository, s.After.Digest)
		contains(t, config, map[string]string{"backend": `"architecture":"arm64"`, "frontend": `"architecture":"amd64"`}[s.Service], `"os":"linux"`)
		if s.Service == "frontend" {
			contains(t, config, `"api":"https://api.staging.ohmycoins.com"`)
		}
		registered := b.cloud.Definitions[s.After.TaskDefinition]
		text, _ := json.Marshal(registered)
		contains(t, string(text), repository+"@"+s.After.Digest)
	}
	if left, err := fs.Glob(os.DirFS(private), "omc-*"); err != nil || len(left) > 0 {
		t.Errorf("the log-in left %v behind", left)
	}
	if err := filepath.WalkDir(private, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if text, _ := os.ReadFile(path); strings.Contains(string(text), fakeaws.Password) {
				return errors.New(path + " holds the password")
			}
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	// A second deployment of the same commit builds nothing.
	built := len(b.log.text())
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	if text := b.log.text()[built:]; strings.Contains(text, "STEP 1") {
		t.Errorf("it was built again:\n%s", text)
	}
}

// wantPassword lets only those in who know the registry's password.
func wantPassword(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "AWS" || password != fakeaws.Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="images"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// registryGet asks the registry for something. It returns the body and the digest.
func registryGet(t *testing.T, url string) (body []byte, digest string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return body, resp.Header.Get("Docker-Content-Digest")
}

// imageConfig returns the configuration of an image.
func imageConfig(t *testing.T, url, repository, digest string) string {
	t.Helper()
	text, _ := registryGet(t, url+"/v2/"+repository+"/manifests/"+digest)
	var manifest struct{ Config struct{ Digest string } }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	config, _ := registryGet(t, url+"/v2/"+repository+"/blobs/"+manifest.Config.Digest)
	return string(config)
}
