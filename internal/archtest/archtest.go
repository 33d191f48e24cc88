// Package archtest holds the repository to its own map: which directory may import what, which library has one home,
// and how the modules of the workspace fit together. Its tests read the whole tree, nested modules included.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Imports reads every Go file below the root of tree and returns a sentence for each import that breaks a rule, and
// for each file in a directory that no rule speaks of, in the order of the paths.
func Imports(tree fs.FS) ([]string, error) {
	var broken []string
	err := walk(tree, func(file string) error {
		if path.Ext(file) != ".go" {
			return nil
		}
		imports, err := importsOf(tree, file)
		if err != nil {
			return err
		}
		broken = append(broken, judge(file, imports)...)
		return nil
	})
	return broken, err
}

// walk visits the files that the go command would look at.
func walk(tree fs.FS, visit func(file string) error) error {
	return fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return visit(file)
		}
		name := d.Name()
		if name == "testdata" || name == "node_modules" || name != "." && strings.ContainsAny(name[:1], "._") {
			return fs.SkipDir
		}
		return nil
	})
}

func importsOf(tree fs.FS, file string) ([]string, error) {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	imports := make([]string, len(parsed.Imports))
	for i, spec := range parsed.Imports {
		if imports[i], err = strconv.Unquote(spec.Path.Value); err != nil {
			return nil, err
		}
	}
	return imports, nil
}

func judge(file string, imports []string) (broken []string) {
	dir := path.Dir(file)
	owner, found := ownerOf(dir)
	if !found {
		return []string{fmt.Sprintf("%s: no rule says what %s may import", file, dir)}
	}
	test := strings.HasSuffix(file, "_test.go")
	for _, imported := range imports {
		switch homes := homesOf(imported); {
		case standard(imported):
		case homes != nil && !within(dir, homes...):
			broken = append(broken, fmt.Sprintf("%s: %s belongs to %s alone", file, imported, strings.Join(homes, ", ")))
		case !allowed(imported, owner, test):
			broken = append(broken, fmt.Sprintf("%s: %s may not import %s", file, owner, imported))
		}
	}
	return broken
}

// ownerOf returns the longest directory with a rule that dir is in.
func ownerOf(dir string) (owner string, found bool) {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, found := rules[dir]; found {
			return dir, true
		}
	}
	return "", false
}

func homesOf(imported string) []string {
	for library, homes := range homes {
		if within(imported, library) {
			return homes
		}
	}
	return nil
}

func allowed(imported, owner string, test bool) bool {
	r := rules[owner]
	return r.anything ||
		within(imported, r.imports...) ||
		within(imported, module+"/"+owner) ||
		test && within(imported, forTests...)
}

// within reports whether name is one of the paths or below one.
func within(name string, paths ...string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return name == p || strings.HasPrefix(name, p+"/")
	})
}

// standard reports whether an import path is of the standard library, which alone has no dot in its first element.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}
