package jwks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// manyIssuers is the scale of these benchmarks, and the default of ResolverConfig.MaxIssuers.
const manyIssuers = 10_000

// internet answers for every host as if an authorization server were there, all of them with the same key set.
type internet struct {
	keys string
	// trouble comes before the answer, or instead of it; nil for none.
	trouble func(*http.Request) error
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.trouble != nil {
		if err := n.trouble(r); err != nil {
			return nil, err
		}
	}
	body := n.keys
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		body = fmt.Sprintf(`{"issuer":"https://%[1]s","jwks_uri":"https://%[1]s/keys"}`, r.URL.Host)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Cache-Control": {"max-age=86400"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// trustAll is a Resolve that trusts every issuer and leaves its keys to be found by discovery.
func trustAll(_ context.Context, issuer string) (jwks.Config, error) {
	return jwks.Config{Issuer: issuer, Audience: audience}, nil
}

func newResolver(t testing.TB, cfg jwks.ResolverConfig) *jwks.Resolver {
	t.Helper()
	r, err := jwks.NewResolver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fleet is a Resolver of as many tenants as there are tokens for, and its clock.
type fleet struct {
	testing.TB
	*jwks.Resolver
	now    time.Time
	signer *jose.Signer
}

// newFleet returns a Resolver at noon of tenants that have those keys.
func newFleet(t testing.TB, cfg jwks.ResolverConfig, keys ...*jose.Signer) *fleet {
	t.Helper()
	f := &fleet{TB: t, now: noon, signer: signerOf(t, jose.ES256)}
	cfg.Resolve, cfg.Now = trustAll, func() time.Time { return f.now }
	cfg.HTTPClient = &http.Client{Transport: &internet{keys: keySet(t, keys...)}}
	f.Resolver = newResolver(t, cfg)
	return f
}

// token returns a token of a tenant that is good all day.
func (f *fleet) token(i int) string {
	f.Helper()
	claims := accessClaims(object{"iss": tenant(i), "exp": noon.Add(24 * time.Hour).Unix()})
	return sign(f, f.signer, atJWT, claims)
}

// load has the tenants from first to before last send their first token.
func (f *fleet) load(first, last int) {
	f.Helper()
	for i := first; i < last; i++ {
		accepted(f, f, f.token(i))
	}
}

// loadForged does so with tokens that nobody signed who may.
func (f *fleet) loadForged(first, last int) {
	f.Helper()
	f.signer = newSigner(f, jose.ES256, f.signer.KeyID())
	for i := first; i < last; i++ {
		refused(f, f, f.token(i), middleware.ReasonBadSignature)
	}
}

// inUse returns the bytes of heap and stacks in use. It collects twice, since a sync.Pool survives one collection.
func inUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}

// BenchmarkResolverMemory reports what an issuer takes whose keys were fetched and with which nothing happens.
func BenchmarkResolverMemory(b *testing.B) {
	small := []*jose.Signer{signerOf(b, jose.ES256)}
	large := append(small, newSigner(b, jose.RS256, "this year's"), newSigner(b, jose.RS256, "next year's"))
	for _, bb := range []struct {
		name string
		keys []*jose.Signer
		load func(*fleet)
	}{
		{"keys=1", small, func(f *fleet) { f.load(0, manyIssuers) }},
		{"keys=3", large, func(f *fleet) { f.load(0, manyIssuers) }},
		{"keys=1/forged", small, func(f *fleet) { f.loadForged(0, manyIssuers) }},
		{"keys=1/evicted=10000", small, func(f *fleet) {
			f.load(0, manyIssuers)
			f.now = f.now.Add(time.Hour)
			f.load(manyIssuers, 2*manyIssuers)
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				f := newFleet(b, jwks.ResolverConfig{}, bb.keys...)
				bb.load(f)
				b.ReportMetric(float64(inUse()-before)/manyIssuers, "bytes/issuer")
				if f.Live() != manyIssuers {
					b.Errorf("%d live, want %d", f.Live(), manyIssuers)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkResolverHangingLookup reports what a look-up takes that nobody waits for any more.
func BenchmarkResolverHangingLookup(b *testing.B) {
	const many = 4096
	gone, leave := context.WithCancel(b.Context())
	leave()
	for b.Loop() {
		hanging, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		r := newResolver(b, jwks.ResolverConfig{Resolve: func(context.Context, string) (jwks.Config, error) {
			hanging <- struct{}{}
			<-release
			defer func() { ended <- struct{}{} }()
			return jwks.Config{}, jwks.ErrUnknownIssuer
		}})
		before := inUse()
		for i := range many {
			token := sign(b, signerOf(b, jose.ES256), atJWT, accessClaims(object{"iss": tenant(i)}))
			_, err := r.Validate(gone, token)
			wantOutcome(b, err, middleware.ErrUnavailable, middleware.ReasonIssuerUnavailable)
			<-hanging
		}
		b.ReportMetric(float64(inUse()-before)/many, "bytes/look-up")
		close(release)
		for range many {
			<-ended
		}
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkResolverLookup validates a token by turns with a Resolver of many issuers and with a plain Validator.
func BenchmarkResolverLookup(b *testing.B) {
	f := newFleet(b, jwks.ResolverConfig{}, signerOf(b, jose.ES256))
	f.load(0, manyIssuers)
	token := f.token(manyIssuers / 2)
	plain := newValidator(b, jwks.Config{
		Issuer: tenant(manyIssuers / 2), Audience: audience, Now: atNoon,
		HTTPClient: &http.Client{Transport: &internet{keys: keySet(b, signerOf(b, jose.ES256))}},
	})
	accepted(b, plain, token)
	timed := func(v middleware.Validator, took []time.Duration) []time.Duration {
		start := time.Now()
		accepted(b, v, token)
		return append(took, time.Since(start))
	}
	var byResolver, byValidator []time.Duration
	for b.Loop() { // each of them comes first once, and second once
		byResolver = timed(f, byResolver)
		byValidator = timed(plain, byValidator)
		byValidator = timed(plain, byValidator)
		byResolver = timed(f, byResolver)
	}
	b.ReportMetric(median(byResolver), "ns/resolver")
	b.ReportMetric(median(byValidator), "ns/validator")
	b.ReportMetric(median(byResolver)/median(byValidator), "ratio")
	b.ReportMetric(0, "ns/op")
}

// median returns the nanoseconds of the middle one, which other work of the machine changes less than the mean.
func median(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)/2].Nanoseconds())
}

// BenchmarkResolverNewcomer is the first token of an issuer, its keys fetched from memory: while there is room, and
// when another issuer has to go.
func BenchmarkResolverNewcomer(b *testing.B) {
	for name, most := range map[string]int{"room": 1 << 30, "full": manyIssuers} {
		b.Run(name, func(b *testing.B) {
			f := newFleet(b, jwks.ResolverConfig{MaxIssuers: most}, signerOf(b, jose.ES256))
			f.load(0, manyIssuers)
			f.now = f.now.Add(time.Minute)
			for next := manyIssuers; b.Loop(); next++ {
				b.StopTimer()
				f.now = f.now.Add(time.Minute / manyIssuers) // whoever's turn it is has been idle for a minute
				token := f.token(next)
				b.StartTimer()
				accepted(b, f, token)
			}
		})
	}
}
