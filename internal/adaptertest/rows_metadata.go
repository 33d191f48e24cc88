package adaptertest

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

const (
	wellKnown = "/.well-known/oauth-protected-resource"
	// neighbours is the path of the other tenant's route. That of the scene has the usual one.
	neighbours = "/neighbours"
)

// resourceRows play the rows M: what a resource server says of itself, and several of them in one process.
var resourceRows = map[string]func(*scene){
	"M01": func(s *scene) { s.playMetadata("https://api.example", wellKnown) },
	"M02": func(s *scene) { s.playMetadata("https://api.example/tenant1", wellKnown+"/tenant1") },
	"M04": playTenants,
}

// playMetadata finds the metadata of a resource at a path: the document, and the challenges that name it.
func (s *scene) playMetadata(resource, path string) {
	s.Helper()
	s.guard.Metadata = middleware.Metadata{Resource: resource}
	s.policy = reading
	document := get().to(path)
	s.expect(
		document,
		document.as(http.MethodHead),
		document.with("Host", "evil.example").with("X-Forwarded-Host", "evil.example"),
		document.with("Authorization", "Bearer x"), // credentials mean nothing here, not even bad ones
		document.with("Authorization", "Bearer", "Basic dTpw"),
	)
	s.wantDocument(document, map[string]any{
		"resource":                 resource,
		"authorization_servers":    []any{s.issuer.Issuer()},
		"scopes_supported":         []any{"read"},
		"bearer_methods_supported": []any{"header"},
	})
	for method, status := range map[string]int{
		http.MethodOptions: http.StatusNoContent, http.MethodPost: http.StatusMethodNotAllowed,
	} {
		if got := s.send(document.as(method)); got.Status != status {
			s.Errorf("%s: status %d, want %d", method, got.Status, status)
		}
	}
	named := `Bearer resource_metadata="https://api.example` + path + `"`
	s.also("no token", want{http.StatusUnauthorized, named + ` !error`}, get())
	s.also("bad token", want{http.StatusUnauthorized, named + ` error="invalid_token"`}, bearer("x"))
	s.also("no scope", want{http.StatusForbidden, named + ` error="insufficient_scope" scope="read"`},
		s.mint(oauthtest.Token{}))
}

// wantDocument wants a metadata document with exactly those members.
func (s *scene) wantDocument(r request, want map[string]any) {
	s.Helper()
	got := s.send(r)
	var document map[string]any
	if err := json.Unmarshal([]byte(got.Body), &document); err != nil || !reflect.DeepEqual(document, want) {
		s.Errorf("%s: the document is %s, %v; want %v", s.name, got.Body, err, want)
	}
	s.wantField(got, "Content-Type", "application/json")
	s.wantField(got, "Cache-Control", "public, max-age=3600")
	s.wantField(got, "Access-Control-Allow-Origin", "*")
}

// playTenants plays two tenants with authorization servers of their own, whose users and key IDs are the same.
func playTenants(s *scene) {
	other := oauthtest.NewServer(s, oauthtest.Config{
		InMemory:   true,
		Host:       "neighbour.example.com",
		Audience:   audience,
		Algorithms: []string{"ES256"},
		Now:        s.clock.Now,
	})
	s.eitherWay(func() {
		s.trusting(other, func() { s.others = []Route{{Path: neighbours, Guard: s.newGuard(s.validator())}} })
		s.restart()
		s.playBorders(other)
	})
	// And with one Guard for both, which has one cache for their tokens.
	s.asking, s.others = nil, nil
	s.restart()
	s.policy, s.beside = issuedBy(s.issuer), map[string]middleware.Policy{neighbours: issuedBy(other)}
	configs := map[string]jwks.Config{s.issuer.Issuer(): s.keyConfig()}
	s.trusting(other, func() { configs[other.Issuer()] = s.keyConfig() })
	for _, both := range []middleware.Validator{s.router(configs), s.resolver(configs)} {
		s.mount(s.newGuard(both))
		s.playBorders(other)
	}
}

// trusting runs f as if another authorization server were that of the scene.
func (s *scene) trusting(other *oauthtest.Server, f func()) {
	own := s.issuer
	defer func() { s.issuer = own }()
	s.issuer = other
	f()
}

// issuedBy is the policy of a route for the tokens of one issuer.
func issuedBy(issuer *oauthtest.Server) middleware.Policy {
	return middleware.Policy{Check: func(_ context.Context, t middleware.Token) error {
		if t.Issuer != issuer.Issuer() {
			return middleware.Reject(middleware.ReasonUntrustedIssuer, nil)
		}
		return nil
	}}
}

func (s *scene) router(configs map[string]jwks.Config) middleware.Validator {
	s.Helper()
	var validators []*jwks.Validator
	for _, config := range configs {
		validators = append(validators, s.newValidator(config))
	}
	router, err := jwks.Issuers(validators...)
	if err != nil {
		s.Fatal(err)
	}
	return router
}

func (s *scene) resolver(configs map[string]jwks.Config) middleware.Validator {
	s.Helper()
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			config, found := configs[issuer]
			if !found {
				return jwks.Config{}, jwks.ErrUnknownIssuer
			}
			return config, nil
		},
		Now: s.clock.Now,
	})
	if err != nil {
		s.Fatal(err)
	}
	return resolver
}

// playBorders sends the tokens of each tenant to the other, before and after they were good at home.
func (s *scene) playBorders(other *oauthtest.Server) {
	s.Helper()
	opaque := s.asking != nil
	ours := bearer(s.issuer.Mint(oauthtest.Token{Opaque: opaque, Scope: "read"}))
	theirs := bearer(other.Mint(oauthtest.Token{Opaque: opaque, Scope: "read"}))
	forged := bearer(s.issuer.Mint(oauthtest.Token{Opaque: opaque, Claims: map[string]any{"iss": other.Issuer()}}))
	for range 2 {
		s.expect(ours.to(neighbours), theirs, forged, forged.to(neighbours))
		s.also("at home", ok, ours, theirs.to(neighbours))
	}
}
