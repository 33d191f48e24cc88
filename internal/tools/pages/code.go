package pages

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// guides is where every block of Go has to be code that is compiled and run.
const guides = "docs/guides/"

// shown is the comment that a block of Go in a guide follows: the file and the region that it shows.
var shown = regexp.MustCompile(`^<!-- code: (\S+) (\S+) -->$`)

// Stale returns a sentence for each page whose code is not that of the region it shows.
func Stale(tree fs.FS) (stale []string, err error) {
	err = eachShown(tree, func(file string, now, want []byte) error {
		if !bytes.Equal(now, want) {
			stale = append(stale, file+": its code is not that of its regions, run make docs")
		}
		return nil
	})
	return stale, err
}

// Update calls write with the new text of each page whose code is not that of the region it shows.
func Update(tree fs.FS, write func(file string, text []byte) error) error {
	return eachShown(tree, func(file string, now, want []byte) error {
		if bytes.Equal(now, want) {
			return nil
		}
		return write(file, want)
	})
}

func eachShown(tree fs.FS, visit func(file string, now, want []byte) error) error {
	files, err := list(tree)
	if err != nil {
		return err
	}
	for _, file := range files {
		now, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		want, err := embed(tree, file, string(now))
		if err != nil {
			return err
		}
		if err := visit(file, now, []byte(want)); err != nil {
			return err
		}
	}
	return nil
}

// embed returns the page with the code of its regions.
func embed(tree fs.FS, file, text string) (string, error) {
	var out []string
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		if lines[i] == "```go" && strings.HasPrefix(file, guides) {
			return "", fmt.Errorf("%s:%d: nothing says where this code is compiled", file, i+1)
		}
		match := shown.FindStringSubmatch(lines[i])
		if match == nil {
			continue
		}
		end := endOfBlock(lines, i+1)
		if end < 0 {
			return "", fmt.Errorf("%s:%d: no block of Go follows", file, i+1)
		}
		code, err := region(tree, match[1], match[2])
		if err != nil {
			return "", fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		out = append(append(append(out, "```go"), code...), "```")
		i = end
	}
	return strings.Join(out, "\n"), nil
}

// endOfBlock returns the line that ends the block which starts at a line, -1 if none does.
func endOfBlock(lines []string, start int) int {
	if start >= len(lines) || lines[start] != "```go" {
		return -1
	}
	for i := start + 1; i < len(lines); i++ {
		if lines[i] == "```" {
			return i
		}
	}
	return -1
}

// region returns the lines of a Go file between //docs:begin name and //docs:end, without the indentation they share.
func region(tree fs.FS, file, name string) ([]string, error) {
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	var code []string
	inside := false
	for line := range strings.SplitSeq(string(source), "\n") {
		switch marker := strings.TrimSpace(line); {
		case marker == "//docs:begin "+name:
			inside = true
		case inside && marker == "//docs:end":
			return unindent(code), nil
		case inside:
			code = append(code, line)
		}
	}
	return nil, fmt.Errorf("%s has no region %s", file, name)
}

func unindent(code []string) []string {
	shared := -1
	for _, line := range code {
		if depth := len(line) - len(strings.TrimLeft(line, "\t")); line != "" && (shared < 0 || depth < shared) {
			shared = depth
		}
	}
	for i, line := range code {
		if line != "" {
			code[i] = line[shared:]
		}
	}
	return code
}
