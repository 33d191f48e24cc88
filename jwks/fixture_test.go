package jwks_test

import (
	"crypto/rand"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// fixture is an authorization server in memory and a validator of its tokens, on the clock of a synctest bubble.
type fixture struct {
	*testing.T
	as *oauthtest.Server
	v  *jwks.Validator
}

// run runs a test with a fixture inside a bubble. At its end the bubble finds goroutines that were left behind.
func run(t *testing.T, change func(*jwks.Config), test func(f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
		cfg := jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()}
		if change != nil {
			change(&cfg)
		}
		test(&fixture{t, as, newValidator(t, cfg)})
	})
}

// mint returns a good token of the user alice.
func (f *fixture) mint() string { return f.as.Mint(oauthtest.Token{}) }

// mintLong returns a good token that outlives the test.
func (f *fixture) mintLong() string { return f.as.Mint(oauthtest.Token{ExpiresIn: 1000 * time.Hour}) }

// mislabelled returns a token of the issuer that names a key nobody has.
func (f *fixture) mislabelled() string {
	return f.as.Mint(oauthtest.Token{Header: object{"kid": rand.Text()}})
}

// forge returns a token that is perfect but for its signature: a stranger's, under a key ID of his choice.
func (f *fixture) forge(keyID string) string {
	f.Helper()
	return f.forgeAt(time.Now(), keyID)
}

func (f *fixture) forgeAt(now time.Time, keyID string) string {
	f.Helper()
	claims := accessClaims(object{
		"iss": f.as.Issuer(), "sub": rand.Text(), "client_id": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	return sign(f, signerOf(f, jose.ES256), over(atJWT, object{"kid": keyID}), claims)
}

func (f *fixture) accepts(accessToken string) {
	f.Helper()
	if _, err := f.v.Validate(f.Context(), accessToken); err != nil {
		f.Errorf("refused: %v", err)
	}
}

func (f *fixture) refuses(accessToken string, reason middleware.Reason) {
	f.Helper()
	refused(f, f.v, accessToken, reason)
}

func (f *fixture) cannotJudge(accessToken string) {
	f.Helper()
	undecided(f, f.v, accessToken)
}

// fetched checks how often the key set was asked for since the server started, once what has begun came to rest.
func (f *fixture) fetched(want int) {
	f.Helper()
	synctest.Wait()
	if got := f.as.Requests(oauthtest.EndpointJWKS); got != want {
		f.Errorf("the key set was fetched %d times, want %d", got, want)
	}
}

// breakKeys makes the key set endpoint misbehave.
func (f *fixture) breakKeys(fault oauthtest.Fault) { f.as.Break(oauthtest.EndpointJWKS, fault) }

// errs validates tokens concurrently and returns their outcomes in order.
func (f *fixture) errs(accessTokens []string) []error {
	outcomes := make([]error, len(accessTokens))
	var all sync.WaitGroup
	for i, accessToken := range accessTokens {
		all.Go(func() { _, outcomes[i] = f.v.Validate(f.Context(), accessToken) })
	}
	all.Wait()
	return outcomes
}

// elapse lets time pass for everybody, and what begins meanwhile come to rest.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// times returns n results of f.
func times[T any](n int, f func() T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = f()
	}
	return list
}
