package introspection_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

func TestConfigMistakes(t *testing.T) {
	basic := introspection.SecretBasic("api", "s")
	tests := map[string]struct {
		cfg  introspection.Config
		want string
	}{
		"nothing":                      {introspection.Config{}, "ClientAuth"},
		"nobody to ask":                {introspection.Config{ClientAuth: basic}, "Endpoint or Issuer"},
		"empty client ID":              {introspection.Config{Issuer: issuer, ClientAuth: introspection.SecretBasic("", "s")}, "client ID"},
		"empty secret":                 {introspection.Config{Issuer: issuer, ClientAuth: introspection.SecretPost("a", "")}, "secret"},
		"no certificate owner":         {introspection.Config{Issuer: issuer, ClientAuth: introspection.MutualTLS("")}, "client ID"},
		"no token source":              {introspection.Config{Issuer: issuer, ClientAuth: introspection.BearerToken(nil)}, "token"},
		"no private key":               {introspection.Config{Issuer: issuer, ClientAuth: introspection.PrivateKeyJWT("a", introspection.PrivateKey{})}, "private key"},
		"plain http":                   {introspection.Config{Endpoint: "http://as.example.com/introspect", ClientAuth: basic}, "Endpoint: the URL must be https"},
		"plain http issuer":            {introspection.Config{Issuer: "http://as.example.com", ClientAuth: basic}, "Issuer: the URL must be https"},
		"http off the loopback":        {introspection.Config{Endpoint: "http://as.example.com", AllowLoopbackHTTP: true, ClientAuth: basic}, "loopback"},
		"issuer with query":            {introspection.Config{Issuer: issuer + "?a", ClientAuth: basic}, "query"},
		"endpoint that is none":        {introspection.Config{Endpoint: "introspect", ClientAuth: basic}, "Endpoint"},
		"empty audience":               {introspection.Config{Issuer: issuer, ClientAuth: basic, OtherAudiences: []string{"a"}}, "Audience"},
		"aud without Audience":         {introspection.Config{Issuer: issuer, ClientAuth: basic, Require: []string{"aud"}}, "Audience"},
		"iss without Issuer":           {introspection.Config{Endpoint: endpoint, ClientAuth: basic, Require: []string{"iss"}}, "Issuer"},
		"nameless member":              {introspection.Config{Issuer: issuer, ClientAuth: basic, Require: []string{""}}, "Require"},
		"one empty audience":           {introspection.Config{Issuer: issuer, ClientAuth: basic, Audience: "a", OtherAudiences: []string{""}}, "Audience"},
		"a moment stale without cache": {introspection.Config{Issuer: issuer, ClientAuth: basic, CacheTTL: -1, StaleIfError: 1}, "StaleIfError"},
		"a little more leeway":         {introspection.Config{Issuer: issuer, ClientAuth: basic, Leeway: 5*time.Minute + 1}, "Leeway"},
		"much leeway":                  {introspection.Config{Issuer: issuer, ClientAuth: basic, Leeway: time.Hour}, "Leeway"},
		"no timeout":                   {introspection.Config{Issuer: issuer, ClientAuth: basic, Timeout: -1}, "Timeout"},
		"negative concurrency":         {introspection.Config{Issuer: issuer, ClientAuth: basic, MaxConcurrent: -1}, "MaxConcurrent"},
		"tiny cache":                   {introspection.Config{Issuer: issuer, ClientAuth: basic, MaxCacheBytes: 1}, "MaxCacheBytes"},
		"negative entries":             {introspection.Config{Issuer: issuer, ClientAuth: basic, MaxNegativeEntries: -1}, "MaxNegativeEntries"},
		"white space at endpoint":      {introspection.Config{Endpoint: endpoint + " ", ClientAuth: basic}, "Endpoint: the URL has white space"},
		"line of issuer":               {introspection.Config{Endpoint: endpoint, Issuer: issuer + "\n", ClientAuth: basic}, "Issuer: it has a control character"},
		"line of audience":             {introspection.Config{Issuer: issuer, ClientAuth: basic, Audience: "a\n"}, "Audience: it has a control character"},
		"blank audience":               {introspection.Config{Issuer: issuer, ClientAuth: basic, Audience: "a", OtherAudiences: []string{" "}}, "OtherAudiences[0]: it has white space"},
		"blank member":                 {introspection.Config{Issuer: issuer, ClientAuth: basic, Require: []string{" exp"}}, "Require[0]: it has white space"},
		"no store":                     {introspection.Config{Issuer: issuer, ClientAuth: basic, Answers: (*shelf)(nil)}, "Answers is a nil pointer"},
		"nil transport":                {introspection.Config{Issuer: issuer, ClientAuth: basic, HTTPClient: &http.Client{Transport: (*http.Transport)(nil)}}, "HTTPClient: its Transport"},
		"TTL without unit":             {introspection.Config{Issuer: issuer, ClientAuth: basic, CacheTTL: 60}, "CacheTTL is 60ns"},
		"negative TTL without unit":    {introspection.Config{Issuer: issuer, ClientAuth: basic, NegativeTTL: 10}, "NegativeTTL is 10ns"},
		"staleness without unit":       {introspection.Config{Issuer: issuer, ClientAuth: basic, StaleIfError: 10}, "StaleIfError is 10ns"},
		"timeout without unit":         {introspection.Config{Issuer: issuer, ClientAuth: basic, Timeout: 3}, "Timeout is 3ns"},
		"leeway without unit":          {introspection.Config{Issuer: issuer, ClientAuth: basic, Leeway: 10}, "Leeway is 10ns"},
		"TTL for ever":                 {introspection.Config{Issuer: issuer, ClientAuth: basic, CacheTTL: math.MaxInt64}, "CacheTTL must be at most 24h0m0s: a token that was revoked"},
		"negative TTL for ever":        {introspection.Config{Issuer: issuer, ClientAuth: basic, NegativeTTL: math.MaxInt64}, "NegativeTTL must be at most 24h0m0s"},
		"stale for ever":               {introspection.Config{Issuer: issuer, ClientAuth: basic, StaleIfError: math.MaxInt64}, "StaleIfError must be at most 24h0m0s"},
		"endless timeout":              {introspection.Config{Issuer: issuer, ClientAuth: basic, Timeout: math.MaxInt64}, "Timeout must be at most 1m0s"},
		"stale without cache":          {introspection.Config{Issuer: issuer, ClientAuth: basic, CacheTTL: -1, StaleIfError: time.Hour}, "StaleIfError"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := introspection.New(tt.cfg)
			if v != nil || err == nil || !strings.HasPrefix(err.Error(), "introspection: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v, want something about %q", err, tt.want)
			}
		})
	}
}

