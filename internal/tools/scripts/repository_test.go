// Package scripts_test runs the programs in scripts on repositories made for the purpose.
package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// newRepository commits the files, with what replaces one of them, and a script.
func newRepository(t *testing.T, script string, files map[string]string, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	for file, contents := range files {
		if file == name {
			contents = text
		}
		write(t, filepath.Join(dir, file), contents, 0o644)
	}
	program, err := os.ReadFile("../../../scripts/" + script)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "scripts", script), string(program), 0o755)
	git(t, dir, "init", "-q")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "all")
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// environment is that of somebody with a name, and without settings.
func environment() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GOFLAGS=-mod=mod", "GOWORK=")
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// run runs a script of the repository in dir and returns what it printed and its exit status.
func run(t *testing.T, dir, script string, args ...string) (output string, status int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "scripts", script), args...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}
