package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	goBlock    = regexp.MustCompile("(?s)```go\n(.*?)```")
	transcript = regexp.MustCompile(`(?m)^\$ curl -i (?:-H "Authorization: Bearer \$(\w+)" )?http://127\.0\.0\.1:8080(/\S+)\n((?:[A-Z].*\n)+)`)
)

// The program in the README is one.
func TestReadmeProgram(t *testing.T) {
	programs := goBlock.FindAllStringSubmatch(readme(t), -1)
	if len(programs) != 1 {
		t.Fatalf("%d programs, want 1", len(programs))
	}
	// Inside the module, whose requirements it needs; "./..." passes over such a name.
	dir, err := os.MkdirTemp(".", "_readme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(programs[0][1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "vet", "./"+dir).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The README's curl commands get the answers that stand below them, but for what they leave out.
func TestReadmeAnswers(t *testing.T) {
	_, commands, _ := start(t)
	if len(commands) == 0 {
		t.Fatal("the program offers nothing")
	}
	tokens := map[string]string{}
	for name, status := range map[string]string{"WRONG_SCOPE": "403", "GOOD": "200"} {
		i := slices.IndexFunc(commands, func(c offer) bool { return c.want == status })
		if i < 0 {
			t.Fatalf("no command gets %s", status)
		}
		tokens[name] = commands[i].authorization
	}
	address := strings.TrimSuffix(commands[0].url, "/orders")
	exchanges := transcript.FindAllStringSubmatch(readme(t), -1)
	if len(exchanges) != 3 {
		t.Errorf("%d commands, want 3", len(exchanges))
	}
	for _, e := range exchanges {
		answer := ask(t, address+e[2], tokens[e[1]])
		answer.header.Del("Date")
		answer.header.Del("Content-Length")
		got := []string{answer.proto + " " + answer.status}
		for name, values := range answer.header {
			for _, value := range values {
				got = append(got, fmt.Sprintf("%s: %s", name, value))
			}
		}
		slices.Sort(got[1:])
		if want := strings.TrimSuffix(e[3], "\n"); strings.Join(got, "\n") != want {
			t.Errorf("with %q: got\n%s\nwant\n%s", e[1], strings.Join(got, "\n"), want)
		}
	}
}
