package jwks

import "time"

// Lifetime is for the fuzz target, which reaches it a hundred times as often as through a fetch.
var Lifetime = lifetime

// ClockOf is the default clock, reading another one.
func ClockOf(read func() time.Time) func() time.Time { return (&clock{read: read}).now }
