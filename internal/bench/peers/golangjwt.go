package peers

import (
	"context"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

// accessClaims are what a resource server reads of a token.
type accessClaims struct {
	jwt.RegisteredClaims

	ClientID    string      `json:"client_id"`
	Scope       string      `json:"scope"`
	RealmAccess realmAccess `json:"realm_access"`
}

type realmAccess struct {
	Roles []string `json:"roles"`
}

func golangJWT(ctx context.Context, s Source) (Validate, error) {
	parse, err := golangJWTParser(ctx, s)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, token string) error {
		_, err := parse(token)
		return err
	}, nil
}

func golangJWTParser(ctx context.Context, s Source) (func(token string) (*jwt.Token, error), error) {
	key, err := keyFunc(ctx, s)
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{s.Algorithm}), jwt.WithIssuer(s.Issuer),
		jwt.WithAudience(s.Audience), jwt.WithExpirationRequired())
	return func(token string) (*jwt.Token, error) {
		return parser.ParseWithClaims(token, new(accessClaims), key)
	}, nil
}

func keyFunc(ctx context.Context, s Source) (jwt.Keyfunc, error) {
	if s.Algorithm == tokens.HS256 {
		return func(*jwt.Token) (any, error) { return s.Secret, nil }, nil
	}
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{s.JWKSURL})
	if err != nil {
		return nil, err
	}
	return keys.Keyfunc, nil
}
