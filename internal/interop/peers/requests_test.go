package peers_test

import (
	"net/http"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// request is a request, what the kit should answer, and the rule that says so.
type request struct {
	name    string
	about   aspect
	want    string
	rule    string
	prepare func(*forger, *http.Request)
}

const invalid = "401 invalid_token"

var requests = []request{
	{"good token", token, "200", "RFC 6750 section 2.1", minted(oauthtest.Token{})},
	{"expired", token, invalid, "RFC 7519 section 4.1.4: exp", minted(oauthtest.Token{ExpiresIn: -time.Hour})},
	{"without exp", token, invalid, "RFC 9068 section 2.2: exp is required", claiming("exp", nil)},
	{"exp is a string", token, invalid, "RFC 7519 section 4.1.4: exp is a number", claiming("exp", "9999999999")},
	{"not valid yet", token, invalid, "RFC 7519 section 4.1.5: nbf", claiming("nbf", time.Now().Add(time.Hour).Unix())},
	{"of another issuer", token, invalid, "RFC 9068 section 4: iss", claiming("iss", "https://other.example.com")},
	{"for another audience", token, invalid, "RFC 9068 section 4: aud", claiming("aud", "https://billing.example.com")},
	{"without audience", token, invalid, "RFC 9068 section 2.2: aud is required", claiming("aud", nil)},
	{"a claim twice", token, invalid, "RFC 7519 section 4: refuse it, or take the last", bearing((*forger).claimTwice)},

	{"signature altered", token, invalid, "RFC 7515 section 5.2", bearing((*forger).altered)},
	{"unsigned, alg none", token, invalid, "RFC 8725 section 3.1", bearing((*forger).unsigned)},
	{"HS256 with the public key", token, invalid, "RFC 8725 section 3.1", bearing((*forger).signedWithPublicKey)},
	{"signed by a stranger's key", token, invalid, "RFC 7515 section 5.2", bearing((*forger).signedByStranger)},
	{"an extension that must be understood", token, invalid, "RFC 7515 section 4.1.11: crit", heading(map[string]any{
		"crit": []string{"x"}, "x": true,
	})},
	// Those of most issuers are for a client, and go no further for that.
	{"ID token for the same audience", token, invalid, "RFC 9068 section 4: typ is at+jwt", bearing((*forger).idToken)},
	{"logout token for the same audience", token, invalid, "RFC 9068 section 4: typ is at+jwt", bearing((*forger).logoutToken)},

	{"bound to a DPoP key, no proof", token, invalid, "RFC 9449 section 7.2, for those that know DPoP",
		claiming("cnf", map[string]any{"jkt": thumbprint})},
	{"bound to a certificate, none shown", token, invalid, "RFC 8705 section 3, for those that know it",
		claiming("cnf", map[string]any{"x5t#S256": thumbprint})},

	{"no token", header, "401 Bearer", "RFC 6750 section 3.1: a challenge without error", func(*forger, *http.Request) {}},
	{"scheme in lower case", header, "200", "RFC 9110 section 11.1: case does not matter", func(f *forger, r *http.Request) {
		r.Header.Set("Authorization", "bearer "+f.good())
	}},
	{"another scheme", header, "401 Bearer", "RFC 9110 section 15.5.2: 401 comes with a challenge",
		func(f *forger, r *http.Request) {
			r.Header.Set("Authorization", "Basic dTpw")
		}},
	{"something behind the token", header, "400 invalid_request", "RFC 6750 section 3.1: malformed",
		func(f *forger, r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+f.good()+" more")
		}},
	{"two Authorization lines", header, "400 invalid_request", "RFC 9110 section 5.3: it is no list",
		func(f *forger, r *http.Request) {
			r.Header["Authorization"] = []string{"Bearer " + f.good(), "Bearer " + f.good()}
		}},
	{"token in the query", header, "401 Bearer", "RFC 9700 section 4.3.2: not there", func(f *forger, r *http.Request) {
		r.URL.RawQuery = "access_token=" + f.good()
	}},
}

// What comes later: each changes the keys.
var (
	newKey = request{"signed with a new key", keys, "200", "OpenID Connect Core section 10.1.1: an unknown kid is looked up",
		bearing((*forger).good)}
	withdrawnKey = request{"signed with the key that the new one replaced", keys, invalid,
		"RFC 8414 section 2: the keys are those at jwks_uri; for how long a copy is good, RFC 9111", bearing((*forger).kept)}
	noKeys = request{"good token, keys out of reach", keys, "503", "RFC 9110 section 15.6.4: nothing is wrong with the token",
		bearing((*forger).good)}
)

// thumbprint is one of nobody's key.
const thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

// bearing returns what sends a token in the way it should be sent.
func bearing(token func(*forger) string) func(*forger, *http.Request) {
	return func(f *forger, r *http.Request) { r.Header.Set("Authorization", "Bearer "+token(f)) }
}

func minted(t oauthtest.Token) func(*forger, *http.Request) {
	return bearing(func(f *forger) string { return f.as.Mint(t) })
}

// claiming sends a token with another value of a claim; nil leaves it out.
func claiming(name string, value any) func(*forger, *http.Request) {
	return minted(oauthtest.Token{Claims: map[string]any{name: value}})
}

func heading(parameters map[string]any) func(*forger, *http.Request) {
	return minted(oauthtest.Token{Header: parameters})
}
