package scripts_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// compared are the files of a repository whose next version is v0.2.1.
var compared = map[string]string{
	"go.mod":          "module github.com/bearergate/bearergate\n\ngo 1.26.0\n",
	"go.work":         "go 1.26.0\n\nuse (\n\t.\n\t./adapters/a\n\t./examples\n)\n",
	"kit/kit.go":      "package kit\n\nfunc Require(scope string) {}\n",
	"internal/i/i.go": "package i\n\nfunc Hidden() {}\n",
	"adapters/a/go.mod": "module github.com/bearergate/bearergate/adapters/a\n\ngo 1.26.0\n\n" +
		"require github.com/bearergate/bearergate v0.2.1\n\nreplace github.com/bearergate/bearergate => ../..\n",
	"adapters/a/a.go": "package a\n\nimport _ \"github.com/bearergate/bearergate/kit\"\n\nfunc Adapt() {}\n",
	"examples/go.mod": "module github.com/bearergate/bearergate/examples\n\ngo 1.26.0\n",
	"examples/e.go":   "package examples\n\nfunc Example() {}\n",
	"Makefile":        "api:\n\t@echo compared with api/\n",
}

func TestAPIGate(t *testing.T) {
	t.Parallel()
	const (
		kit  = "kit/kit.go"
		more = "package kit\n\nfunc Require(scope string) {}\n\nfunc Enforce() {}\n"
		less = "package kit\n"
	)
	raised := strings.ReplaceAll(compared["adapters/a/go.mod"], "v0.2.1", "v0.3.0")
	for _, tt := range []struct {
		name    string
		changed map[string]string
		status  int
		want    string
	}{
		{"more", map[string]string{kit: more}, 0, "compatible with v0.2.0\n"},
		{"less", map[string]string{kit: less}, 1, "./kit.Require: removed"},
		{"less of an adapter", map[string]string{"adapters/a/a.go": "package a\n"}, 1, "adapters/a:\n- Adapt: removed"},
		{"less, in a version that may", map[string]string{kit: less, "adapters/a/go.mod": raised}, 0, "which v0.3.0 may be"},
		{
			"less for nobody else", map[string]string{"internal/i/i.go": "package i\n", "examples/e.go": "package examples\n"}, 0,
			"compatible with v0.2.0\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := newRepository(t, "api-gate", compared, "", "")
			git(t, dir, "tag", "v0.2.0")
			git(t, dir, "tag", "adapters/a/v0.2.0")
			for name, text := range tt.changed {
				write(t, filepath.Join(dir, name), text, 0o644)
			}
			if out, status := run(t, dir, "api-gate"); status != tt.status || !strings.Contains(out, tt.want) {
				t.Errorf("%d, want %d and %q\n%s", status, tt.status, tt.want, out)
			}
		})
	}
}

func TestAPIGateWithoutRelease(t *testing.T) {
	t.Parallel()
	dir := newRepository(t, "api-gate", compared, "", "")
	out, status := run(t, dir, "api-gate")
	if status != 0 || !strings.Contains(out, "no release yet") || !strings.HasSuffix(out, "compared with api/\n") {
		t.Errorf("%d\n%s", status, out)
	}
}
