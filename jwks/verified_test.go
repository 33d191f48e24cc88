package jwks_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// remembered reports whether v verifies a good token only once: then it returns the very same facts again.
func remembered(t testing.TB, v middleware.Validator, accessToken string) bool {
	t.Helper()
	first := accepted(t, v, accessToken)
	return accepted(t, v, accessToken) == first
}

func TestRemembersTokens(t *testing.T) {
	es := signerOf(t, jose.ES256)
	token := sign(t, es, atJWT, accessClaims(nil))
	config := jwks.Config{Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: atNoon}
	if !remembered(t, newValidator(t, config), token) {
		t.Error("verified twice")
	}
	config.CacheBytes = -1
	if remembered(t, newValidator(t, config), token) {
		t.Error("remembered with the cache off")
	}
}

// A token that differs in a single octet from one that is remembered is another token.
func TestRemembersTheWholeToken(t *testing.T) {
	es := signerOf(t, jose.ES256)
	v := atNoonWith(t, jwks.RFC9068, es)
	token := sign(t, es, atJWT, accessClaims(nil))
	accepted(t, v, token)
	for i := range len(token) {
		changed := []byte(token)
		if changed[i] == '.' {
			continue
		}
		changed[i] ^= 1
		if _, err := v.Validate(t.Context(), string(changed)); err == nil {
			t.Fatalf("accepted with octet %d changed", i)
		}
	}
	if _, err := v.Validate(t.Context(), token+"."); err == nil {
		t.Error("accepted with a dot more")
	}
}

// What is remembered of a token ends with it, to the moment, and begins with it for a clock that is set back.
func TestRememberedTokenExpires(t *testing.T) {
	const leeway = 10 * time.Second
	expires, starts, issued := noon.Add(600*time.Second), noon.Add(-30*time.Second), noon.Add(-60*time.Second)
	for _, tt := range []struct {
		at   time.Time
		want middleware.Reason
	}{
		{expires.Add(leeway - time.Nanosecond), ""},
		{expires.Add(leeway), middleware.ReasonExpired},
		{starts.Add(-leeway), ""},
		{starts.Add(-leeway - time.Nanosecond), middleware.ReasonNotYetValid},
		{issued.Add(-time.Hour), middleware.ReasonNotYetValid},
	} {
		now := noon
		es := signerOf(t, jose.ES256)
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: func() time.Time { return now },
		})
		token := sign(t, es, atJWT, accessClaims(object{"nbf": starts.Unix()}))
		accepted(t, v, token)
		now = tt.at
		_, err := v.Validate(t.Context(), token)
		if got := middleware.ReasonOf(err); got != tt.want {
			t.Errorf("at %v: %q, want %q", tt.at.Sub(noon), got, tt.want)
		}
		now = noon
		accepted(t, v, token)
	}
}

// A key that was withdrawn, replaced under its ID, or given to another algorithm takes the tokens that it signed along, as
// soon as the new set is there, also those of which nothing is remembered but what their headers have in common. One that is
// still there keeps them.
func TestRememberedTokenGoesWithItsKey(t *testing.T) {
	es, other := signerOf(t, jose.ES256), newSigner(t, jose.ES256, "ES256")
	rs := signerOf(t, jose.RS256)
	asPSS := rs.JWK()
	asPSS["alg"] = "PS256"
	for _, tt := range []struct {
		name   string
		signer *jose.Signer
		next   string
		want   middleware.Reason
	}{
		{"the same set", es, keySet(t, es), ""},
		{"one more key", es, keySet(t, rs, es), ""},
		{"withdrawn", es, keySet(t, rs), middleware.ReasonUnknownKey},
		{"replaced", es, keySet(t, other), middleware.ReasonBadSignature},
		{"for another algorithm", rs, string(encode(t, object{"keys": []object{asPSS}})), middleware.ReasonUnknownKey},
	} {
		for _, cacheBytes := range []int{0, -1} {
			t.Run(fmt.Sprint(tt.name, cacheBytes), func(t *testing.T) {
				now := noon
				s := &stub{}
				v := newValidator(t, jwks.Config{
					Issuer: issuer, Audience: audience, JWKSURL: "https://as.example.com/keys", HTTPClient: s.client(),
					CacheBytes: cacheBytes, Now: func() time.Time { return now },
				})
				s.put("https://as.example.com/keys", page{body: keySet(t, tt.signer)})
				token := sign(t, tt.signer, atJWT, accessClaims(object{"exp": noon.Add(24 * time.Hour).Unix()}))
				before := accepted(t, v, token)
				s.put("https://as.example.com/keys", page{body: tt.next})
				now = now.Add(15 * time.Minute) // the set is stale, and asked for anew
				after, err := v.Validate(t.Context(), token)
				if got := middleware.ReasonOf(err); got != tt.want {
					t.Fatalf("%q, want %q", got, tt.want)
				}
				if tt.want == "" && (after == nil || after.Subject != before.Subject) {
					t.Errorf("got %v", after)
				}
			})
		}
	}
}

