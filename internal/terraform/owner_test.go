//go:build unix

package terraform

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMirrorOfAnotherUser plants mirrors that another user can change, in each of the ways
// that there are: none is used, and each is told.
func TestMirrorOfAnotherUser(t *testing.T) {
	const version = "registry.terraform.io/hashicorp/aws/5.100.0"
	const binary = version + "/linux_amd64/terraform-provider-aws_v5.100.0_x5"
	for _, test := range []struct {
		name  string
		plant func(t *testing.T, root string) // changes a good mirror
		want  string
	}{
		{"good", func(*testing.T, string) {}, ""},
		{"everybody may write into it", func(t *testing.T, root string) { mode(t, root, 0o777) }, "can be written by other users"},
		{"sticky does not help", func(t *testing.T, root string) { mode(t, root, 0o777|os.ModeSticky) }, "can be written by other users"},
		{"a folder inside", func(t *testing.T, root string) { mode(t, filepath.Join(root, "registry.terraform.io"), 0o777) }, "can be written by other users"},
		{"the group may write", func(t *testing.T, root string) { mode(t, filepath.Join(root, version), 0o775) }, "can be written by other users"},
		{"the program", func(t *testing.T, root string) { mode(t, filepath.Join(root, binary), 0o777) }, "can be written by other users"},
		{"a folder above", func(t *testing.T, root string) { mode(t, filepath.Dir(root), 0o777) }, "can be written by other users"},
		{"a sticky folder above, as /tmp is", func(t *testing.T, root string) { mode(t, filepath.Dir(root), 0o777|os.ModeSticky) }, ""},
		{"a link to where everybody may write", func(t *testing.T, root string) {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			must(t, os.Rename(filepath.Join(root, version), elsewhere))
			must(t, os.Symlink(elsewhere, filepath.Join(root, version)))
			mode(t, elsewhere, 0o777)
		}, "can be written by other users"},
		{"a link to a good place", func(t *testing.T, root string) {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			must(t, os.Rename(filepath.Join(root, version), elsewhere))
			must(t, os.Symlink(elsewhere, filepath.Join(root, version)))
		}, ""},
		{"another user's program", func(t *testing.T, root string) { giveAway(t, filepath.Join(root, binary)) }, "belongs to another user"},
		{"another user's mirror", func(t *testing.T, root string) { giveAway(t, root) }, "belongs to another user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "above", "root")
			write(t, filepath.Join(root, binary), "")
			good := t.TempDir()
			write(t, filepath.Join(good, "registry.terraform.io/hashicorp/aws/5.99.0/linux_amd64/terraform-provider-aws_v5.99.0"), "")
			own(t, root, good)
			test.plant(t, root)
			var progress bytes.Buffer
			got, ok := findMirror([]string{root, good}, "linux_amd64", &progress)
			want := mirror{path: root, version: "5.100.0"}
			if test.want != "" {
				want = mirror{path: good, version: "5.99.0"}
			}
			if user() != os.Geteuid() { // everything belongs to another user then
				want, ok = mirror{}, !ok
			}
			if got != want || !ok {
				t.Errorf("findMirror = %v, %v, want %v", got, ok, want)
			}
			if test.want == "" && progress.Len() > 0 || !strings.Contains(progress.String(), test.want) ||
				test.want != "" && !strings.Contains(progress.String(), "skipping the mirror "+root+": ") {
				t.Errorf("it says %q, want %q", progress.String(), test.want)
			}
		})
	}
}

// giveAway gives a path to another user. Only root can; for anybody else this
// process pretends to work for another user.
func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		must(t, os.Lchown(path, nobody, nobody))
		return
	}
	t.Cleanup(func() { user = os.Geteuid })
	user = func() int { return os.Geteuid() + 1 }
}

// own takes what the umask left to others away.
func own(t *testing.T, roots ...string) {
	t.Helper()
	for _, root := range roots {
		must(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chmod(path, 0o755)
		}))
	}
}

func mode(t *testing.T, path string, m os.FileMode) {
	t.Helper()
	must(t, os.Chmod(path, m))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
