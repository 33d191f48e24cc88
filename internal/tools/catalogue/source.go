// Package catalogue makes docs/reasons.md out of the constants of the module and of internal/reasons.
package catalogue

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Constant is a constant of type middleware.Reason.
type Constant struct {
	// Package is the directory of its package, such as "revocation/statuslist".
	Package string
	// Name is that of the constant, such as "ReasonExpired".
	Name string
	// Value is the reason code.
	Value string
	// Doc is its own doc comment, in one line, "" if it has none.
	Doc string
	// Group is the comment of the block it stands in, "" if there is none.
	Group string
}

// Title names the constant as one writes it in another package.
func (c Constant) Title() string { return path.Base(c.Package) + "." + c.Name }

// core is the package that declares the type.
const core = "middleware"

// Constants returns the constants of type middleware.Reason in the public packages of tree, those of package middleware
// first, in the order in which they are declared. Tests and programs declare none that anybody could meet.
func Constants(tree fs.FS) ([]Constant, error) {
	var all []Constant
	err := fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && private(d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		found, err := read(tree, file)
		all = append(all, found...)
		return err
	})
	slices.SortStableFunc(all, func(a, b Constant) int {
		if (a.Package == core) != (b.Package == core) {
			if a.Package == core {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Package, b.Package)
	})
	return all, err
}

func private(directory string) bool {
	return slices.Contains([]string{"internal", "examples", "cmd", "testdata", "node_modules"}, directory) ||
		directory != "." && strings.HasPrefix(directory, ".")
}

func read(tree fs.FS, file string) ([]Constant, error) {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []Constant
	for _, declaration := range parsed.Decls {
		block, ok := declaration.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		constants, err := readBlock(path.Dir(file), block)
		if err != nil {
			return nil, err
		}
		found = append(found, constants...)
	}
	return found, nil
}

// readBlock reads one block, whose comment is about all of its constants.
func readBlock(pkg string, block *ast.GenDecl) ([]Constant, error) {
	var found []Constant
	for _, spec := range block.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || !isReason(value.Type) {
			continue
		}
		c := Constant{Package: pkg, Name: value.Names[0].Name, Doc: text(value.Doc), Group: text(block.Doc)}
		literal, ok := value.Values[0].(*ast.BasicLit)
		if !ok {
			return nil, fmt.Errorf("%s.%s is no string literal", pkg, c.Name)
		}
		var err error
		if c.Value, err = strconv.Unquote(literal.Value); err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, nil
}

// isReason reports whether a constant is declared with the type Reason or middleware.Reason.
func isReason(declared ast.Expr) bool {
	switch t := declared.(type) {
	case *ast.Ident:
		return t.Name == "Reason"
	case *ast.SelectorExpr:
		from, ok := t.X.(*ast.Ident)
		return ok && from.Name == core && t.Sel.Name == "Reason"
	}
	return false
}

func text(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
