package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"
)

const scriptTimeout = time.Minute

// RunPython runs main.py of a project of this module to its end. It gets input in JSON, and what it prints in JSON is decoded
// into output.
func RunPython(t testing.TB, project string, input, output any) {
	t.Helper()
	stdin, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, systemPython, "main.py")
	cmd.Dir, cmd.Stdin = projectDir(t, project), bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
	}
	if err := json.Unmarshal(stdout, output); err != nil {
		t.Fatalf("%s says %s: %v", cmd, stdout, err)
	}
}
