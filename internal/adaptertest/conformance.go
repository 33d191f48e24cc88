package adaptertest

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// RunConformance holds an adapter against the cases that oauthtest has for everybody.
func RunConformance(t *testing.T, adapter Adapter) {
	t.Helper()
	lenient := middleware.Config{AllowFormToken: true, AllowQueryToken: true}
	for _, tt := range []struct {
		name         string
		capabilities []oauthtest.Capability
		validator    func(*oauthtest.Server) (middleware.Validator, func() error, error)
		guard        middleware.Config
	}{
		{"JWT", nil, verifying, middleware.Config{}},
		{"JWT, tokens anywhere", []oauthtest.Capability{
			oauthtest.VerifiesJWT, oauthtest.RequiresRFC9068, oauthtest.TakesFormToken, oauthtest.TakesQueryToken,
		}, verifying, lenient},
		{"introspection", []oauthtest.Capability{oauthtest.Introspects}, asking, middleware.Config{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := oauthtest.ConformanceConfig{
				Server:       oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience},
				Capabilities: tt.capabilities,
			}
			oauthtest.RunConformance(t, config, func(as *oauthtest.Server) (oauthtest.Subject, error) {
				validator, closing, err := tt.validator(as)
				if err != nil {
					return oauthtest.Subject{}, err
				}
				guard, err := middleware.New(validator, tt.guard)
				return conforming(adapter, guard, func() { _ = closing() }), err
			})
		})
	}
}

func verifying(as *oauthtest.Server) (middleware.Validator, func() error, error) {
	v, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	if err != nil {
		return nil, nil, err
	}
	return v, v.Close, nil
}

func asking(as *oauthtest.Server) (middleware.Validator, func() error, error) {
	v, err := introspection.New(introspection.Config{
		Issuer: as.Issuer(), Audience: audience, Endpoint: as.URL(oauthtest.EndpointIntrospection),
		ClientAuth: introspection.SecretBasic("api", clientSecret), HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		return nil, nil, err
	}
	return v, v.Close, nil
}

// conforming returns a service with a route for each kind of case.
func conforming(adapter Adapter, guard *middleware.Guard, closing func()) oauthtest.Subject {
	const maxAge = 5 * time.Minute
	var calls atomic.Int64
	counting := func(http.ResponseWriter, *http.Request) { calls.Add(1) }
	protecting := func(path string, policy middleware.Policy) Route {
		return Route{Path: path, Guard: guard, Policy: policy, Handler: counting}
	}
	return oauthtest.Subject{
		Handler: adapter(
			protecting("/any", middleware.Policy{}),
			protecting("/one", reading),
			protecting("/both", middleware.Policy{Scopes: []string{"read", "write"}}),
			protecting("/strong", middleware.Policy{ACRValues: []string{"gold"}}),
			protecting("/recent", middleware.Policy{MaxAge: maxAge}),
			Route{Path: "/open", Open: true, Handler: counting},
		),
		Routes: []oauthtest.Route{
			{Path: "/any"},
			{Path: "/any", Method: http.MethodPost},
			{Path: "/one", Scopes: reading.Scopes},
			{Path: "/both", Scopes: []string{"read", "write"}},
			{Path: "/strong", ACR: "gold"},
			{Path: "/recent", MaxAge: maxAge},
			{Path: "/open", Public: true},
		},
		Calls: func() int { return int(calls.Load()) },
		Close: closing,
	}
}
