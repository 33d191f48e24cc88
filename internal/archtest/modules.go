package archtest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
)

// maxDirect bounds the direct requirements of the root module: every one of them is a requirement of every user.
const maxDirect = 4

// Mod is the part of a go.mod file that the rules are about, as go mod edit -json prints it.
type Mod struct {
	Require []struct {
		Path, Version string
		Indirect      bool
	}
	Replace []struct {
		Old, New struct{ Path string }
	}
}

// ReadMods returns the go.mod files of the tree below root by their directory, "." being the root module's.
func ReadMods(root string, tree fs.FS) (map[string]Mod, error) {
	mods := make(map[string]Mod)
	err := walk(tree, func(file string) error {
		if path.Base(file) != "go.mod" {
			return nil
		}
		var mod Mod
		err := goJSON(&mod, "mod", "edit", "-json", filepath.Join(root, file))
		mods[path.Dir(file)] = mod
		return err
	})
	return mods, err
}

// ReadWork returns the directories that the go.work file in root uses, relative to it.
func ReadWork(root string) ([]string, error) {
	var work struct {
		Use []struct{ DiskPath string }
	}
	err := goJSON(&work, "work", "edit", "-json", filepath.Join(root, "go.work"))
	dirs := make([]string, len(work.Use))
	for i, use := range work.Use {
		dirs[i] = path.Clean(use.DiskPath)
	}
	return dirs, err
}

func goJSON(into any, args ...string) error {
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return json.Unmarshal(out, into)
}

// Modules returns a sentence for each way in which the modules do not fit together. A module that go.work does not name
// is one that no test run sees. A nested module requires the version about to be released and replaces it with the tree
// it stands in, so that one commit can carry every tag of a release.
func Modules(mods map[string]Mod, work []string) (broken []string) {
	for dir := range mods {
		if !slices.Contains(work, dir) {
			broken = append(broken, fmt.Sprintf("%s: not in go.work", dir))
		}
	}
	for _, dir := range work {
		if _, found := mods[dir]; !found {
			broken = append(broken, fmt.Sprintf("%s: in go.work, but not a module of this tree", dir))
		}
	}
	if direct := mods["."].direct(); len(direct) > maxDirect {
		broken = append(broken, fmt.Sprintf("go.mod: %d direct requirements, at most %d: %v", len(direct), maxDirect, direct))
	}
	broken = append(broken, nested(mods)...)
	slices.Sort(broken)
	return broken
}

func (m Mod) direct() (paths []string) {
	for _, r := range m.Require {
		if !r.Indirect {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

func nested(mods map[string]Mod) (broken []string) {
	versions := make(map[string]bool)
	for dir, mod := range mods {
		for _, r := range mod.Require {
			if !within(r.Path, module) {
				continue
			}
			versions[r.Version] = true
			if !mod.replaces(r.Path, dir) {
				broken = append(broken, fmt.Sprintf("%s: no local replace of %s", dir, r.Path))
			}
		}
	}
	if len(versions) > 1 {
		broken = append(broken, fmt.Sprintf("modules disagree on the version of this repository: %v",
			slices.Sorted(maps.Keys(versions))))
	}
	return broken
}

// replaces reports whether m, in dir, takes the required module from its place in this tree.
func (m Mod) replaces(required, dir string) bool {
	place := "." + required[len(module):]
	for _, r := range m.Replace {
		if r.Old.Path == required && path.Join(dir, r.New.Path) == path.Clean(place) {
			return true
		}
	}
	return false
}
