// Command api keeps the exported API of every public package in api/, one file for each package, so that a change of
// the API is a change somebody reads. It compares by default, and writes with -update. Run it in the repository's root.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/tools/surface"
)

const (
	module = "github.com/bearergate/bearergate/"
	golden = "api"
)

func main() {
	update := flag.Bool("update", false, "write the files instead of comparing them")
	flag.Parse()
	run := compare
	if *update {
		run = write
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

// current returns the file of every public package of the workspace and the lines that belong into it.
func current() (map[string][]string, error) {
	packages, err := surface.Load(".", "work")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]string)
	for _, p := range packages {
		name := strings.TrimPrefix(p.Path(), module)
		if public(name) {
			files[name+".txt"] = surface.Lines(p)
		}
	}
	return files, nil
}

func public(name string) bool {
	elements := strings.Split(name, "/")
	return elements[0] != "examples" && !slices.Contains(elements, "internal")
}

// recorded returns the files as they stand.
func recorded() (map[string][]string, error) {
	files := make(map[string][]string)
	err := filepath.WalkDir(golden, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(golden, path)
		files[filepath.ToSlash(name)] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		return err
	})
	return files, err
}

func write() error {
	files, err := current()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(golden); err != nil {
		return err
	}
	for name, lines := range files {
		path := filepath.Join(golden, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare() error {
	now, err := current()
	if err != nil {
		return err
	}
	then, err := recorded()
	if err != nil {
		return err
	}
	names := slices.Concat(slices.Collect(maps.Keys(now)), slices.Collect(maps.Keys(then)))
	slices.Sort(names)
	changed := false
	for _, name := range slices.Compact(names) {
		if report := difference(then[name], now[name]); report != "" {
			changed = true
			fmt.Printf("%s/%s\n%s", golden, name, report)
		}
	}
	if changed {
		return fmt.Errorf("the exported API changed; if that is meant, run make api-update and say it in CHANGELOG.md")
	}
	return nil
}

// difference compares two sorted lists as sets: each line stands for itself.
func difference(then, now []string) string {
	var b strings.Builder
	for _, line := range then {
		if _, kept := slices.BinarySearch(now, line); !kept {
			fmt.Fprintf(&b, "\t- %s\n", line)
		}
	}
	for _, line := range now {
		if _, known := slices.BinarySearch(then, line); !known {
			fmt.Fprintf(&b, "\t+ %s\n", line)
		}
	}
	return b.String()
}
