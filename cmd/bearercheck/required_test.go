package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// TestRequired takes each claim in turn out of a token that every profile accepts, and compares what the kit misses with
// what the report says that it does.
func TestRequired(t *testing.T) {
	as := newServer(t, oauthtest.Config{})
	client := object{"azp": "web", "client_id": "web", "appid": "web", "cid": "web"}
	for _, profile := range profiles {
		whole := object{"typ": "Bearer", "token_use": "access"}
		maps.Copy(whole, client)
		for _, removed := range []string{"none", "exp", "aud", "sub", "iat", "jti", "azp", "client_id", "appid", "cid", "all clients"} {
			claims := maps.Clone(whole)
			claims[removed] = nil
			if removed == "all clients" {
				for name := range client {
					claims[name] = nil
				}
			}
			token := as.mint(oauthtest.Token{Claims: claims})
			c := newTestCheck(t, as, token, profile)
			missed := c.judge(t.Context(), c.given).reason == middleware.ReasonMissingClaim
			lacking := c.lacking(c.given)
			if says := lacking != "see the list of its claims"; says != missed {
				t.Errorf("%s without %s: the kit misses a claim: %t; the report says: %s", profile, removed, missed, lacking)
			}
			named := strings.Split(strings.ReplaceAll(lacking, ", ", " or "), " or ")
			if missed && removed != "all clients" && !slices.Contains(named, removed) {
				t.Errorf("%s without %s: the report says: %s", profile, removed, lacking)
			}
		}
	}
}

func newTestCheck(t *testing.T, as *server, token string, profile jwks.Profile) *check {
	t.Helper()
	o := options{issuer: as.Issuer(), profile: string(profile), audiences: list{audience}, timeout: time.Second}
	c, err := newCheck(o, world{client: as.HTTPClient(), now: atNoon}, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