// A refresh does not cost the verification of every token again.
func TestRefreshKeepsRememberedTokens(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		first := accepted(f, f.v, token)
		for range 20 {
			elapse(9*time.Minute + 30*time.Second) // due, and refreshed behind
			f.accepts(token)
			elapse(time.Second)
		}
		if accepted(f, f.v, token) != first {
			f.Error("verified again")
		}
		if fetched := f.as.Requests(oauthtest.EndpointJWKS); fetched < 10 {
			f.Errorf("fetched %d times: remembered tokens let the keys grow old", fetched)
		}
	})
}

// Remembered tokens are subject to the age of the keys like all others.
func TestRememberedTokenInAnOutage(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		f.breakKeys(oauthtest.Fault{Status: 500})
		elapse(65 * time.Minute) // of ten minutes and an hour more
		f.accepts(token)
		elapse(24 * time.Hour)
		f.cannotJudge(token)
		f.as.Heal()
		elapse(time.Minute)
		f.accepts(token)
	})
}

// Refused tokens leave nothing behind, however many there are, and do not push out what is remembered.
func TestRefusedTokensAreNotRemembered(t *testing.T) {
	es := signerOf(t, jose.ES256)
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: atNoon, CacheBytes: 64 << 10,
	})
	token := sign(t, es, atJWT, accessClaims(nil))
	first := accepted(t, v, token)
	parts := strings.Split(token, ".")
	for i := range 20_000 {
		forged := parts[0] + "." + parts[1] + "." + fmt.Sprintf("%086d", i)
		if _, err := v.Validate(t.Context(), forged); err == nil {
			t.Fatal("accepted a forged signature")
		}
	}
	if accepted(t, v, token) != first {
		t.Error("forgotten")
	}
}

// Good tokens are remembered as far as there is room, about 1 KiB for each, and whatever they look like they take no more:
// what is a copy, and no part of the payload, counts too.
func TestRememberedTokensAreBounded(t *testing.T) {
	const bound = 1 << 20
	secret := []byte("0123456789abcdef0123456789abcdef")
	signer, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 9<<10)
	audiences, methods := []string{audience}, object{}
	for i := range 300 {
		audiences = append(audiences, fmt.Sprint("https://api-", i, ".example.com"))
		methods[fmt.Sprint(i)] = "x"
	}
	for name, tt := range map[string]struct {
		tokens, least int
		claims        object
	}{
		"plain":             {3000, bound >> 10, object{}},
		"padded":            {3000, 800, object{"padding": strings.Repeat("x", 300)}},
		"of unlucky length": {300, 50, object{"padding": strings.Repeat("x", 8200)}}, // allocations have 8 or 9.25 KiB
		"audiences":         {300, 10, object{"aud": audiences}},
		"scopes":            {300, 10, object{"scope": []string{long, "read"}}},
		"escapes":           {300, 10, object{"sub": long + "\n"}},
		"actor":             {300, 10, object{"act": object{"sub": long}}},
		"confirmation":      {300, 10, object{"cnf": object{"method": long}}},
		"confirmations":     {300, 10, object{"cnf": methods}},
	} {
		v := newValidator(t, jwks.Config{
			Issuer: issuer, Audience: audience, Profile: jwks.Generic, Secret: secret, Now: atNoon, CacheBytes: bound,
		})
		tokens := make([]string, tt.tokens)
		for i := range tokens {
			tokens[i] = sign(t, signer, atJWT, accessClaims(over(tt.claims, object{"jti": fmt.Sprint(i)})))
		}
		before := inUse()
		for _, token := range tokens {
			accepted(t, v, token)
		}
		if grown := int64(inUse()) - int64(before); grown > bound*6/5 {
			t.Errorf("%s: %d KiB for a bound of %d", name, grown>>10, bound>>10)
		}
		if got := rememberedLast(t, v, tokens); got < tt.least {
			t.Errorf("%s: only %d remembered, want %d", name, got, tt.least)
		}
		runtime.KeepAlive(tokens)
	}
}

