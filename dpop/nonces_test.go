package dpop_test

import (
	"bytes"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
)

// key returns one that is not all the same.
func key(b byte) []byte { return bytes.Repeat([]byte{b, ^b}, 16) }

// nonceAnswer sends a proof with a nonce: "pass", "renewed" if the answer has a new one, or "demanded".
func nonceAnswer(t testing.TB, v *dpop.Verifier, now time.Time, nonce string) string {
	t.Helper()
	h := http.Header{"Cache-Control": {"max-age=60"}}
	kept := maps.Clone(h)
	r := request("GET", "/orders", proofOf(t, object{"nonce": nonce, "iat": now.Unix()}))
	err := v.Verify(h, r, accessToken, alice(t).thumbprint())
	switch {
	case err == nil && len(h["Dpop-Nonce"]) == 1 && h.Get("DPoP-Nonce") != nonce && h.Get("Cache-Control") == "no-store":
		return "renewed"
	case err == nil && maps.EqualFunc(h, kept, func(a, b []string) bool { return strings.Join(a, "|") == strings.Join(b, "|") }):
		return pass
	case err != nil && kindOf(t, err) == "nonce" && middleware.ReasonOf(err) == middleware.ReasonNonceRequired:
		return "demanded"
	}
	t.Errorf("error %v, header %v", err, h)
	return ""
}

// Nonces have the syntax of section 8.1, nobody can tell one from another, and only our own are accepted.
func TestD9449_22(t *testing.T) {
	c := &clock{}
	nqchar := regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)
	configs := map[string]dpop.NonceConfig{
		"one": {Keys: [][]byte{key(1)}}, "another key": {Keys: [][]byte{key(2)}}, "label": {Keys: [][]byte{key(1)}, Label: "orders"},
		"another label": {Keys: [][]byte{key(1)}, Label: "order"}, "lifetime": {Keys: [][]byte{key(1)}, Lifetime: 5*time.Minute + 2},
		"random": {}, "random too": {},
	}
	seen := map[string]string{}
	for name, cfg := range configs {
		cfg.Now = c.now
		n := newNonces(t, cfg)
		for range 100 {
			nonce := n.Nonce()
			if !nqchar.MatchString(nonce) || len(nonce) < 22 {
				t.Fatalf("%s makes %q", name, nonce)
			}
			if by := seen[nonce]; by != "" {
				t.Fatalf("%s makes a nonce that %s made", name, by)
			}
			seen[nonce] = name
			if n.Nonce() != nonce {
				t.Fatalf("%s makes two nonces at once", name)
			}
			c.advance(5 * time.Minute)
		}
	}
	for name, cfg := range configs {
		cfg.Now = c.now
		n := newNonces(t, cfg)
		v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
		for otherName, otherCfg := range configs {
			otherCfg.Now = c.now
			if otherName != name {
				want(t, otherName+" with "+name, nonceAnswer(t, v, c.now(), newNonces(t, otherCfg).Nonce()), "demanded")
			}
		}
		want(t, name, nonceAnswer(t, v, c.now(), n.Nonce()), pass)
	}
}

// A nonce is accepted in its slot and the next, and in the last third of that time the answer has a new one, which must
// not be stored (section 8.2).
func TestD9449_23(t *testing.T) {
	for _, lifetime := range []time.Duration{0, 10 * time.Second, time.Minute, 7 * time.Minute, time.Hour} {
		c := &clock{}
		n := newNonces(t, dpop.NonceConfig{Lifetime: lifetime, Now: c.now})
		v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
		if lifetime == 0 {
			lifetime = 5 * time.Minute
		}
		// Find the beginning of a slot, then look at its nonce all its life.
		before := n.Nonce()
		for n.Nonce() == before {
			c.advance(time.Millisecond * 100)
		}
		start, nonce := c.now(), n.Nonce()
		at := func(part float64) string {
			c.advance(start.Add(time.Duration(part * float64(lifetime))).Sub(c.now()))
			return nonceAnswer(t, v, c.now(), nonce)
		}
		for _, tt := range []struct {
			part float64
			want string
		}{
			{0, pass}, {0.25, pass}, {0.45, pass}, {0.52, pass}, {0.65, pass}, {0.68, "renewed"}, {0.9, "renewed"}, {0.98, "renewed"},
			{1.01, "demanded"}, {1.5, "demanded"}, {100, "demanded"}, {-2, "demanded"}, {-0.52, "demanded"},
			// The clock of whoever made it may be ahead of ours.
			{-0.25, pass}, {0, pass},
		} {
			if got := at(tt.part); got != tt.want {
				t.Errorf("after %v of %v: %s, want %s", tt.part, lifetime, got, tt.want)
			}
		}
	}
}

// The last third begins with its first instant.
func TestNonceRenewedFrom(t *testing.T) {
	const slot = 150 * time.Second // half of the default lifetime, by which noon can be divided
	c := &clock{}
	n := newNonces(t, dpop.NonceConfig{Now: c.now})
	v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
	nonce := n.Nonce()
	c.advance(slot + slot/3 - 1)
	want(t, "before", nonceAnswer(t, v, c.now(), nonce), pass)
	c.advance(1)
	want(t, "at it", nonceAnswer(t, v, c.now(), nonce), "renewed")
}

