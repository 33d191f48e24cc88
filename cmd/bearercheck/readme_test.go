package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The README's command line is one that the program understands.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("`go run \\S+/cmd/bearercheck@latest (.*) < token`").FindAllStringSubmatch(string(text), -1)
	if len(commands) != 1 {
		t.Fatalf("%d commands, want 1", len(commands))
	}
	got := bearercheck(t, world{client: nobody}, "opaque", strings.Fields(commands[0][1])...)
	if got.status == exitMistake || got.stdout == "" {
		t.Errorf("%s: exit status %d: %s", commands[0][1], got.status, got.stderr)
	}
}
