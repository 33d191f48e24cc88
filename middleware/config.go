package middleware

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// Config configures a [Guard]. Its zero value is the strict default.
type Config struct {
	// Realm is the realm of the challenges, printable ASCII. Default: "api". RFC 6750 wants at least one parameter in
	// every challenge, so it cannot be left out.
	Realm string
	// ResourceMetadata is the absolute URL of this resource server's metadata (RFC 9728), named in every challenge. It
	// must be https; http is accepted for loopback hosts. Default: none.
	ResourceMetadata string
	// Metadata is served by [Guard.MetadataHandler] and named in every challenge: it sets ResourceMetadata. Default: none.
	Metadata Metadata
	// AdvertiseScopes names a route's scopes in the challenge to requests without credentials, as clients that ask for
	// scopes on demand (MCP among them) expect. Refusals for want of a scope always name it.
	AdvertiseScopes bool

	// AllowFormToken accepts the access_token parameter of a form body (RFC 6750, section 2.2). The body is read up to
	// 1 MiB and restored for the handler.
	AllowFormToken bool
	// AllowQueryToken accepts the access_token parameter of the URL (RFC 6750, section 2.3). URLs end up in logs,
	// histories and Referer fields; OAuth 2.1 forbids this. By default such a parameter is ignored.
	AllowQueryToken bool
	// RefuseQueryToken answers 400 to a request with an access_token parameter in its URL, so that authors of clients
	// notice. It excludes AllowQueryToken.
	RefuseQueryToken bool
	// AllowPreflight lets CORS preflights pass: OPTIONS with Origin and Access-Control-Request-Method and without
	// credentials. Leave it off when a CORS middleware answers them first.
	AllowPreflight bool

	// Revocations is asked about every token the Validator honours, such as a *revocation.List. Default: none, and a
	// revoked token passes until it expires or the Validator notices.
	Revocations RevocationList

	// Bindings verify that tokens bound to a key come from whoever holds it, such as a *dpop.Verifier and a
	// *mtls.Verifier. A token with several bindings has to satisfy all. Default: none, and a bound token is refused.
	Bindings []Binding
	// RequireBinding refuses tokens that are bound to no key, with ReasonNotBound. It needs Bindings.
	RequireBinding bool
	// FAPI2 holds this Guard to FAPI 2.0 Security Profile: New refuses a configuration without Bindings, without a way to
	// learn of revocations, with algorithms other than PS256, ES256 and EdDSA, or with tokens outside the Authorization
	// field. It implies RequireBinding.
	FAPI2 bool
	// ExposeChallenges lets scripts in browsers read WWW-Authenticate and DPoP-Nonce of answers to other origins, by an
	// Access-Control-Expose-Headers field. Leave it off when a CORS middleware names them.
	ExposeChallenges bool

	// Implies reports whether a granted scope includes a required one that it is not, as write may include read. It is
	// asked on every request that lacks a scope, and must be safe for concurrent use. Default: scopes include themselves
	// alone.
	Implies func(granted, required string) bool

	// OnDecision is told of every decision, after it was made and before it is acted upon. It runs on the request's
	// goroutine and must be safe for concurrent use. [LogDecisions] makes one for log/slog. Default: none.
	OnDecision func(context.Context, Decision)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// New returns a Guard that trusts the tokens validator honours. It does no I/O. It returns an error for a configuration
// that would be unsafe or could not work.
func New(validator Validator, cfg Config) (*Guard, error) {
	if isNil(validator) {
		return nil, errors.New("oauth: a Guard needs a Validator, such as the result of jwks.New or introspection.New")
	}
	if err := checkParts(validator); err != nil {
		return nil, err
	}
	if cfg.Revocations != nil && isNil(cfg.Revocations) {
		return nil, errors.New("oauth: Revocations is a nil pointer, as after an error that nobody looked at: set a list, or leave it out")
	}
	if strings.ContainsFunc(cfg.Realm, func(c rune) bool { return c < ' ' || c > '~' }) {
		return nil, errors.New("oauth: Realm must be printable ASCII")
	}
	if cfg.AllowQueryToken && cfg.RefuseQueryToken {
		return nil, errors.New("oauth: AllowQueryToken and RefuseQueryToken exclude each other, set one")
	}
	metadataURL, err := cfg.applyMetadata()
	if err != nil {
		return nil, err
	}
	if err := checkMetadataURL(cfg.ResourceMetadata); err != nil {
		return nil, err
	}
	cfg.RequireBinding = cfg.RequireBinding || cfg.FAPI2
	bindings, err := newBindings(&cfg)
	if err == nil {
		err = cfg.checkFAPI(validator, &bindings)
	}
	if err != nil {
		return nil, err
	}
	if cfg.Realm == "" {
		cfg.Realm = "api"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Guard{validator: syntaxFirst(validator), config: cfg, bindings: bindings, metadataURL: metadataURL, routes: &declared{}}
	g.layers.of(g)
	return g, nil
}

// isNil also finds a nil pointer or function inside an interface, which comes from an error that nobody looked at.
func isNil(part any) bool {
	switch value := reflect.ValueOf(part); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Func, reflect.Map, reflect.Pointer:
		return value.IsNil()
	default:
		return false
	}
}

func checkMetadataURL(raw string) error {
	if raw == "" {
		return nil
	}
	if u, err := url.Parse(raw); err != nil || !isPublicURL(u, raw) {
		return errors.New("oauth: ResourceMetadata must be an absolute https URL without credentials and fragment; http only for loopback hosts")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
