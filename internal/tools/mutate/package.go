package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is one change of the source.
type mutant struct {
	id   int
	file string // relative to the root
	line int
	key  string // file, function, operator and source text, the same when other lines change
	code string // the source line
}

// source is a package as it can be mutated.
type source struct {
	mutants []mutant
	files   map[string][]byte // the mutated ones, and the switch, by path below the root
}

// mutate reads the package in a directory below root and plants all of its mutants.
func mutate(root, dir string) (*source, error) {
	listed, err := list(root, dir)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}
	var files []*ast.File
	contents := map[*ast.File][]byte{}
	for _, name := range listed.target.GoFiles {
		content, err := os.ReadFile(filepath.Join(root, dir, name))
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, filepath.ToSlash(filepath.Join(dir, name)), content, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		contents[file] = content
	}
	pkg, err := (&types.Config{Importer: listed.importer(fset)}).Check(listed.target.ImportPath, fset, files, info)
	if err != nil {
		return nil, err
	}
	s := &source{files: map[string][]byte{}}
	for _, file := range files {
		v := &visitor{info: info, pkg: pkg, fset: fset, file: file, edits: edits{source: contents[file]}}
		v.plant = func(at ast.Node, operator string) int { return s.plant(v, at, operator) }
		v.visitFile()
		s.files[fset.Position(file.Pos()).Filename] = v.edits.apply()
	}
	s.files[filepath.ToSlash(filepath.Join(dir, "mutant_switch.go"))] = fmt.Appendf(nil, "package %s\n%s\nconst mutantCount = %d\n",
		pkg.Name(), switchFile, len(s.mutants))
	s.number()
	return s, nil
}

// plant notes a mutant and returns its number.
func (s *source) plant(v *visitor, at ast.Node, operator string) int {
	position := v.fset.Position(at.Pos())
	text := strings.Join(strings.Fields(v.source(at)), " ")
	line, _, _ := bytes.Cut(v.edits.source[bytes.LastIndexByte(v.edits.source[:position.Offset], '\n')+1:], []byte("\n"))
	s.mutants = append(s.mutants, mutant{
		id: len(s.mutants) + 1, file: position.Filename, line: position.Line,
		key:  fmt.Sprintf("%s %s [%s] %s", position.Filename, v.function, operator, text),
		code: strings.TrimSpace(string(line)),
	})
	return len(s.mutants)
}

// number tells apart mutants of the same text in one function.
func (s *source) number() {
	seen := map[string]int{}
	for i := range s.mutants {
		m := &s.mutants[i]
		seen[m.key]++
		if n := seen[m.key]; n > 1 {
			m.key = fmt.Sprintf("%s (%d)", m.key, n)
		}
	}
}

// listing is what the go command knows of a package and of what it imports.
type listing struct {
	target  listed
	exports map[string]string
}

type listed struct {
	ImportPath, Export string
	GoFiles            []string
	DepOnly            bool
}

func list(root, dir string) (*listing, error) {
	var stderr strings.Builder
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles,DepOnly", "./"+filepath.ToSlash(dir))
	cmd.Dir, cmd.Stderr = root, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	l := &listing{exports: map[string]string{}}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return l, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		l.exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			l.target = p
		}
	}
}

func (l *listing) importer(fset *token.FileSet) types.Importer {
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(l.exports[path]) })
}
