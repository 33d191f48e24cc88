// Command fuzzcorpus carries inputs that the fuzzer found interesting over into the committed corpora below testdata/fuzz: few
// and small ones, and only those that reach code which the corpus does not reach yet. It reads lines of a package and a
// target, as scripts/fuzz-targets prints them. Run it in the repository's root.
//
// Which inputs the fuzzer has found depends on where it ran; which of them are taken does not, and neither do their names,
// which are made of their contents.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	limits := limits{}
	flag.IntVar(&limits.files, "files", 5, "how many inputs are added to the corpus of a target at most")
	flag.IntVar(&limits.bytes, "bytes", 2048, "how large the file of an input may be")
	flag.IntVar(&limits.tries, "tries", 200, "how many inputs of a target are tried at most, the smallest first")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, limits); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzcorpus:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, limits limits) error {
	cache, err := output("go", "env", "GOCACHE")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "fuzzcorpus")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		pkg, name, found := strings.Cut(lines.Text(), " ")
		if !found {
			return fmt.Errorf("want a package and a target, not %q", lines.Text())
		}
		t := &target{pkg: pkg, name: name, scratch: scratch, cache: filepath.Join(cache, "fuzz", pkg, name)}
		added, err := t.carryOver(limits)
		if err != nil {
			return fmt.Errorf("%s %s: %w", pkg, name, err)
		}
		fmt.Fprintf(out, "%s %s: %d added\n", pkg, name, added)
	}
	return lines.Err()
}

// target is a fuzz target.
type target struct {
	pkg, name      string
	scratch, cache string
	binary         string
	corpus         string // the directory that is committed
}

// carryOver returns how many inputs it added.
func (t *target) carryOver(limits limits) (int, error) {
	found, err := inputs(t.cache)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	if err := t.build(); err != nil {
		return 0, err
	}
	committed, err := inputs(t.corpus)
	if err != nil {
		return 0, err
	}
	reached, err := t.reach("", committed...)
	if err != nil {
		return 0, err
	}
	chosen, err := choose(reached, found, limits, func(i input) (blocks, error) { return t.reach("/^"+i.name()+"$", i) })
	if err != nil || len(chosen) == 0 {
		return 0, err
	}
	if err := os.MkdirAll(t.corpus, 0o755); err != nil {
		return 0, err
	}
	for _, i := range chosen {
		if err := os.WriteFile(filepath.Join(t.corpus, i.name()), i, 0o644); err != nil {
			return 0, err
		}
	}
	return len(chosen), nil
}

// build compiles the test of the package so that it tells which code it reached.
func (t *target) build() error {
	dir, err := output("go", "list", "-f", "{{.Dir}}", t.pkg)
	if err != nil {
		return err
	}
	t.corpus = filepath.Join(dir, "testdata", "fuzz", t.name)
	digest := sha256.Sum256([]byte(t.pkg))
	t.binary = filepath.Join(t.scratch, hex.EncodeToString(digest[:8]))
	_, err = output("go", "test", "-c", "-o", t.binary, "-covermode", "set", "-coverpkg", "github.com/bearergate/bearergate/...", t.pkg)
	return err
}

// reach runs the target on inputs and on those that it adds itself, as far as a pattern matches them, in a directory of its
// own. It returns the code that this reached.
func (t *target) reach(pattern string, given ...input) (blocks, error) {
	dir, err := os.MkdirTemp(t.scratch, "run")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	corpus := filepath.Join(dir, "testdata", "fuzz", t.name)
	if err := os.MkdirAll(corpus, 0o755); err != nil {
		return nil, err
	}
	for _, i := range given {
		if err := os.WriteFile(filepath.Join(corpus, i.name()), i, 0o644); err != nil {
			return nil, err
		}
	}
	profile := filepath.Join(dir, "profile")
	cmd := exec.Command(t.binary, "-test.run", "^"+t.name+"$"+pattern, "-test.coverprofile", profile)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("an input fails: %w\n%s", err, text)
	}
	text, err := os.ReadFile(profile)
	return blocksOf(string(text)), err
}

// inputs reads a corpus, which need not be there.
func inputs(dir string) (all []input, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, err
}

func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	return strings.TrimSpace(string(text)), nil
}
