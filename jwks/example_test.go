package jwks_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// A validator needs the issuer and the name of this resource server. It finds the keys by itself.
func ExampleNew() {
	as, err := oauthtest.Start(oauthtest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	validator, err := jwks.New(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://api.example.com",
		HTTPClient: as.HTTPClient(), // because of the test server's certificate
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()

	token, err := validator.Validate(context.Background(), as.Mint(oauthtest.Token{Scope: "orders:read"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Subject, token.Scopes.Has("orders:read"))

	_, err = validator.Validate(context.Background(), as.Mint(oauthtest.Token{Audience: []string{"https://other.example.com"}}))
	fmt.Println(errors.Is(err, middleware.ErrInvalidToken), middleware.ReasonOf(err))
	// Output:
	// alice true
	// true wrong_audience
}

// An issuer that cannot follow RFC 9068 gets its profile.
func ExampleNew_profile() {
	validator, err := jwks.New(jwks.Config{
		Issuer:   "https://sso.example.com/realms/shop",
		Audience: "orders",
		Profile:  jwks.Keycloak,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()
	fmt.Println(validator.State().Usable) // no token has needed a key yet
	// Output: false
}

// Two issuers, each with its own keys, profile and audience, look like one validator.
func ExampleIssuers() {
	customers, err := jwks.New(jwks.Config{
		Issuer:   "https://login.example.com",
		Audience: "https://orders.example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	employees, err := jwks.New(jwks.Config{
		Issuer:   "https://login.microsoftonline.com/8f0bd3f1-6f0b-4c2a-9d3c-51f6a4c0a111/v2.0",
		Audience: "1f7c2d8e-2f66-4b0e-8a55-9a3c7c6b1222",
		Profile:  jwks.Entra,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	validator, err := jwks.Issuers(customers, employees)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()

	guard, err := middleware.New(validator, middleware.Config{})
	fmt.Println(guard != nil, err, len(validator.States()))
	// Output: true <nil> 2
}

// A service with many tenants looks an issuer up when its first token arrives.
func ExampleNewResolver() {
	as, err := oauthtest.Start(oauthtest.Config{Path: "/tenants/acme"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	tenants := map[string]string{as.Issuer(): "https://acme.example.com"} // issuer to audience
	resolver, err := jwks.NewResolver(jwks.ResolverConfig{
		HTTPClient: as.HTTPClient(),
		Resolve: func(_ context.Context, issuer string) (jwks.Config, error) {
			audience, ok := tenants[issuer]
			if !ok {
				return jwks.Config{}, jwks.ErrUnknownIssuer
			}
			return jwks.Config{Issuer: issuer, Audience: audience}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	acme := oauthtest.Token{Audience: []string{"https://acme.example.com"}}
	_, err = resolver.Validate(context.Background(), as.Mint(acme))
	fmt.Println(err, resolver.Live())

	acme.Claims = map[string]any{"iss": "https://stranger.example"}
	_, err = resolver.Validate(context.Background(), as.Mint(acme))
	fmt.Println(middleware.ReasonOf(err), resolver.Live())
	// Output:
	// <nil> 1
	// untrusted_issuer 1
}

// Keys from a file need no network.
func ExampleParseKeys() {
	keys, err := jwks.ParseKeys([]byte(`{"keys":[
		{"kty":"OKP","crv":"Ed25519","kid":"2026","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		{"kty":"RSA","kid":"2014","e":"AQAB","n":"thOicYwo9hPTFqDAYFPEWVJgxJFBtHlmy4hsYa4ZPc4"}
	]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range keys.Skipped() {
		fmt.Println(key.KeyID, key.Reason)
	}
	validator, err := jwks.New(jwks.Config{Issuer: "https://login.example.com", Audience: "orders", Keys: keys})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(validator.State().Keys)
	// Output:
	// 2014 rsa modulus not of 2048 to 8192 bits
	// 1
}
