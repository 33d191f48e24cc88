//go:build !race

package alloctest

const runs, tries = 40, 3
