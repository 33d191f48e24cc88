package dpop_test

import (
	"testing"

	"github.com/bearergate/bearergate/dpop"
)

// More clients than there is memory for: each passes with its own key whether that is remembered or not, and none with the
// key of another.
func TestManyClients(t *testing.T) {
	const count = 4200 // both halves of the memory and some more
	v := newVerifier(t, dpop.Config{Replays: forgetful{}})
	first, last := newClient(t), newClient(t)
	pass := func(c client) {
		t.Helper()
		r := request("GET", "/orders", c.proof(t, nil, proofClaims(nil)))
		if got := outcomeOf(t, v, r, c.thumbprint()); got != pass {
			t.Fatal(got)
		}
	}
	pass(first)
	for range count {
		pass(newClient(t))
	}
	pass(last)
	for range 2 {
		pass(first)
		pass(last)
		forged := last.proof(t, object{"jwk": first.jwk(nil)}, proofClaims(nil))
		want(t, "forged", outcomeOf(t, v, request("GET", "/orders", forged), first.thumbprint()), refusal(dpop.ReasonBadSignature))
		r := request("GET", "/orders", last.proof(t, nil, proofClaims(nil)))
		want(t, "stolen", outcomeOf(t, v, r, first.thumbprint()), "token wrong_proof_key")
	}
}

// The key of a client that came before is not parsed again. Keys of strangers are not remembered.
func TestKnownKey(t *testing.T) {
	v := newVerifier(t, dpop.Config{Replays: forgetful{}})
	r := request("GET", "/orders", proofOf(t, nil))
	allocations := func(thumbprint string) float64 {
		return testing.AllocsPerRun(20, func() { _ = v.Verify(nil, r, accessToken, thumbprint) })
	}
	stranger := allocations(mallory(t).thumbprint())
	known := allocations(alice(t).thumbprint())
	if known > stranger/2 || known > 70 {
		t.Errorf("%v allocations with a known key, %v with one that is not", known, stranger)
	}
	if later := allocations(mallory(t).thumbprint()); later > known {
		t.Errorf("%v allocations once the key is known", later)
	}
}
