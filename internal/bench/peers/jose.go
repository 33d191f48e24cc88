package peers

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	capjwt "github.com/hashicorp/cap/jwt"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

func goOIDC(ctx context.Context, s Source) (Validate, error) {
	keys := gooidc.NewRemoteKeySet(ctx, s.JWKSURL)
	verifier := gooidc.NewVerifier(s.Issuer, keys, &gooidc.Config{
		ClientID: s.Audience, SupportedSigningAlgs: []string{s.Algorithm},
	})
	return func(ctx context.Context, token string) error {
		_, err := verifier.Verify(ctx, token)
		return err
	}, nil
}

var errUnknownKey = errors.New("unknown key")

func goJose(ctx context.Context, s Source) (Validate, error) {
	var set jose.JSONWebKeySet
	if s.Algorithm != tokens.HS256 {
		document, err := fetch(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(document, &set); err != nil {
			return nil, err
		}
	}
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.Algorithm)}
	expected := jwt.Expected{Issuer: s.Issuer, AnyAudience: jwt.Audience{s.Audience}}
	return func(_ context.Context, token string) error {
		parsed, err := jwt.ParseSigned(token, algorithms)
		if err != nil {
			return err
		}
		var key any = s.Secret
		if s.Algorithm != tokens.HS256 {
			found := set.Key(parsed.Headers[0].KeyID)
			if len(found) == 0 {
				return errUnknownKey
			}
			key = found[0].Key
		}
		var registered jwt.Claims
		var others struct {
			ClientID    string      `json:"client_id"`
			Scope       string      `json:"scope"`
			RealmAccess realmAccess `json:"realm_access"`
		}
		if err := parsed.Claims(key, &registered, &others); err != nil {
			return err
		}
		e := expected
		e.Time = time.Now()
		return registered.Validate(e)
	}, nil
}

func hashicorpCap(ctx context.Context, s Source) (Validate, error) {
	keys, err := capjwt.NewJSONWebKeySet(ctx, s.JWKSURL, "")
	if err != nil {
		return nil, err
	}
	validator, err := capjwt.NewValidator(keys)
	if err != nil {
		return nil, err
	}
	expected := capjwt.Expected{
		Issuer: s.Issuer, Audiences: []string{s.Audience}, SigningAlgorithms: []capjwt.Alg{capjwt.Alg(s.Algorithm)},
	}
	return func(ctx context.Context, token string) error {
		_, err := validator.Validate(ctx, token, expected)
		return err
	}, nil
}

func zitadel(_ context.Context, s Source) (Validate, error) {
	verifier := op.NewAccessTokenVerifier(s.Issuer, rp.NewRemoteKeySet(s.Client, s.JWKSURL),
		op.WithSupportedAccessTokenSigningAlgorithms(s.Algorithm))
	return func(ctx context.Context, token string) error {
		_, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](ctx, token, verifier)
		return err
	}, nil
}
