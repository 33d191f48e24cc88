package adaptertest

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const goldenFile = "testdata/golden/refusals.json"

//go:embed testdata/golden/refusals.json
var goldenData []byte

// refusal is one answer and the cases that get it.
type refusal struct {
	Cases []string `json:"cases"`
	answer
}

// golden holds the answer to every refused case by name.
type golden map[string]answer

func loadGolden(t *testing.T) golden {
	t.Helper()
	var refusals []refusal
	if err := json.Unmarshal(goldenData, &refusals); err != nil {
		t.Fatalf("%s: %v", goldenFile, err)
	}
	g := golden{}
	for _, r := range refusals {
		for _, name := range r.Cases {
			g[name] = r.answer
		}
	}
	return g
}

// check compares a refusal with the golden one of its case, octet for octet.
func (g golden) check(t *testing.T, name string, got answer) {
	t.Helper()
	want, found := g[name]
	if !found {
		t.Errorf("%s has no case %q; to accept the answer run: go test ./internal/adaptertest -update", goldenFile, name)
		return
	}
	if !got.equal(want) {
		t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
	}
}

// collect is the opposite of check: it notes a refusal as the golden one.
func (g golden) collect(t *testing.T, name string, got answer) {
	t.Helper()
	if first, found := g[name]; found && !got.equal(first) {
		t.Errorf("%s is refused in two ways:\n%+v\n%+v", name, first, got)
	}
	g[name] = got
}

// encode lists each answer once, by status and first case.
func (g golden) encode() ([]byte, error) {
	var refusals []refusal
	for name, a := range g {
		i := slices.IndexFunc(refusals, func(r refusal) bool { return r.equal(a) })
		if i < 0 {
			i = len(refusals)
			refusals = append(refusals, refusal{answer: a})
		}
		refusals[i].Cases = append(refusals[i].Cases, name)
	}
	for _, r := range refusals {
		slices.Sort(r.Cases)
	}
	slices.SortFunc(refusals, func(a, b refusal) int {
		if a.Status != b.Status {
			return a.Status - b.Status
		}
		return strings.Compare(a.Cases[0], b.Cases[0])
	})
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(refusals)
	return []byte(out.String()), err
}
