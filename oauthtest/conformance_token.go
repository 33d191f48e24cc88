package oauthtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// encode is base64url as JOSE has it (RFC 7515, section 2).
var encode = base64.RawURLEncoding.EncodeToString

// mint returns a token by its recipe.
func (s *scene) mint(r conformance.Recipe) (string, error) {
	changes, err := s.members(r.Claims, r.OmitClaims)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	t := s.route.token(s.stage.as.cfg.Now())
	t.ExpiresIn = time.Duration(r.ExpiresIn) * time.Second
	maps.Copy(t.Claims, changes)
	if isIssued(r) {
		t.Opaque = s.stage.opaque
		if t.Introspection, err = s.members(r.Introspection, nil); err != nil {
			return "", fmt.Errorf("introspection: %w", err)
		}
		return s.stage.as.mint(t)
	}
	return s.forge(r, t)
}

// isIssued reports whether the recipe is one of the authorization server, which then knows the token.
func isIssued(r conformance.Recipe) bool {
	changed := r.Payload + r.HeaderText + r.Key + r.Algorithm + r.Signature + r.Text
	return changed == "" && r.Header == nil && r.OmitHeader == nil
}

// forge builds a token from its parts.
func (s *scene) forge(r conformance.Recipe, t Token) (string, error) {
	key, err := s.key(r)
	if err != nil {
		return "", err
	}
	changes, err := s.members(r.Header, r.OmitHeader)
	if err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	header := map[string]any{"typ": "at+jwt", "alg": key.algorithm, "kid": s.stage.as.signer("").KeyID()}
	protected, err := s.document(override(header, changes), r.HeaderText)
	if err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	expires := s.stage.as.cfg.Now().Add(cmp.Or(t.ExpiresIn, defaultLifetime))
	claims := override(s.stage.as.claims(t, expires), t.Claims)
	payload, err := s.document(claims, r.Payload)
	if err != nil {
		return "", fmt.Errorf("payload: %w", err)
	}
	signature, err := key.sign([]byte(protected), []byte(payload))
	if err != nil {
		return "", err
	}
	claims["sub"] = "mallory"
	altered, err := s.document(claims, "")
	if err != nil {
		return "", err
	}
	parts := texts{
		"header": encode([]byte(protected)), "payload": encode([]byte(payload)), "altered": encode([]byte(altered)),
		"signature": encode(damage(signature, r.Signature)),
	}
	if r.Signature == "trailing-bits" {
		parts["signature"] = withTrailingBits(parts["signature"])
	}
	return s.texts().with(parts).expand(cmp.Or(r.Text, "${header}.${payload}.${signature}"))
}

// document returns members as JSON, or what a template makes of that.
func (s *scene) document(members map[string]any, template string) (string, error) {
	text, err := strictjson.Marshal(members)
	if err != nil || template == "" {
		return string(text), err
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(string(text), "{"), "}")
	return s.texts().with(texts{"json": string(text), "members": inner}).expand(template)
}
