package cdk

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// NewAsset writes a file beside the JSON of the stack that a construct is in, and
// returns its path as Terraform finds it there. The path says what the content is, so
// that another content is a change of whatever uses the file.
func NewAsset(scope Scope, name string, content []byte) string {
	at := path.Join("assets", fmt.Sprintf("%x", sha256.Sum256(content))[:assetHash], name)
	stack := *cdktf.TerraformStack_Of(scope).Node().Id()
	file := filepath.Join(*cdktf.App_Of(scope).Outdir(), "stacks", stack, filepath.FromSlash(at))
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, content, 0o644)
	}
	if err != nil {
		AddProblems(scope, fmt.Errorf("writing the asset %s: %w", name, err))
	}
	return at
}

// assetHash is how many characters of the content's hash a path has.
const assetHash = 16
