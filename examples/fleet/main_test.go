package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestRun takes the walk, with a Redis of its own.
func TestRun(t *testing.T) {
	out := capture(t, func() error { return run(t.Context(), "") })
	for _, want := range []string{
		"A: alice  200 OK", "A: bob    200 OK", "B: alice  200 OK", "B: bob    200 OK",
		"204 from A", "the stream at B ended: revoked",
		"A: alice  401 Unauthorized", "B: alice  401 Unauthorized",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "bob    200 OK"); n != 4 {
		t.Errorf("bob was let in %d times of 4:\n%s", n, out)
	}
}

// capture returns what f prints.
func capture(t *testing.T, f func() error) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	done := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		done <- string(text)
	}()
	err = f()
	os.Stdout = stdout
	_ = w.Close()
	out := <-done
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}
