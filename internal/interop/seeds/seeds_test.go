package seeds_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// observed is what happened in a flow with one kind of tokens, by adapter.
type observed map[string][]string

func TestFlows(t *testing.T) {
	s := startSettings(t)
	outcomes := map[kind]map[string]observed{}
	for _, k := range kinds {
		outcomes[k] = map[string]observed{}
	}
	t.Run("kinds", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(string(k), func(t *testing.T) {
				t.Parallel()
				s.run(t, k, outcomes[k])
			})
		}
	})
	if !t.Failed() {
		t.Run("documented", func(t *testing.T) { harness.Document(t, "seed flows", table(outcomes)) })
	}
}

// run has the clients go through all flows with one kind of tokens, and compares what they say with what should happen.
func (s *settings) run(t *testing.T, k kind, outcomes map[string]observed) {
	wanted := flowsWith(k)
	var functions []string
	for _, f := range wanted {
		functions = append(functions, f.function)
	}
	harness.RunPython(t, "seeds/client", s.world(k, functions), &outcomes)
	for _, f := range wanted {
		for _, adapter := range harness.Adapters {
			t.Run(f.function+"/"+adapter, func(t *testing.T) {
				if got := outcomes[f.function][adapter]; !slices.Equal(got, f.want) {
					t.Errorf("observed\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(f.want, "\n\t"))
				}
			})
		}
	}
}

func flowsWith(k kind) []flow {
	return slices.DeleteFunc(slices.Clone(flows), func(f flow) bool { return !slices.Contains(f.kinds, k) })
}

// table is what docs/interop.md says of the flows: what the clients do in each, and which statuses they get for it.
func table(outcomes map[kind]map[string]observed) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| flow | client | tokens | steps | %s |\n", strings.Join(harness.Adapters, " | "))
	fmt.Fprintf(&b, "|---|---|---|---|%s\n", strings.Repeat("---|", len(harness.Adapters)))
	for _, f := range flows {
		var tokens []string
		for _, k := range f.kinds {
			tokens = append(tokens, string(k))
		}
		what, _ := split(f.want)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |", f.name, f.client(), strings.Join(tokens, "; "), strings.Join(what, "; "))
		for _, adapter := range harness.Adapters {
			// Every kind has been compared with what is wanted.
			_, statuses := split(outcomes[f.kinds[0]][f.function][adapter])
			fmt.Fprintf(&b, " %s |", strings.Join(statuses, " "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// split tells what was done from the statuses that were the answer to it.
func split(steps []string) (what, statuses []string) {
	for _, step := range steps {
		did, answer, answered := strings.Cut(step, ": ")
		what = append(what, did)
		if status, _, _ := strings.Cut(answer, " "); answered {
			statuses = append(statuses, status)
		}
	}
	return what, statuses
}
