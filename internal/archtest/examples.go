package archtest

import (
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Examples returns a sentence for each package that users import and that has no example whose output is compared. The
// others are compiled, but nobody knows whether they do what they say.
func Examples(tree fs.FS) (missing []string, err error) {
	sources := make(map[string]bool) // whether a package has a checked example
	err = walk(tree, func(file string) error {
		dir := path.Dir(file)
		if path.Ext(file) != ".go" || !public(dir) {
			return nil
		}
		checked := false
		if strings.HasSuffix(file, "_test.go") {
			checked, err = hasCheckedExample(tree, file)
		}
		sources[dir] = sources[dir] || checked
		return err
	})
	for _, dir := range slices.Sorted(maps.Keys(sources)) {
		if !sources[dir] {
			missing = append(missing, fmt.Sprintf("%s: no example with an output", dir))
		}
	}
	return missing, err
}

// public reports whether the package in a directory is for users to import.
func public(dir string) bool {
	return !within(dir, "cmd", "examples") && !slices.Contains(strings.Split(dir, "/"), "internal")
}

func hasCheckedExample(tree fs.FS, file string) (bool, error) {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return false, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(doc.Examples(parsed), func(e *doc.Example) bool { return e.Output != "" }), nil
}
