package harness

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what was observed to docs/interop.md instead of comparing it")

// Document compares what a test has observed with a section of docs/interop.md, which is between two comments with its name.
// With the flag -update it writes the section.
func Document(t testing.TB, section, observed string) {
	t.Helper()
	module, err := moduleDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(module, "..", "..", "docs", "interop.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := fmt.Sprintf("<!-- begin %s, by make interop-docs -->\n", section), fmt.Sprintf("<!-- end %s -->\n", section)
	before, rest, found := strings.Cut(string(text), begin)
	documented, after, ended := strings.Cut(rest, end)
	switch {
	case !found || !ended:
		t.Fatalf("docs/interop.md has no section between %q and %q", begin, end)
	case documented == observed:
	case !*update:
		t.Errorf("docs/interop.md differs from what was observed; run make interop-docs and look at the difference.\n"+
			"documented:\n%s\nobserved:\n%s", documented, observed)
	default:
		if err := os.WriteFile(file, []byte(before+begin+observed+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
