package scripts_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// releasable are the files of a repository that can be released as v0.3.0.
var releasable = map[string]string{
	"go.mod":  "module github.com/bearergate/bearergate\n\ngo 1.26.0\n",
	"go.work": "go 1.26.0\n\nuse (\n\t.\n\t./adapters/a\n\t./examples\n\t./internal/interop\n)\n",
	"adapters/a/go.mod": "module github.com/bearergate/bearergate/adapters/a\n\ngo 1.26.0\n\n" +
		"require github.com/bearergate/bearergate v0.3.0\n\nreplace github.com/bearergate/bearergate => ../..\n",
	"examples/go.mod": "module github.com/bearergate/bearergate/examples\n\ngo 1.26.0\n\n" +
		"require (\n\tgithub.com/bearergate/bearergate v0.3.0\n\tgithub.com/bearergate/bearergate/adapters/a v0.3.0\n" +
		"\texample.com/other v1.0.0\n)\n",
	"internal/interop/go.mod": "module github.com/bearergate/bearergate/internal/interop\n\ngo 1.26.0\n",
	"CHANGELOG.md":            "# Changelog\n\n## [Unreleased]\n\n## [0.3.0] - 2026-11-27\n\n### Added\n\n- Something.\n",
	"Makefile":                "api:\n\t@true\napi-gate:\n\t@true\n",
}

func TestRelease(t *testing.T) {
	t.Parallel()
	dir := newRepository(t, "release", releasable, "", "")
	out, status := run(t, dir, "release", "v0.3.0")
	if status != 0 || !strings.Contains(out, "would make the tag adapters/a/v0.3.0\n") || git(t, dir, "tag") != "" {
		t.Fatalf("without -tag: %d, tags %q\n%s", status, git(t, dir, "tag"), out)
	}
	out, status = run(t, dir, "release", "-tag", "v0.3.0")
	got := strings.Fields(git(t, dir, "tag"))
	if want := []string{"adapters/a/v0.3.0", "v0.3.0"}; status != 0 || !slices.Equal(got, want) {
		t.Fatalf("with -tag: %d, tags %q, want %q\n%s", status, got, want, out)
	}
	if want := "git push --atomic origin v0.3.0 adapters/a/v0.3.0\n"; !strings.HasSuffix(out, want) {
		t.Errorf("the last line is not %q:\n%s", want, out)
	}
	out, status = run(t, dir, "release", "-tag", "v0.3.0")
	if status != 1 || !strings.Contains(out, "the tag adapters/a/v0.3.0 exists") {
		t.Errorf("a second time: %d\n%s", status, out)
	}
}

func TestReleaseRefuses(t *testing.T) {
	t.Parallel()
	const changes = "# Changelog\n\n## [Unreleased]\n"
	for _, tt := range []struct {
		name, file, text string
		version          string
		want             string
	}{
		{"no section", "CHANGELOG.md", changes + "\n- Something.\n", "v0.3.0", "there is no heading"},
		{"other version", "CHANGELOG.md", changes + "\n## [0.30.0] - 2026-11-27\n\n- A.\n", "v0.3.0", "there is no heading"},
		{"no date", "CHANGELOG.md", changes + "\n## [0.3.0]\n\n- Something.\n", "v0.3.0", "there is no heading"},
		{"empty section", "CHANGELOG.md", changes + "\n## [0.3.0] - 2026-11-27\n", "v0.3.0", "0.3.0 is empty"},
		{
			"forgotten entries", "CHANGELOG.md",
			changes + "\n- Else.\n\n## [0.3.0] - 2026-11-27\n\n- A.\n", "v0.3.0", "left in [Unreleased]",
		},
		{"older requirement", "adapters/a/go.mod", strings.ReplaceAll(releasable["adapters/a/go.mod"], "v0.3.0", "v0.2.0"), "v0.3.0",
			"adapters/a/go.mod requires github.com/bearergate/bearergate v0.2.0"},
		{"one of two requirements", "examples/go.mod", strings.Replace(releasable["examples/go.mod"], "a v0.3.0", "a v0.2.0", 1), "v0.3.0",
			"examples/go.mod requires github.com/bearergate/bearergate/adapters/a v0.2.0"},
		{"API not recorded", "Makefile", "api:\n\t@echo changed; false\napi-gate:\n", "v0.3.0", "FAIL  api/ is up to date"},
		{"incompatible", "Makefile", "api:\napi-gate:\n\t@false\n", "v0.3.0", "FAIL  the API is compatible"},
		{"major version", "", "", "v2.0.0", "would have to end in /v2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := newRepository(t, "release", releasable, tt.file, tt.text)
			out, status := run(t, dir, "release", "-tag", tt.version)
			if status != 1 || !strings.Contains(out, tt.want) || git(t, dir, "tag") != "" {
				t.Errorf("%d, tags %q, want 1 and %q\n%s", status, git(t, dir, "tag"), tt.want, out)
			}
		})
	}
}

func TestReleaseRefusesUncommittedChanges(t *testing.T) {
	t.Parallel()
	dir := newRepository(t, "release", releasable, "", "")
	write(t, filepath.Join(dir, "new.go"), "package a\n", 0o644)
	if out, status := run(t, dir, "release", "-tag", "v0.3.0"); status != 1 || !strings.Contains(out, "FAIL  the tree is clean") {
		t.Errorf("%d\n%s", status, out)
	}
}

func TestReleaseUsage(t *testing.T) {
	t.Parallel()
	dir := newRepository(t, "release", releasable, "", "")
	for _, args := range [][]string{{}, {"0.3.0"}, {"v0.3"}, {"v0.3.0", "v0.4.0"}, {"-push", "v0.3.0"}, {"v0.3.0; true"}} {
		if out, status := run(t, dir, "release", args...); status != 2 || !strings.HasPrefix(out, "usage: ") {
			t.Errorf("%q: %d\n%s", args, status, out)
		}
	}
}