func TestConfigLimits(t *testing.T) {
	basic := introspection.SecretBasic("api", "s")
	for name, cfg := range map[string]introspection.Config{
		"Leeway": {Issuer: issuer, ClientAuth: basic, Leeway: 5 * time.Minute}, "cache": {Issuer: issuer, ClientAuth: basic, MaxCacheBytes: 1 << 20},
		"Require": {Issuer: issuer, ClientAuth: basic, Require: []string{"iss"}},
	} {
		if _, err := introspection.New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigIsNotShared(t *testing.T) {
	cfg := introspection.Config{
		Audience: audience, OtherAudiences: []string{"https://old.example.com"}, Require: []string{"sub"},
	}
	v := asking(t, say(`{"active":true,"sub":"alice","aud":"https://old.example.com"}`), cfg)
	cfg.OtherAudiences[0], cfg.Require[0] = "changed", "changed"
	want(t, v, "token", "active")

	cfg = introspection.Config{Audience: audience, OtherAudiences: make([]string, 1, 2)}
	cfg.OtherAudiences[0] = "https://old.example.com"
	v = asking(t, say(`{"active":true,"aud":"https://evil.example.com"}`), cfg)
	cfg.OtherAudiences[0] = "https://evil.example.com"
	want(t, v, "token", "refused wrong_audience")
}

// What a service prints of its configuration must not tell its secrets.
func TestSecretsAreNotPrinted(t *testing.T) {
	const secret = "hunter2"
	for _, auth := range []introspection.Credentials{
		introspection.SecretBasic("api", secret),
		introspection.SecretPost("api", secret),
		introspection.PrivateKeyJWT("api", introspection.PrivateKey{Key: []byte(secret)}),
	} {
		cfg := introspection.Config{Issuer: issuer, ClientAuth: auth}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if printed := fmt.Sprintf(verb, cfg); strings.Contains(printed, secret) || strings.Contains(printed, "YXBpOmh1bnRlcjI") {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	}
}

func TestZeroValidator(t *testing.T) {
	var v introspection.Validator
	if _, err := v.Validate(t.Context(), "a"); !errors.Is(err, middleware.ErrMisconfigured) {
		t.Errorf("%v", err)
	}
}
