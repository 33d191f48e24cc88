package surface

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
)

// listed is the part of go list's answer that loading needs.
type listed struct {
	ImportPath, Name, Export string
	DepOnly                  bool
}

// Load type-checks the library packages that the patterns match, as the go command understands them in dir, and
// returns them in go list's order. Commands and packages of nothing but tests have no API and are left out. It compiles
// what is not in the build cache yet.
func Load(dir string, patterns ...string) ([]*types.Package, error) {
	all, err := list(dir, patterns)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string, len(all))
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var packages []*types.Package
	for _, p := range all {
		if p.DepOnly || p.Name == "main" || p.Export == "" {
			continue
		}
		pkg, err := imports.Import(p.ImportPath)
		if err != nil {
			return nil, fmt.Errorf("read export data of %s: %w", p.ImportPath, err)
		}
		packages = append(packages, pkg)
	}
	return packages, nil
}

func list(dir string, patterns []string) ([]listed, error) {
	var stderr strings.Builder
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Name,Export,DepOnly", "--"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}
