// Command mutate breaks the source of packages, a line at a time, and lists what no test notices. Run it in the repository's
// root, with the directories of packages, or with none for all that plan.go names.
//
// All mutants of a package are compiled at once: each is a branch that is taken if an environment variable has its number.
// So a test binary is built once, and not once for each of some hundred mutants. A first run of every test tells which
// mutants it reaches, and only these tests are run with a mutant. A crash and a run over the time limit count as noticed.
//
// A mutant that survives is a missing test, or dead code, or makes no difference. The file of arguments says why some make
// none. They are counted apart, and an argument about a mutant that is killed, or gone, is an error. The program fails if
// less than the wanted share of the mutants of a package is killed.
//
// The operators are in operators.go and expressions.go, what is left out in skip.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

func main() {
	o := options{also: also}
	flag.StringVar(&o.argued, "argued", "internal/tools/mutate/argued.txt", "the file of arguments")
	flag.IntVar(&o.workers, "workers", 2, "how many tests run at a time")
	want := flag.Float64("want", 90, "how many of a hundred mutants of a package must be killed")
	own := flag.Bool("own", false, "only run the tests of the package itself")
	match := flag.String("match", "", "a pattern of the mutants to try, as they are listed; the others are left out")
	flag.Parse()
	if *own {
		o.also = func(string) []string { return nil }
	}
	o.dirs = flag.Args()
	if len(o.dirs) == 0 {
		o.dirs = planned()
	}
	all, err := o.run(*match, os.Stdout)
	for _, r := range all {
		if !r.good(*want) {
			err = errors.Join(err, fmt.Errorf("%s is not as it should be", r.dir))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	dirs    []string
	argued  string
	workers int
	match   *regexp.Regexp
	also    func(dir string) []string
}

// run mutates the packages, one after the other, and prints what became of their mutants.
func (o *options) run(match string, out io.Writer) (all []*result, err error) {
	if o.match, err = regexp.Compile(match); err != nil {
		return nil, err
	}
	argued, err := readArguments(o.argued)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	root := filepath.Join(scratch, "tree")
	if err := copyTree(".", root); err != nil {
		return nil, err
	}
	for _, dir := range o.dirs {
		dir = filepath.ToSlash(filepath.Clean(dir))
		r, err := o.mutate(root, scratch, dir, argued.below(dir))
		if err != nil {
			return all, fmt.Errorf("%s: %w", dir, err)
		}
		r.list(out)
		all = append(all, r)
	}
	table(out, all)
	return all, nil
}

// mutate tries the mutants of one package.
func (o *options) mutate(root, scratch, dir string, argued arguments) (*result, error) {
	s, err := mutate(root, dir)
	if err != nil {
		return nil, err
	}
	restore, err := exchange(root, s.files)
	if err != nil {
		return nil, err
	}
	r := &result{dir: dir}
	var left []survivor
	for _, m := range s.mutants {
		if o.match.MatchString(m.key) {
			left = append(left, survivor{mutant: m})
		}
	}
	r.mutants = len(left)
	for _, tests := range append([]string{dir}, o.also(dir)...) {
		if len(left) == 0 {
			break
		}
		if left, err = o.stage(r, root, scratch, tests, left); err != nil {
			return nil, err
		}
	}
	survived := map[string]bool{}
	for _, m := range left {
		r.note(m, argued)
		survived[m.key] = true
	}
	for key := range argued {
		if !o.match.MatchString(key) {
			delete(argued, key)
		}
	}
	r.check(argued, survived)
	return r, restore()
}

// stage holds mutants against the tests of one package and returns those that are left.
func (o *options) stage(r *result, root, scratch, tests string, mutants []survivor) (left []survivor, err error) {
	suite, err := build(root, tests, scratch)
	if err != nil {
		return nil, err
	}
	failing, err := suite.record(o.workers)
	if err != nil {
		return nil, err
	}
	for _, name := range failing {
		r.failing = append(r.failing, tests+" "+name)
	}
	outcomes := make([]outcome, len(mutants))
	err = each(o.workers, len(mutants), func(i int) error {
		reached := false
		outcomes[i], reached = suite.judge(mutants[i].id)
		mutants[i].reached = mutants[i].reached || reached
		return nil
	})
	for i, m := range mutants {
		switch outcomes[i] {
		case passed:
			left = append(left, m)
		case tooSlow:
			r.timeouts++
		}
	}
	fmt.Fprintf(os.Stderr, "%s: the tests of %s killed %d, %d are left\n", r.dir, tests, len(mutants)-len(left), len(left))
	return left, err
}
