// Package harness starts and stops the programs of the interop suites and talks to them.
//
// Every program of ours prints one JSON line on standard output once it serves, and ends on SIGTERM or when its test
// does. All helpers fail the test they are given and must be called from its goroutine.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// Process is a running program. It is stopped at the end of the test that started it, and what it wrote to
// standard error is logged if that test failed.
type Process struct {
	// PID is its process ID.
	PID int

	name   string
	stop   context.CancelFunc
	done   chan struct{}
	err    error        // of Wait; readable once done is closed
	stderr bytes.Buffer // likewise
}

// Start runs the program at path in dir, with env added to this process's environment, and waits until its first
// line of output has been decoded into ready.
func Start(t testing.TB, ready any, dir string, env []string, path string, args ...string) *Process {
	t.Helper()
	stdout := &firstLine{ready: make(chan []byte, 1)}
	p := launch(t, func(cmd *exec.Cmd) {
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdout = stdout
	}, path, args...)
	p.awaitReady(t, stdout.ready, ready)
	return p
}

// launch runs the program at path once prepare has completed its command, and does not wait for anything.
func launch(t testing.TB, prepare func(*exec.Cmd), path string, args ...string) *Process {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &Process{name: path, stop: stop, done: make(chan struct{})}

	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = &p.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	prepare(cmd)
	// A program may end with its standard input, so that it does not outlive a test binary that was killed.
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	p.PID = cmd.Process.Pid
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.finish(t) })
	return p
}

// Stop ends the process and returns when it is gone.
func (p *Process) Stop() {
	p.stop()
	<-p.done
}

// Quit ends a program of Go with SIGQUIT, upon which the runtime writes where its goroutines are, and returns their stacks.
func (p *Process) Quit(t testing.TB) []string {
	t.Helper()
	if err := syscall.Kill(p.PID, syscall.SIGQUIT); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	<-p.done
	p.err = nil // it ended as it was told to
	goroutines := Goroutines(p.stderr.String())
	if len(goroutines) == 0 {
		t.Fatalf("%s does not say where its goroutines are:\n%s", p.name, &p.stderr)
	}
	return goroutines
}

// Goroutines returns the stacks in a text of the Go runtime, but not that of the scheduler, which has number 0.
func Goroutines(dump string) (stacks []string) {
	for _, stack := range strings.Split("\n"+dump, "\ngoroutine ")[1:] {
		if !strings.HasPrefix(stack, "0 ") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

func (p *Process) awaitReady(t testing.TB, line <-chan []byte, ready any) {
	t.Helper()
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case l := <-line:
		if err := json.Unmarshal(l, ready); err != nil {
			t.Fatalf("%s: ready line %q: %v", p.name, l, err)
		}
	case <-p.done:
		t.Fatalf("%s ended before it was ready: %v", p.name, p.err)
	case <-timeout.C:
		t.Fatalf("%s was not ready after %s", p.name, readyTimeout)
	}
}

func (p *Process) finish(t testing.TB) {
	p.Stop()
	// Wait reports the cancellation when the program itself ended well.
	if p.err != nil && !errors.Is(p.err, context.Canceled) {
		t.Errorf("%s did not end well: %v", p.name, p.err)
	}
	if t.Failed() {
		t.Logf("standard error of %s:\n%s", p.name, p.stderr.Bytes())
	}
}

// firstLine hands over the first line written to it and discards the rest.
type firstLine struct {
	ready chan []byte
	line  []byte
	sent  bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if f.sent {
		return len(b), nil
	}
	f.line = append(f.line, b...)
	if line, _, found := bytes.Cut(f.line, []byte("\n")); found {
		f.sent = true
		f.ready <- line
	}
	return len(b), nil
}
