package middleware

import (
	"iter"
	"strings"
)

// Scopes is a list of scopes in the form of RFC 6749, section 3.3: case-sensitive scope tokens separated by spaces. The
// order does not matter. Being a string, it is immutable and costs nothing to pass around.
type Scopes string

// NewScopes returns the list of the given scopes. What is no scope token is left out: it could match no requirement.
func NewScopes(scopes ...string) Scopes {
	return Scopes(joinTokens(scopes))
}

// Has reports whether scope was granted. A scope matches only itself: "read" is neither "READ" nor part of "readwrite".
func (s Scopes) Has(scope string) bool {
	for rest := string(s); len(rest) >= len(scope); {
		if rest[:len(scope)] == scope && (len(rest) == len(scope) || rest[len(scope)] == ' ') {
			return isScopeToken(scope)
		}
		next := strings.IndexByte(rest, ' ')
		if next < 0 {
			break
		}
		rest = rest[next+1:]
	}
	return false
}

// HasAll reports whether every one of scopes was granted; true for none.
func (s Scopes) HasAll(scopes ...string) bool {
	for _, scope := range scopes {
		if !s.Has(scope) {
			return false
		}
	}
	return true
}

// HasAny reports whether at least one of scopes was granted; false for none.
func (s Scopes) HasAny(scopes ...string) bool {
	for _, scope := range scopes {
		if s.Has(scope) {
			return true
		}
	}
	return false
}

// include reports whether scope was granted, or is implied by one that was.
func (s Scopes) include(scope string, implies func(granted, required string) bool) bool {
	if s.Has(scope) {
		return true
	}
	if implies == nil || !isScopeToken(scope) {
		return false
	}
	for granted := range s.All() {
		if implies(granted, scope) {
			return true
		}
	}
	return false
}

// All yields the scopes in the order of the token.
func (s Scopes) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := string(s)
		for rest != "" {
			var scope string
			scope, rest, _ = strings.Cut(rest, " ")
			if scope != "" && !yield(scope) {
				return
			}
		}
	}
}

// isScopeChar has the characters %x21 / %x23-5B / %x5D-7E of RFC 6749, appendix A.4.
var isScopeChar = func() (table [256]bool) {
	for c := '!'; c <= '~'; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// isScopeToken reports whether s is one or more of them.
func isScopeToken(s string) bool {
	for i := range len(s) {
		if !isScopeChar[s[i]] {
			return false
		}
	}
	return s != ""
}

// joinTokens joins what follows the scope token grammar and drops the rest.
func joinTokens(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		if !isScopeToken(token) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(token)
	}
	return b.String()
}
