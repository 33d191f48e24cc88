package jwks

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The lifetime of a key set, whatever the issuer says: a token flood must not cause a fetch per request, and a
// withdrawn key must be gone within a day.
const (
	minLifetime     = time.Minute
	defaultLifetime = 10 * time.Minute
	maxLifetime     = 24 * time.Hour
)

// lifetime returns how long an answer stays fresh (RFC 9111, section 4.2), within our bounds. now stands in for a
// missing Date.
func lifetime(h http.Header, now time.Time) time.Duration {
	fresh, stated := statedLifetime(h, now)
	if !stated {
		return defaultLifetime
	}
	fresh -= seconds(h.Get("Age"))
	return min(max(fresh, minLifetime), maxLifetime)
}

// statedLifetime reads Cache-Control, then Expires. What is stated but makes no sense counts as no time at all.
func statedLifetime(h http.Header, now time.Time) (time.Duration, bool) {
	var maxAges []string
	for directive := range directives(h.Values("Cache-Control")) {
		switch name, value, _ := strings.Cut(directive, "="); strings.ToLower(strings.TrimSpace(name)) {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			maxAges = append(maxAges, strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	switch {
	case len(maxAges) == 1:
		return seconds(maxAges[0]), true
	case len(maxAges) > 1: // contradictory
		return 0, true
	case h.Get("Expires") == "":
		return 0, false
	}
	expires, err := http.ParseTime(h.Get("Expires"))
	if err != nil {
		return 0, true
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(expires.Sub(now), 0), true
}

// directives yields the members of the Cache-Control fields. A comma inside a quoted argument does not separate.
func directives(fields []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, field := range fields {
			quoted := false
			members := strings.FieldsFunc(field, func(c rune) bool {
				if c == '"' {
					quoted = !quoted
				}
				return c == ',' && !quoted
			})
			for _, member := range members {
				if !yield(member) {
					return
				}
			}
		}
	}
}

// maxSeconds is what a number too large to hold counts as (RFC 9111, section 1.2.2).
const maxSeconds = 1 << 31

// seconds reads delta-seconds; nonsense is zero.
func seconds(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(n, maxSeconds)) * time.Second
}

// refreshDelay returns when to refresh a set of the given lifetime: late enough to be worth it, early enough to try
// again, and not at the same moment in every replica.
func refreshDelay(lifetime time.Duration) time.Duration {
	return time.Duration(float64(lifetime) * (0.75 + 0.15*rand.Float64()))
}
