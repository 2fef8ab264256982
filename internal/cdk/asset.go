package cdk

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Asset is a file beside the JSON of a stack.
type Asset struct{ Content []byte }

// AssetRef is an asset that was written.
type AssetRef struct {
	// Path is where Terraform finds it.
	Path string
}

// NewAsset writes a file beside the JSON of the stack that a construct is in. The id is
// the file's name. The path says what the content is, so that another content is a change
// of whatever uses the file.
func NewAsset(scope Scope, id string, a Asset) AssetRef {
	at := path.Join("assets", fmt.Sprintf("%x", sha256.Sum256(a.Content))[:assetHash], id)
	stack := *cdktf.TerraformStack_Of(scope).Node().Id()
	file := filepath.Join(*cdktf.App_Of(scope).Outdir(), "stacks", stack, filepath.FromSlash(at))
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, a.Content, 0o644)
	}
	if err != nil {
		AddProblems(scope, fmt.Errorf("writing the asset %s: %w", id, err))
	}
	return AssetRef{at}
}

// assetHash is how many characters of the content's hash a path has.
const assetHash = 16
