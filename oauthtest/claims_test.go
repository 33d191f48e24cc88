package oauthtest_test

import (
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

type tenantClaims struct {
	Tenant string `json:"tenant"`
}

func TestClaims(t *testing.T) {
	members := map[string]any{"tenant": "acme"}
	token := middleware.Token{Claims: oauthtest.Claims(members)}
	members["tenant"] = "changed"
	got, err := middleware.Claims[tenantClaims](token)
	if err != nil || got.Tenant != "acme" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestClaimsMatchCase(t *testing.T) {
	token := middleware.Token{Claims: oauthtest.Claims(map[string]any{"Tenant": "acme"})}
	if got, err := middleware.Claims[tenantClaims](token); err != nil || got.Tenant != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestClaimsMistakes(t *testing.T) {
	for name, v := range map[string]any{"not JSON": make(chan int), "other type": []int{1}} {
		token := middleware.Token{Claims: oauthtest.Claims(v)}
		if _, err := middleware.Claims[tenantClaims](token); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
