//go:build race

package adaptertest

// lost is how many allocations a request may take more because the race detector has pools lose what they hold.
const lost = 3
