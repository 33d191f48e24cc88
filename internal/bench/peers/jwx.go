package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/lestrrat-go/httprc/v3"
	jwav2 "github.com/lestrrat-go/jwx/v2/jwa"
	jwkv2 "github.com/lestrrat-go/jwx/v2/jwk"
	jwtv2 "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	verifier "github.com/okta/okta-jwt-verifier-golang/v2"

	"github.com/bearergate/bearergate/internal/bench/tokens"
)

func jwxV2(ctx context.Context, s Source) (Validate, error) {
	options := []jwtv2.ParseOption{jwtv2.WithIssuer(s.Issuer), jwtv2.WithAudience(s.Audience)}
	if s.Algorithm == tokens.HS256 {
		options = append(options, jwtv2.WithKey(jwav2.HS256, s.Secret))
	} else {
		set, err := jwxV2Keys(ctx, s)
		if err != nil {
			return nil, err
		}
		options = append(options, jwtv2.WithKeySet(set))
	}
	return func(_ context.Context, token string) error {
		_, err := jwtv2.Parse([]byte(token), options...)
		return err
	}, nil
}

func jwxV2Keys(ctx context.Context, s Source) (jwkv2.Set, error) {
	if !s.Refresh {
		return jwkv2.Fetch(ctx, s.JWKSURL)
	}
	cache := jwkv2.NewCache(ctx)
	if err := cache.Register(s.JWKSURL); err != nil {
		return nil, err
	}
	return jwkv2.NewCachedSet(cache, s.JWKSURL), nil
}

func jwxV3(ctx context.Context, s Source) (Validate, error) {
	options := []jwt.ParseOption{jwt.WithIssuer(s.Issuer), jwt.WithAudience(s.Audience)}
	if s.Algorithm == tokens.HS256 {
		options = append(options, jwt.WithKey(jwa.HS256(), s.Secret))
	} else {
		set, err := jwxV3Keys(ctx, s)
		if err != nil {
			return nil, err
		}
		options = append(options, jwt.WithKeySet(set))
	}
	return func(_ context.Context, token string) error {
		_, err := jwt.Parse([]byte(token), options...)
		return err
	}, nil
}

func jwxV3Keys(ctx context.Context, s Source) (jwk.Set, error) {
	if !s.Refresh {
		return jwk.Fetch(ctx, s.JWKSURL)
	}
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, s.JWKSURL); err != nil {
		return nil, err
	}
	return cache.CachedSet(s.JWKSURL)
}

func okta(_ context.Context, s Source) (Validate, error) {
	setup := verifier.JwtVerifier{
		Issuer: s.Issuer, ClaimsToValidate: map[string]string{"aud": s.Audience}, Client: s.Client,
	}
	v, err := setup.New()
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, token string) error {
		_, err := v.VerifyAccessToken(token)
		return err
	}, nil
}

// fetch returns the document of the key set.
func fetch(ctx context.Context, s Source) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.JWKSURL, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("key set: %w", errors.New(response.Status))
	}
	return io.ReadAll(response.Body)
}
