package report

import (
	"fmt"
	"strconv"
)

// Names by which results are found again.
const (
	// Kit and Raw are rows of every comparison of validators.
	Kit = "bearergate"
	Raw = "raw crypto"
	// RawBigInt is the other way to check an ECDSA signature.
	RawBigInt = "raw crypto, by way of big.Int"

	// Same is the comparison with one token again and again, Digest its yardstick.
	Same   = "the same RS256 token"
	Digest = "SHA-256 of the token"
	// Hot is the comparison by number of live tokens.
	Hot   = "live tokens"
	Mixed = "mixed traffic"
	// HitRatio is a table.
	HitRatio = "hit ratio of mixed traffic"

	NotAJWT    = "not a JWT"
	UnknownKey = "unknown key ID"

	// HandlerHot and HandlerNew are the comparisons of handlers.
	HandlerHot = "handlers, known token"
	HandlerNew = "handlers, new tokens"
	// Injection is what a request with a value costs.
	Injection = "WithValue + WithContext"

	// LoopbackHot and LoopbackNew are those over the loopback interface.
	LoopbackHot = "loopback, known token"
	LoopbackNew = "loopback, new tokens"

	// Memory is a table of bytes, Bounded one for the cache of the default size.
	Memory  = "bytes for each token"
	Bounded = "default cache"
	Each    = "each"
	Entry   = "what the cache adds"
	Whole   = "both together"

	// Asked is a table, Cached a comparison of introspection.
	Asked      = "calls upstream"
	Cached     = "known opaque token"
	Oathkeeper = "oathkeeper"

	// Fetches, Flood and Rotation are tables of key set fetches.
	Fetches  = "fetches"
	Flood    = "a flood of unknown keys"
	Rotation = "a rotated key"
	// Stranger is the row of a client that comes after a rotation, for the first time.
	Stranger = "bearergate, cool-down 1 s, the token is that of a new client"
)

// Never stands for a time that was not reached.
const Never = 1e12

// The columns of tables.
var (
	AskedColumns = []string{"active", "active, again", "inactive", "inactive, again"}
	FetchColumns = []string{
		"cold start, 1,000 at once", "1,000 unknown keys at once", "200 one by one", "200 bad signatures",
		"10 good tokens after a rotation",
	}
	FloodColumns    = []string{"cool-downs", "fetches", "fetches / (1 + cool-downs)"}
	RotationColumns = []string{"quiet", "under attack"}
)

// New is the name of the comparison with new tokens of alg.
func New(alg string) string { return "new tokens, " + alg }

// Live is the name of the row with n live tokens.
func Live(n, cpus int) string {
	if cpus == 1 {
		return fmt.Sprintf("%s, %s live, 1 CPU", Kit, Thousands(n))
	}
	return fmt.Sprintf("%s, %s live, %d CPUs", Kit, Thousands(n), cpus)
}

// Sharing is the name of the row of work that shares nothing.
func Sharing(cpus int) string {
	if cpus == 1 {
		return "SHA-256 of a token, 1 CPU"
	}
	return fmt.Sprintf("SHA-256 of a token, %d CPUs", cpus)
}

// On is the name of a candidate on a framework.
func On(candidate, framework string) string { return candidate + " on " + framework }

// Unprotected is the name of a framework's row without any middleware.
func Unprotected(framework string) string { return "unprotected " + framework }

// Thousands writes n with separators.
func Thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
