package scripts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A target fails the run unless all that is wrong is that its time was up (golang/go#75804).
func TestFuzz(t *testing.T) {
	const (
		fuzzing = "fuzz: elapsed: 0s, gathering baseline coverage: 4/4 completed, now fuzzing with 1 workers\n" +
			"fuzz: elapsed: 10s, execs: 99 (9/sec), new interesting: 0 (total: 4)\n"
		failed = "--- FAIL: FuzzA (10.1s)\n"
		end    = "FAIL\nexit status 1\nFAIL\texample.com/a\t10.2s\n"
		timeUp = failed + "    context deadline exceeded\n" + end
	)
	for _, tt := range []struct {
		name, says, exit string
		status           int
	}{
		{"well", fuzzing + "PASS\nok  \texample.com/a\t10.2s\n", "0", 0},
		{"its time was up", fuzzing + timeUp, "1", 0},
		{"a failing input", fuzzing + "fuzz: minimizing 34-byte failing input file\n" + failed +
			"    --- FAIL: FuzzA (0.00s)\n        a_test.go:9: wrong\n    \n    Failing input written to testdata/fuzz/FuzzA/1\n" + end, "1", 123},
		{"a failing input, still being minimized when its time was up",
			fuzzing + "fuzz: minimizing 34-byte failing input file\nfuzz: elapsed: 10s, minimizing\n" + timeUp, "1", 123},
		{"a failure that speaks of a deadline", fuzzing + failed +
			"    --- FAIL: FuzzA (0.00s)\n        a_test.go:9: context deadline exceeded\n" + end, "1", 123},
		{"a failing seed", "failure while testing seed corpus entry: FuzzA/1\n" + failed +
			"    --- FAIL: FuzzA (0.00s)\n        a_test.go:9: wrong\n" + end, "1", 123},
		{"a crash of the program", fuzzing + failed +
			"    fuzzing process hung or terminated unexpectedly: exit status 2\n" + end, "1", 123},
		{"no program", "# example.com/a\n./a.go:1:1: expected 'package'\nFAIL\texample.com/a [build failed]\n", "1", 123},
		{"a data race when its time was up", fuzzing + "WARNING: DATA RACE\n" + failed +
			"    context deadline exceeded\n    testing.go:1: race detected during execution of test\n" + end, "1", 123},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := newRepository(t, "fuzz", map[string]string{"says": tt.says, "exit": tt.exit}, "", "")
			write(t, filepath.Join(dir, "bin", "go"), "#!/bin/sh\ncat says\nexit $(cat exit)\n", 0o755)
			t.Setenv("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
			t.Setenv("FUZZTARGETS", "example.com/a FuzzA\nexample.com/a FuzzB")
			output, status := run(t, dir, "fuzz")
			if status != tt.status {
				t.Errorf("status %d, want %d; output:\n%s", status, tt.status, output)
			}
			for _, target := range []string{"FuzzA", "FuzzB"} {
				if !strings.Contains(output, "example.com/a "+target+"\n"+tt.says[:4]) {
					t.Errorf("nothing of %s in the output:\n%s", target, output)
				}
			}
		})
	}
}
