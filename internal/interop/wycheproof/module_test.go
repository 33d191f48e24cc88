package wycheproof_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"
)

// The version of the vectors, and its hash as go.sum would have it. go.mod does not require the module: that would ask
// every module of the workspace for Go 1.26.4, as downloading it does, and its package would put 100 MiB of vectors
// into the test program.
const (
	module     = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a"
	moduleHash = "h1:pNbL2nztRsWfW/ispAwsvcDFxs9Id38uIsR2/Up5G2c="
)

// directory is that of the vectors in the module cache, once everything in it has the hash.
var directory = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = os.TempDir() // where no go.mod speaks of other versions
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go mod download: %w: %s", err, output)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return "", err
	}
	hash, err := dirhash.HashDir(downloaded.Dir, module, dirhash.Hash1)
	if err != nil {
		return "", err
	}
	if hash != moduleHash {
		return "", fmt.Errorf("%s has the hash %s, want %s", module, hash, moduleHash)
	}
	return filepath.Join(downloaded.Dir, "testvectors_v1"), nil
})

// read decodes a file of vectors.
func read(t *testing.T, name string, into any) {
	t.Helper()
	dir, err := directory()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
