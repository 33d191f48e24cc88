package jwks_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// secretOf returns a secret of that many octets.
func secretOf(octets int) []byte { return bytes.Repeat([]byte("kkko"), octets/4+1)[:octets] }

func TestNewRefuses(t *testing.T) {
	keys := parseKeys(t, keySet(t, signerOf(t, jose.ES256)))
	for name, tt := range map[string]struct {
		change func(*jwks.Config)
		want   []string // parts of the error
	}{
		"no issuer":        {func(c *jwks.Config) { c.Issuer = "" }, []string{"Issuer is required", "as tokens carry it in iss"}},
		"no audience":      {func(c *jwks.Config) { c.Audience = "" }, []string{"Audience is required", "writes it into aud"}},
		"nothing":          {func(c *jwks.Config) { *c = jwks.Config{} }, []string{"Issuer is required"}},
		"empty audience":   {func(c *jwks.Config) { c.OtherAudiences = []string{"a", ""} }, []string{"OtherAudiences[1] is empty"}},
		"space at issuer":  {func(c *jwks.Config) { c.Issuer += " " }, []string{"Issuer: ", "white space"}},
		"space at URL":     {func(c *jwks.Config) { c.JWKSURL = keysURL + " " }, []string{"JWKSURL: ", "white space"}},
		"port of URL":      {func(c *jwks.Config) { c.JWKSURL = "https://as.example.com:99999" }, []string{"JWKSURL: ", "port"}},
		"line of issuer":   {func(c *jwks.Config) { c.Issuer, c.JWKSURL = "joe\n", keysURL }, []string{"Issuer: ", "line break"}},
		"blank audience":   {func(c *jwks.Config) { c.Audience = " " }, []string{"Audience: ", "white space"}},
		"line of audience": {func(c *jwks.Config) { c.Audience += "\n" }, []string{"Audience: ", "line break"}},
		"NUL in audience":  {func(c *jwks.Config) { c.OtherAudiences = []string{"a\x00b"} }, []string{"OtherAudiences[0]: ", "control character"}},
		"metadata URL":     {func(c *jwks.Config) { c.Issuer += "/.well-known/openid-configuration" }, []string{"Issuer: ", "member issuer"}},
		"unknown profile":  {func(c *jwks.Config) { c.Profile = "oidc" }, []string{`unknown Profile "oidc"`, "constants"}},
		"http issuer":      {func(c *jwks.Config) { c.Issuer = "http://as.example.com" }, []string{"Issuer: ", "must be https"}},
		"issuer no URL":    {func(c *jwks.Config) { c.Issuer = "as.example.com" }, []string{"Issuer: ", "not an absolute URL"}},
		"issuer query":     {func(c *jwks.Config) { c.Issuer += "?a=b" }, []string{"Issuer: ", "must not have a query"}},
		"issuer no query":  {func(c *jwks.Config) { c.Issuer += "?" }, []string{"Issuer: ", "must not have a query"}},
		"issuer fragment":  {func(c *jwks.Config) { c.Issuer += "#f" }, []string{"Issuer: ", "must not have a fragment"}},
		"issuer password":  {func(c *jwks.Config) { c.Issuer = "https://u:pw@as.example.com" }, []string{"Issuer: ", "credentials"}},
		"http JWKSURL":     {func(c *jwks.Config) { c.JWKSURL = "http://as.example.com/keys" }, []string{"JWKSURL: ", "must be https"}},
		"ftp JWKSURL":      {func(c *jwks.Config) { c.JWKSURL = "ftp://as.example.com/keys" }, []string{"JWKSURL: ", "not ftp"}},
		"relative JWKSURL": {func(c *jwks.Config) { c.JWKSURL = "/keys" }, []string{"JWKSURL: ", "not an absolute URL"}},
		"loopback issuer":  {func(c *jwks.Config) { c.Issuer = "http://127.0.0.1:9000" }, []string{"Issuer: ", "must be https", "AllowLoopbackHTTP"}},
		"loopback JWKSURL": {func(c *jwks.Config) { c.JWKSURL = "http://localhost:9000/keys" }, []string{"JWKSURL: ", "AllowLoopbackHTTP"}},
		"http beyond loopback": {
			func(c *jwks.Config) { c.Issuer, c.AllowLoopbackHTTP = "http://as.example.com", true },
			[]string{"Issuer: ", "loopback hosts only"},
		},
		"JWKSURL and Keys":   {func(c *jwks.Config) { c.JWKSURL, c.Keys = keysURL, keys }, []string{"only one of JWKSURL, Keys and Secret"}},
		"JWKSURL and Secret": {func(c *jwks.Config) { c.JWKSURL, c.Secret = keysURL, secretOf(32) }, []string{"algorithm confusion"}},
		"Keys and Secret":    {func(c *jwks.Config) { c.Keys, c.Secret = keys, secretOf(32) }, []string{"algorithm confusion"}},
		"empty Keys":         {func(c *jwks.Config) { c.Keys = &jwks.Keys{} }, []string{"Keys is empty", "ParseKeys or ParsePEM"}},
		"short Secret":       {func(c *jwks.Config) { c.Secret = secretOf(31) }, []string{"Secret: ", "shorter than 32"}},
		"empty Secret":       {func(c *jwks.Config) { c.Secret = []byte{} }, []string{"Secret: ", "shorter than 32"}},
		"Secret not filled":  {func(c *jwks.Config) { c.Secret = make([]byte, 32) }, []string{"Secret: ", "the same", "crypto/rand"}},
		"Secret of a file":   {func(c *jwks.Config) { c.Secret = append(secretOf(40), '\n') }, []string{"Secret: ", "line break"}},
		"public key, Secret": {
			func(c *jwks.Config) { c.Secret = []byte("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEF\n") },
			[]string{"Secret: ", "PEM block"},
		},
		"nil Transport": {
			func(c *jwks.Config) { c.HTTPClient = &http.Client{Transport: (*http.Transport)(nil)} },
			[]string{"HTTPClient: ", "nil pointer"},
		},
		"leeway":            {func(c *jwks.Config) { c.Leeway = 5*time.Minute + 1 }, []string{"Leeway must be at most 5 minutes"}},
		"FetchTimeout off":  {func(c *jwks.Config) { c.FetchTimeout = -1 }, []string{"FetchTimeout cannot be off"}},
		"Cooldown off":      {func(c *jwks.Config) { c.Cooldown = -1 }, []string{"Cooldown cannot be off"}},
		"Leeway of 30":      {func(c *jwks.Config) { c.Leeway = 30 }, []string{"Leeway is 30ns", "5*time.Second"}},
		"FetchTimeout of 5": {func(c *jwks.Config) { c.FetchTimeout = 5 }, []string{"FetchTimeout is 5ns", "5*time.Second"}},
		"Cooldown of 30":    {func(c *jwks.Config) { c.Cooldown = 30 }, []string{"Cooldown is 30ns", "5*time.Second"}},
		"MaxStale of 1":     {func(c *jwks.Config) { c.MaxStale = 1 }, []string{"MaxStale is 1ns", "5*time.Second"}},
		"FetchTimeout":      {func(c *jwks.Config) { c.FetchTimeout = math.MaxInt64 }, []string{"FetchTimeout must be at most 1m0s"}},
		"Cooldown":          {func(c *jwks.Config) { c.Cooldown = math.MaxInt64 }, []string{"Cooldown must be at most 1h0m0s"}},
		"MaxStale":          {func(c *jwks.Config) { c.MaxStale = math.MaxInt64 }, []string{"MaxStale must be at most 168h0m0s"}},
		"none":              {func(c *jwks.Config) { c.Algorithms = []string{"none"} }, []string{`Algorithms: "none" is not a supported`}},
		"ES256K":            {func(c *jwks.Config) { c.Algorithms = []string{"RS256", "ES256K"} }, []string{`"ES256K" is not a supported`}},
		"HS256 for keys":    {func(c *jwks.Config) { c.Algorithms = []string{"RS256", "HS256"} }, []string{"HS256 goes with Secret"}},
		"RS256 for a secret": {
			func(c *jwks.Config) { c.Secret, c.Algorithms = secretOf(32), []string{"HS256", "RS256"} },
			[]string{"RS256 does not fit the keys"},
		},
		"several at once": {
			func(c *jwks.Config) { c.Audience, c.Leeway, c.Keys = "", time.Hour, &jwks.Keys{} },
			[]string{"Audience is required", "Leeway must be", "Keys is empty"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := jwks.Config{Issuer: issuer, Audience: audience}
			tt.change(&cfg)
			v, err := jwks.New(cfg)
			if err == nil || v != nil {
				t.Fatalf("accepted: %v", v)
			}
			for _, part := range append(tt.want, "jwks: ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "kkkk") || strings.Contains(err.Error(), "pw") {
				t.Errorf("error %q repeats a secret", err)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for name, cfg := range map[string]jwks.Config{
		"the least":          {},
		"path and port":      {Issuer: "https://as.example.com:8443/realms/a/"},
		"the most leeway":    {Leeway: 5 * time.Minute},
		"off":                {Leeway: -1, MaxStale: -1},
		"the longest":        {FetchTimeout: time.Minute, MaxStale: 7 * 24 * time.Hour, Cooldown: time.Hour},
		"loopback":           {Issuer: "http://127.0.0.1:9000", AllowLoopbackHTTP: true},
		"loopback by name":   {Issuer: "http://localhost:9000", AllowLoopbackHTTP: true},
		"loopback, IPv6":     {Issuer: "http://[::1]:9000", AllowLoopbackHTTP: true},
		"key set URL":        {JWKSURL: "https://cdn.example.net/keys?app=1"},
		"any name of a file": {Issuer: "joe", Keys: parseKeys(t, keySet(t, signerOf(t, jose.ES256)))},
		"any name, secret":   {Issuer: "joe", Secret: secretOf(32)},
		"no algorithms":      {Algorithms: []string{}},
		"HS256":              {Secret: secretOf(64), Algorithms: []string{"HS256"}},
	} {
		if cfg.Issuer == "" {
			cfg.Issuer = issuer
		}
		cfg.Audience = audience
		if _, err := jwks.New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfigIsCopied: what the caller does to its configuration afterwards changes nothing.
func TestConfigIsCopied(t *testing.T) {
	secret, algorithms, client := secretOf(32), []string{"HS256"}, &http.Client{}
	s, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Secret: secret, Algorithms: algorithms, HTTPClient: client, Now: atNoon,
	})
	token := sign(t, s, atJWT, accessClaims(nil))
	clear(secret)
	algorithms[0] = "RS256"
	accepted(t, v, token)
	if client.CheckRedirect != nil {
		t.Error("the client was changed")
	}
}

func TestSecret(t *testing.T) {
	s, err := jose.NewSecretSigner(secretOf(32), "any")
	if err != nil {
		t.Fatal(err)
	}
	v := newValidator(t, jwks.Config{
		Issuer: issuer, Audience: audience, Secret: secretOf(32), HTTPClient: trap(t), Now: atNoon,
	})
	for _, keyID := range []any{nil, "", "any", "other"} {
		accepted(t, v, sign(t, s, over(atJWT, object{"kid": keyID}), accessClaims(nil)))
	}
	if state := v.State(); !state.Usable || state.Keys != 1 {
		t.Errorf("state %+v", state)
	}
	refused(t, v, sign(t, signerOf(t, jose.HS256), atJWT, accessClaims(nil)), middleware.ReasonUnknownKey)
	refused(t, v, sign(t, signerOf(t, jose.RS256), atJWT, accessClaims(nil)), middleware.ReasonAlgorithmNotAllowed)
	refused(t, v, sign(t, s, typJWT, accessClaims(nil)), middleware.ReasonWrongType)
}

// TestLoopback: an issuer on http works if it is allowed, and the default client reaches it.
func TestLoopback(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{PlainHTTP: true, Algorithms: []string{"ES256"}, Audience: audience})
	v := newValidator(t, jwks.Config{Issuer: as.Issuer(), Audience: audience, AllowLoopbackHTTP: true})
	accepted(t, v, as.Mint(oauthtest.Token{}))
	if _, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: audience}); err == nil {
		t.Error("http was accepted")
	}
}

// TestRefusedConnection: nobody listens where the issuer should be.
func TestRefusedConnection(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Algorithms: []string{"ES256"}, Audience: audience})
	v := newValidator(t, jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	token := as.Mint(oauthtest.Token{})
	_ = as.Close()
	undecided(t, v, token)
}

