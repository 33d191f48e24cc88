package soak

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// Footprint is what a process holds. Sockets do not include those to dependencies that a faultproxy accounts for, of which
// pools may keep as many as they like.
type Footprint struct {
	Sockets, Threads int
	RSS              int64
}

// The margins of a process that has come to rest. Threads of the Go runtime do not end, and caches stay filled.
const (
	marginThreads = 16
	marginRSS     = 64 << 20
	// marginGoroutines is for those of the runtime, of go-redis and of a check that has just begun.
	marginGoroutines = 16
)

// Goroutines compares how many a replica has after the run with how many it had before. net/http has two for each idle
// connection to a dependency.
func (c *Checker) Goroutines(replica string, before, after, idle int) {
	if after > before+2*idle+marginGoroutines {
		c.Fail("%s has %d goroutines after the run, %d before it, and %d idle connections", replica, after, before, idle)
	}
}

// stacks returns those of all goroutines of this process.
func stacks() []string {
	var dump strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&dump, 2) // a Builder takes everything
	return harness.Goroutines(dump.String())
}

// fetching returns how many of the goroutines are those of a key set.
func fetching(stacks []string) (n int) {
	for _, stack := range stacks {
		if strings.Contains(stack, "bearergate/jwks.") {
			n++
		}
	}
	return n
}

// Footprints compares what a process holds after the run with what it held before.
func (c *Checker) Footprints(replica string, before, after Footprint) {
	if after.Sockets > before.Sockets {
		c.Fail("%s has %d sockets after the run, %d before it", replica, after.Sockets, before.Sockets)
	}
	if after.Threads > before.Threads+marginThreads {
		c.Fail("%s has %d threads after the run, %d before it", replica, after.Threads, before.Threads)
	}
	if after.RSS > before.RSS+marginRSS {
		c.Fail("%s takes %d MiB after the run, %d before it", replica, after.RSS>>20, before.RSS>>20)
	}
}

// Pool compares the number of connections that a replica holds to a dependency with the size of the pool.
func (c *Checker) Pool(replica, dependency string, count, bound int) {
	if count > bound {
		c.Fail("%s has %d connections to %s after the run, its pool holds %d", replica, count, dependency, bound)
	}
}

// footprint reads what a process holds, accounted of which are connections to dependencies.
func footprint(pid, accounted int) (Footprint, error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return Footprint{}, err
	}
	entries, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return Footprint{}, err
	}
	f := Footprint{Sockets: -accounted}
	for _, entry := range entries {
		// A descriptor may be gone by now.
		target, err := os.Readlink(filepath.Join(proc, "fd", entry.Name()))
		if err == nil && strings.HasPrefix(target, "socket:") {
			f.Sockets++
		}
	}
	var kilobytes int64
	for line := range bytes.Lines(status) {
		switch name, value, _ := strings.Cut(string(line), ":"); name {
		case "Threads":
			_, err = fmt.Sscan(value, &f.Threads)
		case "VmRSS":
			_, err = fmt.Sscan(value, &kilobytes)
		}
		if err != nil {
			return f, fmt.Errorf("%s/status: %w", proc, err)
		}
	}
	f.RSS = kilobytes << 10
	return f, nil
}
