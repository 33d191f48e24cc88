package middleware_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// revocations lets a function be a RevocationList.
type revocations func(*middleware.Token) error

func (f revocations) Check(t *middleware.Token) error { return f(t) }

// caching is a Validator that notes what it is told to forget.
type caching struct {
	middleware.Validator
	forgotten *[]string
}

func (c caching) Forget(accessToken string) { *c.forgotten = append(*c.forgotten, accessToken) }

func TestRevocations(t *testing.T) {
	revoked := middleware.Reject(middleware.ReasonRevoked, nil)
	unknown := middleware.Unavailable(middleware.ReasonRevocationsUnavailable, 0, nil)
	for _, tt := range []struct {
		name      string
		err       error
		want      string
		forgotten []string
	}{
		{"not revoked", nil, "pass", nil},
		// The list outlives what is cached; forgetting would ask the authorization server for every refusal.
		{"revoked", revoked, "401 revoked", nil},
		{"revoked, wrapped", fmt.Errorf("list: %w", revoked), "401 revoked", nil},
		{"list cannot tell", unknown, "503 revocations_unavailable", nil},
		{"list fails", errInner, "503 validator_failed", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked, forgotten []string
			list := revocations(func(token *middleware.Token) error {
				asked = append(asked, token.ID)
				return tt.err
			})
			guard := newGuard(t, caching{honour(alice()), &forgotten}, middleware.Config{Revocations: list})
			if got := authorize(t, guard, bearer("abc"), middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if !slices.Equal(asked, []string{"token-1"}) {
				t.Errorf("the list was asked about %q", asked)
			}
			if !slices.Equal(forgotten, tt.forgotten) {
				t.Errorf("forgotten %q, want %q", forgotten, tt.forgotten)
			}
		})
	}
}

// The list is told by which fingerprint to know a token, that of the Validator if it has one.
func TestRevocationsByFingerprint(t *testing.T) {
	own := alice()
	own.Fingerprint = [32]byte{1}
	for _, tt := range []struct {
		token middleware.Token
		want  [32]byte
	}{{alice(), middleware.FingerprintOf("abc")}, {own, own.Fingerprint}} {
		var asked [][32]byte
		list := revocations(func(token *middleware.Token) error {
			asked = append(asked, token.Fingerprint)
			return nil
		})
		guard := newGuard(t, honour(tt.token), middleware.Config{Revocations: list})
		if got := authorize(t, guard, bearer("abc"), middleware.Policy{}); got != "pass" || !slices.Equal(asked, [][32]byte{tt.want}) {
			t.Errorf("%s, asked about %x, want %x", got, asked, tt.want)
		}
	}
}

// A token that is refused anyway is not looked up.
func TestRevocationsOfRefusedTokens(t *testing.T) {
	list := revocations(func(*middleware.Token) error {
		t.Error("the list was asked")
		return nil
	})
	guard := newGuard(t, fail(middleware.Reject(middleware.ReasonExpired, nil)), middleware.Config{Revocations: list})
	for _, r := range []*http.Request{bearer("a"), get("Bearer"), get()} {
		_ = authorize(t, guard, r, middleware.Policy{AllowAnonymous: true})
	}
}

// A token that nobody can judge is refused if it was itself revoked.
func TestRevocationsOfUnjudgedTokens(t *testing.T) {
	revoked := middleware.FingerprintOf("revoked")
	list := revocations(func(t *middleware.Token) error {
		if t.Fingerprint == revoked {
			return middleware.Reject(middleware.ReasonRevoked, nil)
		}
		return errInner
	})
	guard := newGuard(t, fail(middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)), middleware.Config{Revocations: list})
	for accessToken, want := range map[string]string{"revoked": "401 revoked", "other": "503 keys_unavailable"} {
		if got := authorize(t, guard, bearer(accessToken), middleware.Policy{}); got != want {
			t.Errorf("%s: got %s, want %s", accessToken, got, want)
		}
	}
}

// Composed validators pass Forget on to whoever may have cached the token.
func TestForgetReachesEveryCache(t *testing.T) {
	const jwt, opaque = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "b3BhcXVl"
	var left, right []string
	one, other := caching{honour(alice()), &left}, caching{honour(alice()), &right}
	for _, tt := range []struct {
		name        string
		validator   middleware.Validator
		left, right []string
	}{
		{"by format", middleware.ByFormat(one, other), []string{jwt}, []string{opaque}},
		{"by format without caches", middleware.ByFormat(honour(alice()), other), nil, []string{opaque}},
		{"all", middleware.All(one, honour(alice()), other), []string{jwt, opaque}, []string{jwt, opaque}},
		{"both", middleware.All(middleware.ByFormat(one, one), other), []string{jwt, opaque}, []string{jwt, opaque}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, right = nil, nil
			for _, accessToken := range []string{jwt, opaque} {
				tt.validator.(middleware.Forgetter).Forget(accessToken)
			}
			if !slices.Equal(left, tt.left) || !slices.Equal(right, tt.right) {
				t.Errorf("forgotten %q and %q, want %q and %q", left, right, tt.left, tt.right)
			}
		})
	}
}
