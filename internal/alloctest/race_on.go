//go:build race

package alloctest

// The race detector has pools lose what they hold, one time in four. Among that many single runs some meet none that did.
const runs, tries = 1, 100
