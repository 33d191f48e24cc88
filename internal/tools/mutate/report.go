package main

import (
	"fmt"
	"io"
	"slices"
)

// result is what became of the mutants of a package.
type result struct {
	dir       string
	mutants   int
	timeouts  int
	argued    int
	survivors []survivor // those not argued for
	stale     []string   // what is argued and need not be
	failing   []string   // tests that were left out since they fail without a mutant
}

type survivor struct {
	mutant
	reached bool
}

func (r *result) killed() int { return r.mutants - r.argued - len(r.survivors) }

// note enters a mutant that no test noticed.
func (r *result) note(s survivor, argued arguments) {
	if argued[s.key] != "" {
		r.argued++
	} else {
		r.survivors = append(r.survivors, s)
	}
}

// check finds arguments about mutants that were killed, or are none.
func (r *result) check(argued arguments, survived map[string]bool) {
	for key := range argued {
		if !survived[key] {
			r.stale = append(r.stale, key)
		}
	}
	slices.Sort(r.stale)
}

// good reports whether enough of a hundred mutants were killed, and nothing else is wrong.
func (r *result) good(want float64) bool {
	return percent(r.killed(), r.mutants) >= want && len(r.stale)+len(r.failing) == 0
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// list names the survivors of a package.
func (r *result) list(out io.Writer) {
	for _, s := range r.survivors {
		how := ""
		if !s.reached {
			how = " (no test reaches it)"
		}
		fmt.Fprintf(out, "%s:%d: survived%s: %s\n\t%s\n", s.file, s.line, how, s.key, s.code)
	}
	for _, key := range r.stale {
		fmt.Fprintf(out, "argued, but killed or gone: %s\n", key)
	}
	for _, name := range r.failing {
		fmt.Fprintf(out, "%s: fails without a mutant and was left out: %s\n", r.dir, name)
	}
}

// table prints the score of each package. What is argued does not count as killed, except in the last column.
func table(out io.Writer, all []*result) {
	fmt.Fprintln(out, "| package | mutants | killed | of these by the time limit | argued | open | score | with arguments |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	for _, r := range all {
		fmt.Fprintf(out, "| `%s` | %d | %d | %d | %d | %d | %.1f %% | %.1f %% |\n", r.dir, r.mutants, r.killed(), r.timeouts, r.argued,
			len(r.survivors), percent(r.killed(), r.mutants), percent(r.killed()+r.argued, r.mutants))
	}
}
