//go:build unix

package scripts_test

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// demonstrated is a quickstart that ends on Ctrl-C, with the status in the place of STATUS.
const demonstrated = `package main

import (
	"fmt"
	"os"
	"os/signal"
)

func main() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	fmt.Println("serving")
	<-interrupted
	fmt.Println("ended")
	os.Exit(STATUS)
}
`

// TestDemo: Ctrl-C, which a terminal sends to make, to the script and to the program alike, is no error, and hides none.
func TestDemo(t *testing.T) {
	t.Parallel()
	const failed = "make: *** [Makefile:2: demo] Error 3\n"
	for status, want := range map[string]string{"0": "ended\n", "3": "ended\n" + failed} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			dir := newRepository(t, "demo", map[string]string{
				"go.mod":                      "module example.com/m\n\ngo 1.26.0\n",
				"Makefile":                    "demo:\n\t@scripts/demo\n",
				"examples/quickstart/main.go": strings.ReplaceAll(demonstrated, "STATUS", status),
			}, "", "")
			temporary := t.TempDir()
			cmd := exec.Command("make")
			cmd.Dir = dir
			cmd.Env = append(environment(), "TMPDIR="+temporary, "MAKEFLAGS=", "MAKELEVEL=")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			reader, writer := io.Pipe()
			cmd.Stdout, cmd.Stderr = writer, writer
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() { _ = cmd.Wait(); _ = writer.Close() }()
			out := bufio.NewReader(reader)
			if line, err := out.ReadString('\n'); line != "serving\n" {
				rest, _ := io.ReadAll(out)
				t.Fatalf("%q, %v\n%s", line, err, rest)
			}
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(out)
			if err != nil || string(rest) != want {
				t.Errorf("%q, want %q, %v", rest, want, err)
			}
			if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}
