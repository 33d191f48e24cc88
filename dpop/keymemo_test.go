package dpop_test

import (
	"testing"

	"github.com/bearergate/bearergate/dpop"
)

// Each client passes with its own key whether that is remembered or not, and none with the key of another.
func TestKeysAreNotMixedUp(t *testing.T) {
	v := newVerifier(t, dpop.Config{Replays: forgetful{}})
	first, last := newClient(t), newClient(t)
	for range 2 {
		for _, c := range []client{first, last} {
			r := request("GET", "/orders", c.proof(t, nil, proofClaims(nil)))
			want(t, "own", outcomeOf(t, v, r, c.thumbprint()), pass)
		}
		forged := last.proof(t, object{"jwk": first.jwk(nil)}, proofClaims(nil))
		want(t, "forged", outcomeOf(t, v, request("GET", "/orders", forged), first.thumbprint()), refusal(dpop.ReasonBadSignature))
		r := request("GET", "/orders", last.proof(t, nil, proofClaims(nil)))
		want(t, "stolen", outcomeOf(t, v, r, first.thumbprint()), "token wrong_proof_key")
	}
}

// The key of a client that came before is not parsed again, until many others have come since. Keys of strangers are
// not remembered.
func TestKnownKey(t *testing.T) {
	v := newVerifier(t, dpop.Config{Replays: forgetful{}})
	r := request("GET", "/orders", proofOf(t, nil))
	allocations := func() float64 {
		// With a token of somebody else alice is a stranger, and does not come back either.
		return testing.AllocsPerRun(20, func() { _ = v.Verify(nil, r, accessToken, mallory(t).thumbprint()) })
	}
	others := func(count int) {
		for range count {
			c := newClient(t)
			want(t, "other", outcomeOf(t, v, request("GET", "/orders", c.proof(t, nil, proofClaims(nil))), c.thumbprint()), pass)
		}
	}
	unknown := allocations()
	want(t, "alice", outcomeOf(t, v, r, alice(t).thumbprint()), pass)
	known := allocations()
	if known > unknown/2 {
		t.Errorf("%v allocations with a known key, %v with one that is not", known, unknown)
	}
	others(2048)
	if later := allocations(); later > unknown/2 {
		t.Errorf("%v allocations after 2048 others, %v before", later, known)
	}
	others(2048)
	if later := allocations(); later < unknown/2 {
		t.Errorf("%v allocations after 4096 others: the key is still remembered", later)
	}
}
