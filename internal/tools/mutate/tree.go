package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// copyTree copies what git knows of, and what it would add, so that the mutants are never in the repository.
func copyTree(from, to string) error {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = from
	names, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue // removed, not committed yet
		}
		if err != nil {
			return err
		}
		if err := write(to, name, content); err != nil {
			return err
		}
	}
	return nil
}

func write(root, name string, content []byte) error {
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o755)
}

// exchange writes files into a tree and returns a function that puts back what was there.
func exchange(root string, files map[string][]byte) (restore func() error, err error) {
	before := map[string][]byte{}
	for name, content := range files {
		old, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			before[name] = old
		}
		if err := write(root, name, content); err != nil {
			return nil, err
		}
	}
	return func() error {
		for name := range files {
			if old, ok := before[name]; ok {
				if err := write(root, name, old); err != nil {
					return err
				}
			} else if err := os.Remove(filepath.Join(root, name)); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
