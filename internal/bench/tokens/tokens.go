package tokens

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// claimsBytes is the size of every claims set. With the header of 50 bytes it makes tokens of 927 bytes for RS256, 671 for
// ES256 and EdDSA, and 628 for HS256.
const claimsBytes = 387

// Variant is how a token differs from a good one. The zero value is a good one.
type Variant struct {
	// Issuer, Audience and KeyID replace what a good token says.
	Issuer, Audience, KeyID string
	// Expired tokens did so an hour ago.
	Expired bool
	// Tampered tokens have another signature.
	Tampered bool
	// Thumbprint binds the token to a DPoP key.
	Thumbprint string
}

// Mint returns n tokens that differ from each other. The same seed gives the same claims, apart from the times.
func (i *Issuer) Mint(alg string, n int, seed uint64, v Variant) ([]string, error) {
	list := make([]string, n)
	var group errgroup.Group
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			for k := w; k < n; k += workers {
				token, err := i.Token(alg, random, v)
				if err != nil {
					return err
				}
				list[k] = token
			}
			return nil
		})
	}
	return list, group.Wait()
}

// Token returns one token.
func (i *Issuer) Token(alg string, random *rand.Rand, v Variant) (string, error) {
	header := fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, alg, cmp.Or(v.KeyID, keyID(alg)))
	token, err := i.sign(alg, header, claims(random, v))
	if err != nil || !v.Tampered {
		return token, err
	}
	at := strings.LastIndexByte(token, '.') + 10
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:], nil
}

// claims returns a claims set of twelve members, what a Keycloak with the profile of RFC 9068 writes.
func claims(random *rand.Rand, v Variant) string {
	issued := time.Now()
	expires := issued.Add(24 * time.Hour)
	if v.Expired {
		issued, expires = issued.Add(-2*time.Hour), issued.Add(-time.Hour)
	}
	text := fmt.Sprintf(`{"iss":%q,"sub":"%s","aud":%q,"client_id":"web-portal","exp":%d,"iat":%d,"nbf":%d,"jti":"%s",`+
		`"scope":"%s orders:write","sid":"%016x","tenant":"acme",`,
		cmp.Or(v.Issuer, IssuerURL), uuid(random), cmp.Or(v.Audience, Audience), expires.Unix(), issued.Unix(), issued.Unix(),
		uuid(random), Scope, random.Uint64())
	if v.Thumbprint != "" {
		text += fmt.Sprintf(`"cnf":{"jkt":%q},`, v.Thumbprint)
	}
	const before, after = `"realm_access":{"roles":["clerk","`, `"]}}`
	return text + before + strings.Repeat("a", max(claimsBytes-len(text)-len(before)-len(after), 1)) + after
}

func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a&0xffff, a>>16&0xfff, b>>52, b&0xffffffffffff)
}
