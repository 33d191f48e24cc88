package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var files = []string{"benchmarks.json", "benchmarks.md", "benchmarks.svg"}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// What was measured can be drawn again without measuring, and comes out the same.
func TestRedraw(t *testing.T) {
	dir := t.TempDir()
	err := run(t.Context(), []string{
		"-only", "^(limit|new tokens)$", "-rounds", "1", "-time", "1ms", "-tokens", "4", "-out", dir,
		"-profile", filepath.Join(dir, "cpu.out"),
	})
	if err != nil {
		t.Fatal(err)
	}
	first := read(t, dir)
	for _, name := range files[1:] {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(t.Context(), []string{"-redraw", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	for name, text := range read(t, dir) {
		if text != first[name] {
			t.Errorf("%s was drawn differently", name)
		}
	}
	if !strings.Contains(first["benchmarks.md"], "## new tokens") || strings.Contains(first["benchmarks.md"], "## loopback") {
		t.Error("the document has not the sections that were measured")
	}
	if options := "with `-only=^(limit|new tokens)$` `-rounds=1` `-time=1ms` `-tokens=4`, and defaults"; !strings.Contains(
		first["benchmarks.md"], options) {
		t.Error("the document does not say with which options it was made")
	}
	if profile, err := os.Stat(filepath.Join(dir, "cpu.out")); err != nil || profile.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-only", "("}, {"-candidates", "("}, {"-redraw", "-out", t.TempDir()}, {"-rounds", "0"}, {"-tokens", "8", "-live", "4"},
	} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
}