// rememberedLast counts how many tokens at the end of a list are not verified again.
func rememberedLast(t testing.TB, v *jwks.Validator, tokens []string) int {
	t.Helper()
	verified := v.State().Verified
	for i := range tokens {
		accepted(t, v, tokens[len(tokens)-1-i])
		if v.State().Verified != verified {
			return i
		}
	}
	return len(tokens)
}

// What was remembered of a token takes no memory any more once that token was refused.
func TestRefusedTokenIsForgotten(t *testing.T) {
	const many = 100
	secret := []byte("0123456789abcdef0123456789abcdef")
	signer, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Secret: secret, Profile: jwks.Generic, Now: func() time.Time { return now },
	})
	tokens := make([]string, many)
	for i := range tokens {
		tokens[i] = sign(t, signer, atJWT, accessClaims(object{"jti": fmt.Sprint(i), "padding": strings.Repeat("x", 9<<10)}))
	}
	before := inUse()
	for _, token := range tokens {
		accepted(t, v, token)
	}
	if grown := int64(inUse()) - int64(before); grown < many*9<<10 {
		t.Fatalf("%d KiB for %d tokens that are remembered", grown>>10, many)
	}
	now = now.Add(time.Hour)
	for _, token := range tokens {
		refused(t, v, token, middleware.ReasonExpired)
	}
	if grown := int64(inUse()) - int64(before); grown > many*9<<10/2 {
		t.Errorf("%d KiB for %d tokens that were refused", grown>>10, many)
	}
	runtime.KeepAlive(tokens)
}

// That a token could not be judged for a while is no reason to verify it again.
func TestUndecidedTokenIsRemembered(t *testing.T) {
	run(t, nil, func(f *fixture) {
		token, other := f.mintLong(), f.mintLong()
		f.accepts(token)
		f.breakKeys(oauthtest.Fault{Status: 500})
		elapse(24 * time.Hour)
		f.cannotJudge(token)
		f.as.Heal()
		f.accepts(other)
		verified := f.v.State().Verified
		f.accepts(token)
		if got := f.v.State().Verified; got != verified {
			f.Errorf("%d tokens verified, want %d", got, verified)
		}
	})
}

func TestForgetToken(t *testing.T) {
	es := signerOf(t, jose.ES256)
	v := atNoonWith(t, jwks.RFC9068, es)
	token := sign(t, es, atJWT, accessClaims(nil))
	first := accepted(t, v, token)
	v.Forget(token)
	if accepted(t, v, token) == first {
		t.Error("not forgotten")
	}
}

// A Router remembers the tokens of its issuers, each as judged by its own validator.
func TestRouterRemembersTokens(t *testing.T) {
	es, rs := signerOf(t, jose.ES256), signerOf(t, jose.RS256)
	other := newValidator(t, jwks.Config{
		Issuer: "https://other.example.com", Audience: audience, Keys: parseKeys(t, keySet(t, rs)), Now: atNoon,
	})
	router, err := jwks.Issuers(atNoonWith(t, jwks.RFC9068, es), other)
	if err != nil {
		t.Fatal(err)
	}
	ours := sign(t, es, atJWT, accessClaims(nil))
	theirs := sign(t, rs, atJWT, accessClaims(object{"iss": "https://other.example.com"}))
	if !remembered(t, router, ours) || !remembered(t, router, theirs) {
		t.Error("verified twice")
	}
	refused(t, other, ours, middleware.ReasonUntrustedIssuer)
	router.Forget(ours)
	accepted(t, router, ours)
}

// What a Resolver remembers goes with the issuer.
func TestResolverForgetsTokens(t *testing.T) {
	es, rs := signerOf(t, jose.ES256), signerOf(t, jose.RS256)
	trusted := es
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Now: atNoon,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			return jwks.Config{Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, trusted)), Now: atNoon}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, es, atJWT, accessClaims(nil))
	if !remembered(t, resolver, token) {
		t.Error("verified twice")
	}
	trusted = rs
	resolver.ForgetIssuer(issuer)
	refused(t, resolver, token, middleware.ReasonUnknownKey)
}

