//go:build !race

package adaptertest

const lost = 0
