package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const buildTimeout = 5 * time.Minute

var scratch string

// Main runs the tests of m with a directory for the programs they build, and removes it afterwards. Every package
// that starts one calls it from TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bearergate-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch = dir
	return m.Run()
}

// moduleDir is the directory of this module, whichever of its packages is under test.
var moduleDir = sync.OnceValues(func() (string, error) {
	gomod, err := exec.Command("go", "env", "GOMOD").Output()
	return filepath.Dir(string(gomod)), err
})

var (
	buildResourceServer = sync.OnceValues(func() (string, error) { return buildExample("resourceserver") })
	buildQuickstart     = sync.OnceValues(func() (string, error) { return buildExample("quickstart") })
	buildMCPServer      = sync.OnceValues(func() (string, error) { return buildExample("mcp") })
	buildBearercheck    = sync.OnceValues(func() (string, error) { return buildCommand("bearercheck") })
	installOIDCProvider = sync.OnceValues(func() (string, error) { return installNPM("oidcprovider") })
	installMCPClient    = sync.OnceValues(func() (string, error) { return installNPM("mcpclient") })
)

// buildExample returns the program of a directory of the examples.
func buildExample(name string) (string, error) {
	return build(filepath.Join("..", "..", "examples"), "./"+name, name)
}

// build returns the program of a package of the module in dir, which is relative to this one.
func build(dir, pattern, name string) (string, error) {
	if scratch == "" {
		return "", errors.New("harness.Main was not called from TestMain")
	}
	module, err := moduleDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(scratch, name)
	return binary, run(filepath.Join(module, dir), "go", "build", "-o", binary, pattern)
}

// buildCommand returns the program of a directory of the root module's commands.
func buildCommand(name string) (string, error) {
	return build(filepath.Join("..", ".."), "./cmd/"+name, name)
}

// installNPM returns the directory of an npm project of this module, with its dependencies in place.
func installNPM(project string) (string, error) {
	module, err := moduleDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(module, project)
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%w; the interop suites need Node.js 20 or later with npm", err)
		}
	}
	// npm writes this file last, so an interrupted installation is repeated, and so is one of other dependencies.
	if newer(filepath.Join(dir, "node_modules", ".package-lock.json"), filepath.Join(dir, "package-lock.json")) {
		return dir, nil
	}
	return dir, run(dir, "npm", "ci", "--no-audit", "--no-fund")
}

// newer reports whether a file is there and newer than another one.
func newer(file, other string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	than, err := os.Stat(other)
	return err == nil && info.ModTime().After(than.ModTime())
}

func run(dir, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}
