package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestEverythingExportedIsDescribed: who imports the constructs reads what a name or a field
// means, its unit, its default and its limits beside it. Several on one line share a
// comment, and so do those of a group of constants or variables.
func TestEverythingExportedIsDescribed(t *testing.T) {
	described := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "constructs"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		exported(file, func(name string, id *ast.Ident, comments ...*ast.CommentGroup) {
			for _, c := range comments {
				if strings.TrimSpace(c.Text()) != "" {
					described++
					return
				}
			}
			t.Errorf("%s: %s has no comment: say what it means, its unit, its default and its limits", fset.Position(id.Pos()), name)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if described < 500 {
		t.Errorf("%d names are exported, want more: what is looked at?", described)
	}
}

// exported calls visit for every exported name of a file, with what may describe it.
func exported(file *ast.File, visit func(name string, id *ast.Ident, comments ...*ast.CommentGroup)) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				visit(d.Name.Name, d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					for _, id := range s.Names {
						if id.IsExported() {
							visit(id.Name, id, s.Doc, s.Comment, d.Doc)
						}
					}
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						visit(s.Name.Name, s.Name, s.Doc, s.Comment, d.Doc)
						parts(s, visit)
					}
				}
			}
		}
	}
}

// parts calls visit for the exported fields of a struct and the methods of an interface.
func parts(s *ast.TypeSpec, visit func(name string, id *ast.Ident, comments ...*ast.CommentGroup)) {
	var list *ast.FieldList
	switch of := s.Type.(type) {
	case *ast.StructType:
		list = of.Fields
	case *ast.InterfaceType:
		list = of.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, id := range field.Names {
			if id.IsExported() {
				visit(s.Name.Name+"."+id.Name, id, field.Doc, field.Comment)
			}
		}
	}
}

// receiver is the type that a method is of.
func receiver(f *ast.FuncDecl) string {
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	id, ok := of.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name
}