// The new nonce is one that is accepted from then on, and so is the one that a demand contains.
func TestNoncesAreUseful(t *testing.T) {
	c := &clock{}
	n := newNonces(t, dpop.NonceConfig{Now: c.now})
	v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
	nonce := n.Nonce()
	for range 100 {
		c.advance(20 * time.Second)
		h := http.Header{}
		r := request("GET", "/orders", proofOf(t, object{"nonce": nonce, "iat": c.now().Unix()}))
		if err := v.Verify(h, r, accessToken, alice(t).thumbprint()); err != nil {
			t.Fatalf("a client that always takes the new nonce is refused: %v", err)
		}
		if fresh := h.Get("DPoP-Nonce"); fresh != "" {
			nonce = fresh
		}
	}
}

// D9449_24: with RequireNonce nobody gets by without one, whatever they sent before.
func TestD9449_24(t *testing.T) {
	n := newNonces(t, dpop.NonceConfig{Now: func() time.Time { return noon }})
	v := newVerifier(t, dpop.Config{RequireNonce: true, Nonces: n})
	want(t, "with", nonceAnswer(t, v, noon, n.Nonce()), pass)
	want(t, "without", outcome(t, v, proofOf(t, nil)), "nonce nonce_required")
	want(t, "null", outcome(t, v, proofOf(t, object{"nonce": []string{n.Nonce()}})), refusal(dpop.ReasonMalformedClaim))
}

// Replicas with the same keys accept each other's nonces all through a rotation of the key.
func TestKeyRotation(t *testing.T) {
	c := &clock{}
	replica := func(keys ...[]byte) (*dpop.Nonces, *dpop.Verifier) {
		n := newNonces(t, dpop.NonceConfig{Keys: keys, Now: c.now})
		return n, newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
	}
	stages := [][][]byte{{key(1)}, {key(1), key(2)}, {key(2), key(1)}, {key(2)}}
	for i := 1; i < len(stages); i++ {
		before, oldVerifier := replica(stages[i-1]...)
		after, newVerifier := replica(stages[i]...)
		if i < 3 { // the last step is taken when the nonces of the old key have ended
			want(t, "old nonce", nonceAnswer(t, newVerifier, c.now(), before.Nonce()), pass)
		}
		want(t, "new nonce", nonceAnswer(t, oldVerifier, c.now(), after.Nonce()), pass)
	}
	_, first := replica(stages[0]...)
	last, _ := replica(stages[3]...)
	want(t, "another key", nonceAnswer(t, first, c.now(), last.Nonce()), "demanded")
}

// Keys belong to whoever gave them.
func TestNonceKeysAreCopied(t *testing.T) {
	shared := key(1)
	n := newNonces(t, dpop.NonceConfig{Keys: [][]byte{shared}, Now: func() time.Time { return noon }})
	shared[0] = 7
	if n.Nonce() != newNonces(t, dpop.NonceConfig{Keys: [][]byte{key(1)}, Now: func() time.Time { return noon }}).Nonce() {
		t.Error("the caller can change the key")
	}
}

func TestNonceConfigRefused(t *testing.T) {
	for _, tt := range []struct {
		cfg  dpop.NonceConfig
		says string
	}{
		{dpop.NonceConfig{Keys: [][]byte{key(1)[:31]}}, "at least 32 bytes"},
		{dpop.NonceConfig{Keys: [][]byte{key(1), nil}}, "at least 32 bytes"},
		{dpop.NonceConfig{Keys: [][]byte{key(1), key(2), key(3), key(4), key(5)}}, "more than 4 keys"},
		{dpop.NonceConfig{Keys: [][]byte{key(1), make([]byte, 32)}}, "one of the Keys: all of its octets are the same: fill it"},
		{dpop.NonceConfig{Keys: [][]byte{[]byte("correct horse battery staple, and more\n")}}, "one of the Keys: it is text with white space"},
		{dpop.NonceConfig{Lifetime: -1}, "Lifetime must be between"},
		{dpop.NonceConfig{Lifetime: 10*time.Second - 1}, "Lifetime must be between"},
		{dpop.NonceConfig{Lifetime: time.Hour + 1}, "Lifetime must be between"},
	} {
		n, err := dpop.NewNonces(tt.cfg)
		if err == nil || n != nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v, want %q", err, tt.says)
		}
	}
}

// The zero configuration works, and so does one with as many keys as there may be.
func TestNonceConfigAccepted(t *testing.T) {
	for _, cfg := range []dpop.NonceConfig{{}, {Keys: [][]byte{key(1), key(2), key(3), key(4)}}} {
		if newNonces(t, cfg).Nonce() == "" {
			t.Errorf("no nonce from %d keys", len(cfg.Keys))
		}
	}
}

// Requests that come while the slot changes get one nonce or the other, and each is accepted.
func TestNoncesConcurrent(t *testing.T) {
	c := &clock{}
	n := newNonces(t, dpop.NonceConfig{Lifetime: 10 * time.Second, Now: c.now})
	v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: n})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				c.advance(20 * time.Millisecond)
				if got := nonceAnswer(t, v, noon, n.Nonce()); got == "demanded" {
					t.Error("a fresh nonce is refused")
				}
			}
		})
	}
	group.Wait()
}
