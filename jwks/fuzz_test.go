package jwks_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// FuzzLifetime checks that no header field makes keys be fetched with every request, or never.
func FuzzLifetime(f *testing.F) {
	f.Fuzz(func(t *testing.T, cacheControl, second, age, expires, date string) {
		h := http.Header{
			"Cache-Control": {cacheControl, second}, "Age": {age}, "Expires": {expires}, "Date": {date},
		}
		fresh := jwks.Lifetime(h, noon)
		if fresh < time.Minute || fresh > 24*time.Hour {
			t.Errorf("fresh for %v", fresh)
		}
		h.Add("Cache-Control", "no-store")
		if bounded := jwks.Lifetime(h, noon); bounded > fresh && !strings.Contains(cacheControl+second, `"`) {
			t.Errorf("fresh for %v with no-store and for %v without", bounded, fresh)
		}
	})
}

// FuzzValidate checks that nothing is accepted but what the issuer signed, octet for octet.
func FuzzValidate(f *testing.F) {
	var file tokenVectors
	vectors(f, "at-jwt-rfc9068.json", &file)
	signed := map[string]bool{}
	for _, tt := range file.Cases {
		f.Add(tt.Token)
		signed[signingInput(tt.Token)] = true
	}
	strict, generic := file.config(f), file.config(f)
	generic.Profile = jwks.Generic
	validators := []*jwks.Validator{newValidator(f, strict), newValidator(f, generic)}
	f.Fuzz(func(t *testing.T, accessToken string) {
		for _, v := range validators {
			token, err := v.Validate(t.Context(), accessToken)
			if err != nil {
				if token != nil || !errors.Is(err, middleware.ErrInvalidToken) || middleware.ReasonOf(err) == "" {
					t.Errorf("token %v, error %v", token, err)
				}
				continue
			}
			if !signed[signingInput(accessToken)] {
				t.Errorf("accepted %q", accessToken)
			}
			if token.Issuer != strict.Issuer || !token.Audience.Contains(strict.Audience) || !token.ExpiresAt.After(strict.Now()) {
				t.Errorf("accepted %v", token)
			}
		}
	})
}

// signingInput returns what the signature of a token covers.
func signingInput(accessToken string) string {
	return accessToken[:max(strings.LastIndexByte(accessToken, '.'), 0)]
}
