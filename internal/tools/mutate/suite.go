package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// suite is the compiled tests of one package, built with the mutants.
type suite struct {
	dir     string // where they run
	binary  string
	scratch string
	tests   []testCase // the cheapest first

	mu       sync.Mutex
	controls map[string]*control
}

// testCase is a top-level test or example.
type testCase struct {
	name    string
	took    time.Duration
	reaches map[int]bool
}

// control is a run of a selection without a mutant.
type control struct {
	once sync.Once
	pass bool
}

// skipped are tests whose outcome the switches themselves change: they count allocations.
const skipped = "Alloc"

// build compiles the tests of the package in dir.
func build(root, dir, scratch string) (*suite, error) {
	s := &suite{dir: filepath.Join(root, dir), scratch: scratch, controls: map[string]*control{}}
	s.binary = filepath.Join(scratch, strings.ReplaceAll(dir, "/", "_")+".test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-o", s.binary, "./"+dir)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, text)
	}
	return s, nil
}

// record runs each test by itself to learn which mutants it reaches. A test that fails is left out, and named.
func (s *suite) record(workers int) (failing []string, err error) {
	list := exec.Command(s.binary, "-test.list", "^(Test|Example)")
	list.Dir = s.dir
	text, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", list, err)
	}
	names := slices.DeleteFunc(strings.Fields(string(text)), func(name string) bool { return strings.Contains(name, skipped) })
	found := make([]*testCase, len(names))
	err = each(workers, len(names), func(i int) (err error) {
		found[i], err = s.observe(names[i])
		return err
	})
	for i, t := range found {
		if t == nil {
			failing = append(failing, names[i])
		} else {
			s.tests = append(s.tests, *t)
		}
	}
	slices.SortStableFunc(s.tests, func(a, b testCase) int { return cmp.Compare(a.took, b.took) })
	return failing, err
}

func (s *suite) observe(name string) (*testCase, error) {
	file := filepath.Join(s.scratch, filepath.Base(s.dir)+"."+name)
	start := time.Now()
	if r := s.run([]string{name}, 3*time.Minute, "MUTANT_RECORD="+file); r != passed {
		return nil, nil
	}
	t := &testCase{name: name, took: time.Since(start), reaches: map[int]bool{}}
	reached, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	} else if err != nil {
		return nil, err
	}
	for line := range strings.FieldsSeq(string(reached)) {
		id, err := strconv.Atoi(line)
		if err != nil {
			return nil, err
		}
		t.reaches[id] = true
	}
	return t, os.Remove(file)
}

type outcome int

const (
	passed outcome = iota
	failed
	tooSlow
)

// run runs some tests in a process of their own.
func (s *suite) run(names []string, limit time.Duration, env string) outcome {
	// The process ends itself at the limit. If it cannot even do that, it is ended.
	ctx, cancel := context.WithTimeout(context.Background(), limit+5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, "-test.failfast", "-test.timeout", limit.String(), "-test.skip", skipped,
		"-test.run", "^("+strings.Join(names, "|")+")$")
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), env)
	cmd.WaitDelay = time.Second
	text, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return passed
	case ctx.Err() != nil || strings.Contains(string(text), "panic: test timed out"):
		return tooSlow
	}
	return failed
}

// batches divide the tests that reach a mutant, so that most mutants are met by a short run.
var batches = []time.Duration{500 * time.Millisecond, 5 * time.Second, time.Hour}

// judge runs the tests that reach a mutant, until one fails, and reports whether any reaches it.
func (s *suite) judge(id int) (o outcome, reached bool) {
	var reaching []testCase
	for _, t := range s.tests {
		if t.reaches[id] {
			reaching = append(reaching, t)
		}
	}
	reached = len(reaching) > 0
	for _, bound := range batches {
		var names []string
		var sum time.Duration
		for len(reaching) > 0 && (len(names) == 0 || sum+reaching[0].took <= bound) {
			names = append(names, reaching[0].name)
			sum += reaching[0].took
			reaching = reaching[1:]
		}
		if len(names) == 0 {
			break
		}
		if o := s.try(id, names, 5*time.Second+5*sum); o != passed {
			return o, true
		}
	}
	return passed, reached
}

// try runs a selection with a mutant. A failure counts if the selection passes without the mutant, and that of a long one,
// which may be about the load of the machine, if it fails again.
func (s *suite) try(id int, names []string, limit time.Duration) outcome {
	env := "MUTANT=" + strconv.Itoa(id)
	o := s.run(names, limit, env)
	if o == failed && limit > 10*time.Second {
		o = s.run(names, limit, env)
	}
	if o != passed && !s.passes(names, limit) {
		return passed
	}
	return o
}

// passes reports whether a selection passes without a mutant, which is found out once.
func (s *suite) passes(names []string, limit time.Duration) bool {
	key := strings.Join(names, "|")
	s.mu.Lock()
	c := s.controls[key]
	if c == nil {
		c = new(control)
		s.controls[key] = c
	}
	s.mu.Unlock()
	c.once.Do(func() { c.pass = s.run(names, limit, "MUTANT=0") == passed })
	return c.pass
}

// each calls f for 0 to n-1, some at a time.
func each(workers, n int, f func(int) error) error {
	next := make(chan int)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range next {
				errs[w] = errors.Join(errs[w], f(i))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}