func TestRememberedTokenAllocatesNothing(t *testing.T) {
	es := signerOf(t, jose.ES256)
	v := atNoonWith(t, jwks.RFC9068, es)
	token := sign(t, es, atJWT, accessClaims(nil))
	if cost := alloctest.Of(func() { accepted(t, v, token) }); cost.Exceeds(alloctest.Cost{}) {
		t.Errorf("takes %+v", cost)
	}
}

// A new token takes its payload and what is remembered of it, besides what the check of its signature takes. What is needed
// only while a token is judged stays off the heap, whoever judges it.
func TestNewTokenAllocatesLittle(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	hs, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	rs, es, ed := signerOf(t, jose.RS256), signerOf(t, jose.ES256), signerOf(t, jose.EdDSA)
	keys := keySet(t, rs, es, ed)
	s := &stub{}
	s.put("https://as.example.com/keys", page{body: keys})
	config := func(change func(*jwks.Config)) jwks.Config {
		c := jwks.Config{Issuer: issuer, Audience: audience, Now: atNoon, CacheBytes: -1}
		change(&c)
		return c
	}
	fixed := config(func(c *jwks.Config) { c.Keys = parseKeys(t, keys) })
	fetched := config(func(c *jwks.Config) { c.JWKSURL, c.HTTPClient = "https://as.example.com/keys", s.client() })
	router, err := jwks.Issuers(newValidator(t, fixed))
	if err != nil {
		t.Fatal(err)
	}
	resolver := newResolver(t, jwks.ResolverConfig{
		Now: atNoon, CacheBytes: -1, Resolve: func(context.Context, string) (jwks.Config, error) { return fixed, nil },
	})
	cached := newValidator(t, config(func(c *jwks.Config) { c.Keys, c.CacheBytes = parseKeys(t, keys), 0 }))
	again := middleware.ValidatorFunc(func(ctx context.Context, accessToken string) (*middleware.Token, error) {
		cached.Forget(accessToken)
		return cached.Validate(ctx, accessToken)
	})
	claims := accessClaims(object{"realm_access": object{"roles": []string{"a", "b"}}, "sid": "session", "acr": "1"})
	octets := len(encode(t, claims))
	most := alloctest.Cost{Objects: 1, Bytes: 448}
	payload := alloctest.Of(func() { sink = make([]byte, octets) })
	for _, tt := range []struct {
		name   string
		v      middleware.Validator
		signer *jose.Signer
	}{
		{"secret", newValidator(t, config(func(c *jwks.Config) { c.Secret = secret })), hs},
		{"RS256", newValidator(t, fixed), rs},
		{"ES256", newValidator(t, fixed), es},
		{"EdDSA", newValidator(t, fixed), ed},
		{"to be remembered", again, ed},
		{"fetched keys", newValidator(t, fetched), ed},
		{"router", router, ed},
		{"resolver", resolver, ed},
	} {
		token := sign(t, tt.signer, object{"typ": "at+jwt", "kid": tt.signer.KeyID()}, claims)
		whole := alloctest.Of(func() { accepted(t, tt.v, token) })
		if more := whole.Minus(costOfCheck(t, tt.signer, token)).Minus(payload); more.Exceeds(most) {
			t.Errorf("%s: %+v besides the payload and the check of the signature, want %+v at most", tt.name, more, most)
		}
	}
}

// costOfCheck is what it takes to check the signature of a token.
func costOfCheck(t *testing.T, signer *jose.Signer, token string) alloctest.Cost {
	t.Helper()
	parsed, err := jose.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	return alloctest.Of(func() {
		if err := signer.Key().Verify(signer.Algorithm(), parsed); err != nil {
			t.Fatal(err)
		}
	})
}

// sink keeps what is assigned to it on the heap.
var sink []byte

