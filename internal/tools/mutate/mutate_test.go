package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = "internal/tools/mutate/testdata/sample"

// survivors are the mutants of the sample that its tests do not notice; 17 more are killed.
var survivors = []string{
	"sample.go Both [without] b",
	"sample.go Log [omit] fmt.Sprint(n + 1)",
	"sample.go Log [omit] seen[n] = true",
	"sample.go Sum [<] n < 0",
	"sample.go Wait [add] d",
}

// try mutates the sample and returns the result, and what was printed about it.
func try(t *testing.T, match, argued string) (*result, string) {
	t.Helper()
	t.Chdir("../../..")
	file := filepath.Join(t.TempDir(), "argued.txt")
	if err := os.WriteFile(file, []byte(argued), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	o := options{dirs: []string{"./" + sample}, argued: file, workers: 2, also: func(string) []string { return nil }}
	results, err := o.run(match, &out)
	if err != nil {
		t.Fatal(err)
	}
	return results[0], out.String()
}

func TestSample(t *testing.T) {
	r, printed := try(t, "", "")
	var got []string
	for _, s := range r.survivors {
		got = append(got, strings.TrimPrefix(s.key, sample+"/"))
		if s.reached == strings.Contains(s.key, "Wait") {
			t.Errorf("reached: %t: %s", s.reached, s.key)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, survivors) {
		t.Errorf("survivors:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(survivors, "\n"))
	}
	if r.killed() != 17 || r.timeouts != 1 || !r.good(77) || r.good(78) {
		t.Errorf("%d killed, %d of them by time", r.killed(), r.timeouts)
	}
	for _, line := range []string{
		sample + "/sample.go:23: survived: " + sample + "/sample.go Both [without] b\n\tfunc Both(a, b bool) bool { return a && b }\n",
		"| `" + sample + "` | 22 | 17 | 1 | 0 | 5 | 77.3 % | 77.3 % |\n",
	} {
		if !strings.Contains(printed, line) {
			t.Errorf("not printed: %s\nbut:\n%s", line, printed)
		}
	}
}

// An argument does not make a mutant killed, and one that is not needed is an error.
func TestArguments(t *testing.T) {
	r, printed := try(t, "Both|Check", sample+"/sample.go Both [without] b\n\tA reason.\n\n"+
		sample+"/sample.go Check [negate] n > limit\n"+sample+"/sample.go Both [gone] b\n\tAnother.\n")
	if r.argued != 1 || len(r.survivors) != 0 || len(r.stale) != 2 || r.good(0) || r.killed() != r.mutants-1 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(printed, "argued, but killed or gone: "+sample+"/sample.go Check [negate] n > limit\n") {
		t.Errorf("not printed: %s", printed)
	}
}

func TestReadArguments(t *testing.T) {
	for _, tt := range []struct{ text, says string }{
		{"\tno key\n", "an argument for nothing"},
		{"a b\n", "no argument for a b"},
		{"a b\n\treason\na b\n\treason\n", "argued twice"},
	} {
		file := filepath.Join(t.TempDir(), "argued.txt")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readArguments(file); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.says)
		}
	}
}

// What is planned is there, and what is argued is about something planned.
func TestPlan(t *testing.T) {
	t.Chdir("../../..")
	argued, err := readArguments("internal/tools/mutate/argued.txt")
	if err != nil {
		t.Fatal(err)
	}
	left := len(argued)
	for _, p := range plan {
		left -= len(argued.below(p.dir))
		for _, dir := range append(p.also, p.dir) {
			if tests, err := filepath.Glob(filepath.Join(dir, "*_test.go")); err != nil || len(tests) == 0 {
				t.Errorf("%s has no tests", dir)
			}
		}
	}
	if left != 0 {
		t.Errorf("%d arguments are about packages that are not planned", left)
	}
}
