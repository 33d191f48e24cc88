package statuslist_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

const audience = "https://api.example.com"

// web reaches an authorization server in memory, and the host of status lists everywhere else.
type web struct {
	as    *oauthtest.Server
	lists *host
}

// RoundTrip implements http.RoundTripper.
func (w web) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), prefix) {
		return w.lists.RoundTrip(r)
	}
	return w.as.HTTPClient().Transport.RoundTrip(r)
}

// signed is an authorization server with status lists, and a Checker of its tokens.
type signed struct {
	*testing.T
	as      *oauthtest.Server
	lists   *host
	checker *statuslist.Checker
}

func runSigned(t *testing.T, test func(s *signed)) {
	t.Helper()
	runVerified(t, test, func(v *jwks.Validator, _ jwks.Config) (*jwks.Verifier, error) {
		return v.Verifier(jwks.VerifierConfig{Type: "statuslist+jwt", AnyAudience: true, MaxBytes: 8 << 20})
	})
}

// runVerified is runSigned with another Verifier than the one that shares the keys for tokens.
func runVerified(t *testing.T, test func(s *signed), verifierOf func(*jwks.Validator, jwks.Config) (*jwks.Verifier, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}, Audience: audience})
		s := &signed{T: t, as: as, lists: &host{}}
		client := &http.Client{Transport: web{as, s.lists}}
		keys := jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: client}
		validator, err := jwks.New(keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = validator.Close() })
		verifier, err := verifierOf(validator, keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = verifier.Close() })
		s.checker = newChecker(t, statuslist.Config{
			Validator: validator, Verify: verifier.Verify, Prefixes: []string{prefix}, HTTPClient: client,
		})
		test(s)
	})
}

var statusListJWT = object{"typ": "statuslist+jwt"}

// claims are those of a list in which entry 1 is revoked, with changes.
func (s *signed) claims(changes object) []byte {
	s.Helper()
	return []byte(encode(s, with(object{
		"iss": s.as.Issuer(), "aud": audience, "sub": listURI, "iat": time.Now().Unix(), "status_list": oneBit(s, 1),
	}, changes)))
}

func (s *signed) validate(index int) error {
	s.Helper()
	status := object{"status_list": object{"idx": index, "uri": listURI}}
	accessToken := s.as.Mint(oauthtest.Token{Claims: object{"status": status}})
	_, err := s.checker.Validate(s.Context(), accessToken)
	return err
}

// TestT5Signature wants typ and a signature by a key of the issuer (sections 5.1 and 8.3), as jwks.Verifier checks them.
func TestT5Signature(t *testing.T) {
	runSigned(t, func(s *signed) {
		s.lists.put(listURI, page{body: s.as.Sign(statusListJWT, s.claims(nil))})
		if err := s.validate(0); err != nil {
			s.Errorf("refused: %v", err)
		}
		wantOutcome(s, s.validate(1), middleware.ErrInvalidToken, middleware.ReasonRevoked)
	})
	for name, forge := range map[string]func(s *signed) string{
		"no typ":       func(s *signed) string { return s.as.Sign(nil, s.claims(nil)) },
		"JWT":          func(s *signed) string { return s.as.Sign(object{"typ": "JWT"}, s.claims(nil)) },
		"access token": func(s *signed) string { return s.as.Sign(object{"typ": "at+jwt"}, s.claims(nil)) },
		"other format": func(s *signed) string { return s.as.Sign(object{"typ": "statuslist+cwt"}, s.claims(nil)) },
		"other issuer": func(s *signed) string {
			return s.as.Sign(statusListJWT, s.claims(object{"iss": "https://evil.example"}))
		},
		"alg none":      func(s *signed) string { return s.as.Sign(with(statusListJWT, object{"alg": "none"}), s.claims(nil)) },
		"not signed":    func(s *signed) string { return string(s.claims(nil)) },
		"other payload": altered,
		"other signer":  strangers,
	} {
		t.Run("T-5 "+name, func(t *testing.T) {
			runSigned(t, func(s *signed) {
				s.lists.put(listURI, page{body: forge(s)})
				wantOutcome(s, s.validate(0), middleware.ErrInvalidToken, statuslist.ReasonBadList)
			})
		})
	}
}

// altered has the payload of one list under the signature of another.
func altered(s *signed) string {
	parts := strings.Split(s.as.Sign(statusListJWT, s.claims(nil)), ".")
	others := strings.Split(s.as.Sign(statusListJWT, s.claims(object{"jti": "other"})), ".")
	return parts[0] + "." + others[1] + "." + parts[2]
}

// strangers is signed with the right key ID and another key.
func strangers(s *signed) string {
	stranger := oauthtest.NewServer(s.T, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	return stranger.Sign(statusListJWT, s.claims(nil))
}

// TestT2Signed: an access token that was tampered with causes no request for its list.
func TestT2Signed(t *testing.T) {
	runSigned(t, func(s *signed) {
		s.lists.put(listURI, page{body: s.as.Sign(statusListJWT, s.claims(nil))})
		status := object{"status_list": object{"idx": 0, "uri": listURI}}
		expired := s.as.Mint(oauthtest.Token{ExpiresIn: -time.Minute, Claims: object{"status": status}})
		_, err := s.checker.Validate(s.Context(), expired)
		wantOutcome(s, err, middleware.ErrInvalidToken, middleware.ReasonExpired)
		if asked := len(s.lists.requests()); asked != 0 {
			s.Errorf("%d requests were made", asked)
		}
	})
}

// TestKeysUnavailable: without keys nobody knows what a list is worth.
func TestKeysUnavailable(t *testing.T) {
	runVerified(t, func(s *signed) {
		s.lists.put(listURI, page{body: s.as.Sign(statusListJWT, s.claims(nil))})
		if _, err := s.checker.Validate(s.Context(), s.as.Mint(oauthtest.Token{})); err != nil {
			s.Fatal(err)
		}
		s.as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: http.StatusBadGateway})
		err := s.validate(0)
		wantOutcome(s, err, middleware.ErrUnavailable, middleware.ReasonRevocationsUnavailable)
		if errors.Is(err, middleware.ErrInvalidToken) {
			s.Errorf("both outcomes at once: %v", err)
		}
	}, func(_ *jwks.Validator, keys jwks.Config) (*jwks.Verifier, error) {
		return jwks.NewVerifier("statuslist+jwt", keys) // with keys of its own
	})
}

// A list as the draft has it names neither its issuer nor whom it is meant for, and is larger than any access token.
func TestLargeListForEverybody(t *testing.T) {
	runSigned(t, func(s *signed) {
		octets := make([]byte, 300<<10)
		if _, err := rand.Read(octets); err != nil { // does not compress
			s.Fatal(err)
		}
		octets[0] = 1 << 1
		claims := s.claims(object{"iss": nil, "aud": nil, "status_list": object{"bits": 1, "lst": deflate(s, octets)}})
		jwt := s.as.Sign(statusListJWT, claims)
		if len(jwt) < 500<<10 {
			s.Fatalf("the list has %d bytes", len(jwt))
		}
		s.lists.put(listURI, page{body: jwt})
		if err := s.validate(0); err != nil {
			s.Errorf("refused: %v", err)
		}
		wantOutcome(s, s.validate(1), middleware.ErrInvalidToken, middleware.ReasonRevoked)
	})
}