func BenchmarkValidate(b *testing.B) {
	for _, alg := range []jose.Algorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		signer := signerOf(b, alg)
		token := sign(b, signer, atJWT, accessClaims(object{"padding": strings.Repeat("x", 300)}))
		for name, bytes := range map[string]int{"remembered": 0, "new": -1} {
			v := newValidator(b, jwks.Config{
				Issuer: issuer, Audience: audience, Keys: parseKeys(b, keySet(b, signer)), Now: atNoon, CacheBytes: bytes,
			})
			b.Run(string(alg)+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					accepted(b, v, token)
				}
			})
		}
	}
}

// An issuer that is forgotten while it is looked up is not trusted again by what that look-up brings.
func TestResolverForgetsDuringLookup(t *testing.T) {
	es := signerOf(t, jose.ES256)
	asked, answer := make(chan struct{}), make(chan error, 1)
	var calls atomic.Int32
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Now: atNoon,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			if calls.Add(1) > 1 {
				return jwks.Config{}, jwks.ErrUnknownIssuer
			}
			close(asked)
			return jwks.Config{Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: atNoon}, <-answer
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, es, atJWT, accessClaims(nil))
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		_, _ = resolver.Validate(t.Context(), token)
	}()
	<-asked
	resolver.ForgetIssuer(issuer)
	answer <- nil
	<-waiting
	for range 2 {
		refused(t, resolver, token, middleware.ReasonUntrustedIssuer)
	}
}

// A token that is forgotten while it is judged is judged again.
func TestForgetDuringJudgement(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.breakKeys(oauthtest.Fault{Latency: time.Second, Times: 1})
		token := f.mint()
		first := make(chan *middleware.Token)
		go func() {
			token, _ := f.v.Validate(f.Context(), token)
			first <- token
		}()
		synctest.Wait()
		f.v.Forget(token)
		if got := <-first; got == nil || accepted(f, f.v, token) == got {
			f.Error("what was judged before came back")
		}
	})
}

// A Resolver forgets tokens like every other validator, and no issuers by their names.
func TestResolverForgetsToken(t *testing.T) {
	es := signerOf(t, jose.ES256)
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Now: atNoon,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			return jwks.Config{Issuer: issuer, Audience: audience, Keys: parseKeys(t, keySet(t, es)), Now: atNoon}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, es, atJWT, accessClaims(nil))
	first := accepted(t, resolver, token)
	middleware.Forgetter(resolver).Forget(token)
	if accepted(t, resolver, token) == first || resolver.Live() != 1 {
		t.Error("not forgotten, or the issuer too")
	}
}

// A client whose token is remembered is no stranger, however many others came since it was verified.
func TestRememberedTokenKeepsItsParty(t *testing.T) {
	run(t, nil, func(f *fixture) {
		regular := f.as.Mint(oauthtest.Token{Subject: "regular", ExpiresIn: 24 * time.Hour})
		f.accepts(regular)
		for i := range 4_000 {
			f.accepts(f.as.Mint(oauthtest.Token{Subject: fmt.Sprint("passer-by ", i)}))
		}
		f.accepts(regular)
		f.refuses(f.mislabelled(), middleware.ReasonUnknownKey) // spends the strangers' ration
		f.as.Rotate()
		f.accepts(f.as.Mint(oauthtest.Token{Subject: "regular"}))
	})
}

// What is remembered does not keep the key sets of issuers alive that are gone.
func TestRememberedTokensHoldNoKeySets(t *testing.T) {
	const tenants, keys = 200, 100
	var signers []*jose.Signer
	for i := range keys {
		signers = append(signers, newSigner(t, jose.ES256, fmt.Sprint("key-", i)))
	}
	document := keySet(t, signers...)
	s := &stub{}
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Now: atNoon, HTTPClient: s.client(), CacheBytes: 4 << 20,
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			return jwks.Config{Issuer: issuer, Audience: audience, JWKSURL: issuer + "/keys", Now: atNoon}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := inUse()
	for i := range tenants {
		issuer := fmt.Sprintf("https://tenant-%d.example.com", i)
		s.put(issuer+"/keys", page{body: document})
		token := sign(t, signers[0], atJWT, accessClaims(object{"iss": issuer}))
		for range 3 {
			accepted(t, resolver, token)
		}
		resolver.ForgetIssuer(issuer)
	}
	if grown := int64(inUse()) - int64(before); grown > 6<<20 {
		t.Errorf("%d KiB are held", grown>>10)
	}
	runtime.KeepAlive(resolver)
}