// TestOthersRefuse: what is made of a Validator, or of a function that finds its configuration, is checked as early.
func TestOthersRefuse(t *testing.T) {
	good := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience})
	resolve := func(context.Context, string) (jwks.Config, error) { return jwks.Config{}, jwks.ErrUnknownIssuer }
	nothing := &http.Client{Transport: (*http.Transport)(nil)}
	router := func(v *jwks.Validator) error { _, err := jwks.Issuers(good, v); return err }
	verifier := func(v *jwks.Validator, c jwks.VerifierConfig) error { _, err := v.Verifier(c); return err }
	resolver := func(c jwks.ResolverConfig) error { c.Resolve = resolve; _, err := jwks.NewResolver(c); return err }
	keys := func(_ *jwks.Keys, err error) error { return err }
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"nil behind a Router":      {router(nil), "not made with New"},
		"zero behind a Router":     {router(&jwks.Validator{}), "not made with New"},
		"Verifier of nil":          {verifier(nil, jwks.VerifierConfig{Type: "logout+jwt"}), "made with New"},
		"Verifier of zero":         {verifier(&jwks.Validator{}, jwks.VerifierConfig{Type: "logout+jwt"}), "made with New"},
		"Verifier, blank type":     {verifier(good, jwks.VerifierConfig{Type: " "}), "Type must be"},
		"Verifier, line of type":   {verifier(good, jwks.VerifierConfig{Type: "logout+jwt\n"}), "Type must be"},
		"Verifier, blank audience": {verifier(good, jwks.VerifierConfig{Type: "logout+jwt", Audience: " "}), "Audience: it has white space"},
		"Resolver for nobody":      {resolver(jwks.ResolverConfig{ReadyFor: []string{""}}), "ResolverConfig.ReadyFor[0] is empty"},
		"Resolver for odd names":   {resolver(jwks.ResolverConfig{ReadyFor: []string{issuer + "\n"}}), "ResolverConfig.ReadyFor[0]: it has a control"},
		"Resolver, nil Transport":  {resolver(jwks.ResolverConfig{HTTPClient: nothing}), "ResolverConfig.HTTPClient: its Transport"},
		"Resolver, no unit":        {resolver(jwks.ResolverConfig{UnknownFor: 30}), "ResolverConfig.UnknownFor is 30ns"},
		"Resolver, for ever":       {resolver(jwks.ResolverConfig{UnknownFor: math.MaxInt64}), "ResolverConfig.UnknownFor must be at most"},
		"PEM as a JWK Set":         {keys(jwks.ParseKeys([]byte("-----BEGIN PUBLIC KEY-----"))), "PEM is for ParsePEM"},
		"JWK Set as PEM":           {keys(jwks.ParsePEM([]byte(`{"keys":[]}`))), "a JWK Set is for ParseKeys"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, tt.err, tt.want)
		}
	}
}

// What a typ may consist of is visible ASCII.
func TestVerifierType(t *testing.T) {
	v := newValidator(t, jwks.Config{Issuer: issuer, Audience: audience})
	for c := range rune(256) {
		_, err := v.Verifier(jwks.VerifierConfig{Type: "logout" + string(c) + "jwt"})
		if got, want := err == nil, '!' <= c && c <= '~'; got != want {
			t.Errorf("%q: taken %v, want %v", c, got, want)
		}
	}
}

// TestZeroValues: what no constructor made honours nothing and says why.
func TestZeroValues(t *testing.T) {
	token := sign(t, signerOf(t, jose.ES256), atJWT, accessClaims(nil))
	for name, v := range map[string]middleware.Validator{"Validator": &jwks.Validator{}, "Resolver": &jwks.Resolver{}} {
		if _, err := v.Validate(t.Context(), token); !errors.Is(err, middleware.ErrMisconfigured) {
			t.Errorf("%s: %v", name, err)
		}
	}
	router := &jwks.Router{}
	if _, err := router.Validate(t.Context(), token); middleware.ReasonOf(err) != middleware.ReasonUntrustedIssuer {
		t.Errorf("Router: %v", err)
	}
}
