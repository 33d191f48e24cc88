package oauthtest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// Token describes an access token to mint. The zero value is a JWT of RFC 9068 for the user "alice", without scope,
// good for 10 minutes.
type Token struct {
	// Subject is sub. Default: "alice".
	Subject string
	// ClientID is client_id. Default: "test-client".
	ClientID string
	// Scope is scope, a list separated by spaces. Default: no scope member.
	Scope string
	// Audience is aud, a string if there is one and an array if there are several. Default: [Config.Audience].
	Audience []string
	// ExpiresIn is the time until exp, in whole seconds; negative for a token that has expired. Default: 10 minutes.
	ExpiresIn time.Duration

	// Claims replaces members of the claims set, or adds to it. A nil value leaves the member out.
	Claims map[string]any
	// Header replaces parameters of the JOSE header, or adds to it. A nil value leaves the parameter out. The header
	// says "typ":"at+jwt" and which key signed.
	Header map[string]any
	// Algorithm is one of [Config.Algorithms], or HS256 with [Config.Secret]. Default: the first.
	Algorithm string

	// Opaque mints a random string instead of a JWT. Introspection answers with the claims.
	Opaque bool
	// Introspection replaces members of the introspection answer, or adds to it, while the token is active. A nil
	// value leaves the member out. The answer has the claims, "active":true and "token_type":"Bearer".
	Introspection map[string]any
}

const defaultLifetime = 10 * time.Minute

// Mint issues a token. Introspection knows it as active until it is revoked or [Token.ExpiresIn] is over, whatever
// [Token.Claims] say. An algorithm that the server has no key for, or a value that JSON cannot express, fails the test;
// a server of [Start] returns "" instead.
func (s *Server) Mint(t Token) string {
	s.tb.Helper()
	token, err := s.mint(t)
	if err != nil {
		s.tb.Fatal(err)
	}
	return token
}

func (s *Server) mint(t Token) (string, error) {
	expires := s.cfg.Now().Add(cmp.Or(t.ExpiresIn, defaultLifetime))
	claims := override(s.claims(t, expires), t.Claims)
	payload, err := strictjson.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("oauthtest: Token.Claims: %w", err)
	}
	answer := map[string]any{"active": true, "token_type": "Bearer"}
	maps.Copy(answer, claims)
	members, err := strictjson.Marshal(override(answer, t.Introspection))
	if err != nil {
		return "", fmt.Errorf("oauthtest: Token.Introspection: %w", err)
	}
	token := rand.Text()
	if !t.Opaque {
		header := map[string]any{"typ": "at+jwt"}
		maps.Copy(header, t.Header)
		if token, err = s.sign(t.Algorithm, header, payload); err != nil {
			return "", err
		}
	}
	client, _ := claims["client_id"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued[token] = &record{client: client, answer: members, expires: expires}
	return token, nil
}

// claims returns the members that RFC 9068 section 2.2 requires, and scope.
func (s *Server) claims(t Token, expires time.Time) map[string]any {
	issued := s.cfg.Now()
	if expires.Before(issued) {
		issued = expires.Add(-defaultLifetime)
	}
	claims := map[string]any{
		"iss":       s.Issuer(),
		"sub":       cmp.Or(t.Subject, "alice"),
		"client_id": cmp.Or(t.ClientID, "test-client"),
		"aud":       s.audience(t.Audience),
		"iat":       issued.Unix(),
		"exp":       expires.Unix(),
		"jti":       rand.Text(),
	}
	if t.Scope != "" {
		claims["scope"] = t.Scope
	}
	return claims
}

func (s *Server) audience(identifiers []string) any {
	switch len(identifiers) {
	case 0:
		return s.cfg.Audience
	case 1:
		return identifiers[0]
	default:
		return identifiers
	}
}

// Sign signs payload, which need not be JSON, under header; introspection does not know the result. The header gets the
// alg and kid of the key where it lacks them, and a nil value leaves the parameter out. The key is the one for the
// header's alg, or the default key if there is none. A header that JSON cannot express fails the test; a server of
// [Start] returns "" instead.
func (s *Server) Sign(header map[string]any, payload []byte) string {
	s.tb.Helper()
	algorithm, _ := header["alg"].(string)
	if s.signer(algorithm) == nil {
		algorithm = ""
	}
	token, err := s.sign(algorithm, header, payload)
	if err != nil {
		s.tb.Fatal(err)
	}
	return token
}

func (s *Server) sign(algorithm string, header map[string]any, payload []byte) (string, error) {
	signer := s.signer(algorithm)
	if signer == nil {
		return "", fmt.Errorf("oauthtest: Token.Algorithm: the server has no key for %q, see Config.Algorithms", algorithm)
	}
	token, err := signer.Sign(header, payload)
	if err != nil {
		return "", fmt.Errorf("oauthtest: header of the token: %w", err)
	}
	return token, nil
}

func (s *Server) signer(algorithm string) *jose.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys.signer(algorithm)
}

// override copies changes over members; a nil value deletes.
func override(members, changes map[string]any) map[string]any {
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	return members
}
