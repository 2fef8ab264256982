package cdk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneShape: every function that makes something is NewX(scope, id, X) XRef, so that
// whoever knows one of them knows all.
func TestOneShape(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "New") || f.Name.Name == "NewNode" {
				continue // a node has nothing to configure
			}
			var parameters, results []string
			for _, p := range f.Type.Params.List {
				for range p.Names {
					parameters = append(parameters, types.ExprString(p.Type))
				}
			}
			for _, r := range f.Type.Results.List {
				results = append(results, types.ExprString(r.Type))
			}
			if len(parameters) != 3 || parameters[0] != "Scope" || parameters[1] != "string" ||
				len(results) != 1 || !strings.HasSuffix(results[0], "Ref") && results[0] != "Scope" {
				t.Errorf("%s: func %s(%s) %s, want %s(Scope, string, X) XRef", name, f.Name.Name, strings.Join(parameters, ", "), strings.Join(results, ", "), f.Name.Name)
			}
		}
	}
}
