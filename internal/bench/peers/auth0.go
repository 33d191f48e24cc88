package peers

import (
	"context"
	"time"

	jwksv2 "github.com/auth0/go-jwt-middleware/v2/jwks"
	validatorv2 "github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

type auth0Claims struct {
	ClientID    string      `json:"client_id"`
	Scope       string      `json:"scope"`
	RealmAccess realmAccess `json:"realm_access"`
}

// Validate has nothing to say.
func (*auth0Claims) Validate(context.Context) error { return nil }

func auth0v2(_ context.Context, s Source) (Validate, error) {
	v, err := auth0v2Validator(s)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) error {
		_, err := v.ValidateToken(ctx, token)
		return err
	}, nil
}

func auth0v2Validator(s Source) (*validatorv2.Validator, error) {
	issuer, keys, err := s.urls()
	if err != nil {
		return nil, err
	}
	key := jwksv2.NewCachingProvider(issuer, 5*time.Minute, jwksv2.WithCustomJWKSURI(keys)).KeyFunc
	if s.Algorithm == tokens.HS256 {
		key = func(context.Context) (any, error) { return s.Secret, nil }
	}
	return validatorv2.New(key, validatorv2.SignatureAlgorithm(s.Algorithm), s.Issuer, []string{s.Audience},
		validatorv2.WithCustomClaims(func() validatorv2.CustomClaims { return new(auth0Claims) }))
}

func auth0v3(_ context.Context, s Source) (Validate, error) {
	v, err := auth0v3Validator(s)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) error {
		_, err := v.ValidateToken(ctx, token)
		return err
	}, nil
}

func auth0v3Validator(s Source) (*validator.Validator, error) {
	issuer, keys, err := s.urls()
	if err != nil {
		return nil, err
	}
	key := func(context.Context) (any, error) { return s.Secret, nil }
	if s.Algorithm != tokens.HS256 {
		provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuer), jwks.WithCustomJWKSURI(keys))
		if err != nil {
			return nil, err
		}
		key = provider.KeyFunc
	}
	return validator.New(validator.WithKeyFunc(key), validator.WithAlgorithm(validator.SignatureAlgorithm(s.Algorithm)),
		validator.WithIssuer(s.Issuer), validator.WithAudience(s.Audience),
		validator.WithCustomClaims(func() *auth0Claims { return new(auth0Claims) }))
}
