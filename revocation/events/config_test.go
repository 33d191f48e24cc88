package events_test

import (
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

func TestConfigRefused(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*events.Config){
		"Issuer":                   func(c *events.Config) { c.Issuer = "" },
		"Audience":                 func(c *events.Config) { c.Audience = "" },
		"Verify":                   func(c *events.Config) { c.Verify = nil },
		"List":                     func(c *events.Config) { c.List = nil },
		"TokenIssuers":             func(c *events.Config) { c.TokenIssuers = []string{"a", ""} },
		"Authorization":            func(c *events.Config) { c.Authorization = "Bearer x\n" },
		"TokenIssuers[1] is empty": func(c *events.Config) { c.TokenIssuers = []string{"a", ""} },
		"TokenIssuers[0]: it has":  func(c *events.Config) { c.TokenIssuers = []string{"a\n"} },
		"CriticalMembers[0]":       func(c *events.Config) { c.CriticalMembers = []string{""} },
		"Issuer: it has":           func(c *events.Config) { c.Issuer += "\n" },
		"Audience: it has":         func(c *events.Config) { c.Audience = " " },
		"List is required":         func(c *events.Config) { c.List = (*revocation.List)(nil) },
		"Timeout is 10ns":          func(c *events.Config) { c.Timeout = 10 },
		"Timeout must be at most":  func(c *events.Config) { c.Timeout = math.MaxInt64 },
		"MaxBytes must be at most": func(c *events.Config) { c.MaxBytes = 1<<20 + 1 },
		"HookOnly":                 func(c *events.Config) { c.HookOnly = []string{events.TypeVerification} },
		"Timeout":                  func(c *events.Config) { c.Timeout = -1 },
		"MaxBytes":                 func(c *events.Config) { c.MaxBytes = -1 },
		"MaxConcurrent":            func(c *events.Config) { c.MaxConcurrent = -1 },
		"MaxRemembered":            func(c *events.Config) { c.MaxRemembered = -1 },
	} {
		if _, err := events.New(w.config(change)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A field value with a control character anywhere in it does not arrive as it was sent.
func TestAuthorizationThatCannotBeSent(t *testing.T) {
	w := newWorld(t)
	for value, good := range map[string]bool{
		"Bearer a b": true, "Bearer a~": true, "Bearer \u0080": true,
		"Bearer a\tb": false, "Bearer a\x00b": false, "Bearer a\nb": false, "Bearer a\x1fb": false, "Bearer a\x7fb": false,
		" Bearer a": false, "Bearer a ": false,
	} {
		_, err := events.New(w.config(func(c *events.Config) { c.Authorization = value }))
		if (err == nil) != good {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// Every event type that revokes can be left to the hook instead.
func TestHookOnly(t *testing.T) {
	w := newWorld(t)
	token := w.token(nil)
	r := w.receiver(func(c *events.Config) { c.HookOnly = []string{events.TypeSessionRevoked, events.TypeSessionsRevoked} })
	w.takes(r, w.set(nil))
	w.wantPass("left to the hook", token, true)
}

// What may be at most so much may be as much.
func TestConfigAtBounds(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(func(c *events.Config) { c.MaxBytes, c.Timeout = 1<<20, 5*time.Minute })
	w.logout(func(c *events.LogoutConfig) { c.MaxBytes, c.Timeout, c.Leeway = 1<<20, 5*time.Minute, 5*time.Minute })
	for _, cfg := range []events.PollConfig{
		{MaxEvents: 10_000, Timeout: time.Hour, Interval: time.Hour, Backoff: time.Hour, MaxBackoff: 24 * time.Hour},
		{Backoff: time.Hour}, // and MaxBackoff as long
	} {
		cfg.Endpoint = "https://transmitter.example/poll"
		if _, err := events.NewPoller(r, cfg); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// Without a Logger the lines go where those of the process go.
func TestDefaultLogger(t *testing.T) {
	w := newWorld(t)
	standard, logs := slog.Default(), &journal{}
	slog.SetDefault(logs.logger())
	defer slog.SetDefault(standard)
	w.refuses(w.receiver(func(c *events.Config) { c.Logger = nil }), w.set(object{"exp": 1}), "invalid_request")
	w.refusesLogout(w.logout(func(c *events.LogoutConfig) { c.Logger = nil }), w.logoutToken(object{"nonce": "n"}))
	if n := strings.Count(logs.String(), "oauth event refused"); n != 2 || w.logs.String() != "" {
		t.Errorf("logged:\n%s\nand\n%s", logs, w.logs)
	}
}

// What is passed in is copied.
func TestConfigCopied(t *testing.T) {
	w := newWorld(t)
	issuers, critical, hookOnly := []string{w.as.Issuer()}, []string{"tenant"}, []string{events.TypeCredentialChange}
	r := w.receiver(func(c *events.Config) { c.TokenIssuers, c.CriticalMembers, c.HookOnly = issuers, critical, hookOnly })
	issuers[0], critical[0], hookOnly[0] = "https://evil.example", "x", events.TypeSessionRevoked
	w.takes(r, w.set(nil))
	w.refuses(r, w.set(object{"sub_id": complexSubject(object{"user": w.subject("a"), "tenant": opaque("t")})}), "invalid_request")
	w.takes(r, w.set(object{"sub_id": w.subject("bob"), "events": object{events.TypeCredentialChange: object{}}}))
	if w.list.Len() != 1 {
		t.Errorf("%d entries, want 1", w.list.Len())
	}
}

func TestLogoutConfigRefused(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*events.LogoutConfig){
		"Issuer":                   func(c *events.LogoutConfig) { c.Issuer = "" },
		"ClientID":                 func(c *events.LogoutConfig) { c.ClientID = "" },
		"Verify":                   func(c *events.LogoutConfig) { c.Verify = nil },
		"List":                     func(c *events.LogoutConfig) { c.List = nil },
		"Issuer: it has":           func(c *events.LogoutConfig) { c.Issuer += "\n" },
		"ClientID: it has":         func(c *events.LogoutConfig) { c.ClientID += "\n" },
		"List is required":         func(c *events.LogoutConfig) { c.List = (*revocation.List)(nil) },
		"Leeway is 10ns":           func(c *events.LogoutConfig) { c.Leeway = 10 },
		"Timeout is 10ns":          func(c *events.LogoutConfig) { c.Timeout = 10 },
		"Timeout must be at most":  func(c *events.LogoutConfig) { c.Timeout = math.MaxInt64 },
		"MaxBytes must be at most": func(c *events.LogoutConfig) { c.MaxBytes = 1<<20 + 1 },
		"Leeway":                   func(c *events.LogoutConfig) { c.Leeway = 6 * time.Minute },
		"Timeout":                  func(c *events.LogoutConfig) { c.Timeout = -1 },
		"MaxBytes":                 func(c *events.LogoutConfig) { c.MaxBytes = -1 },
		"MaxConcurrent":            func(c *events.LogoutConfig) { c.MaxConcurrent = -1 },
	} {
		cfg := events.LogoutConfig{Issuer: w.as.Issuer(), ClientID: clientID, Verify: w.logouts, List: w.list}
		change(&cfg)
		if _, err := events.NewLogout(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPollConfigRefused(t *testing.T) {
	w := newWorld(t)
	r := w.receiver(nil)
	for name, change := range map[string]func(*events.PollConfig){
		"Endpoint":                   func(c *events.PollConfig) { c.Endpoint = "http://transmitter.example/poll" },
		"Timeout":                    func(c *events.PollConfig) { c.Timeout = -1 },
		"MaxEvents":                  func(c *events.PollConfig) { c.MaxEvents = -1 },
		"Interval":                   func(c *events.PollConfig) { c.Interval = -1 },
		"Backoff":                    func(c *events.PollConfig) { c.Backoff = -1 },
		"Timeout is 120ns":           func(c *events.PollConfig) { c.Timeout = 120 },
		"Interval is 1ns":            func(c *events.PollConfig) { c.Interval = 1 },
		"Backoff is 1ns":             func(c *events.PollConfig) { c.Backoff = 1 },
		"MaxEvents must be":          func(c *events.PollConfig) { c.MaxEvents = 10_001 },
		"Timeout must be at most":    func(c *events.PollConfig) { c.Timeout = math.MaxInt64 },
		"Interval must be at most":   func(c *events.PollConfig) { c.Interval = math.MaxInt64 },
		"Backoff must be at most":    func(c *events.PollConfig) { c.Backoff, c.MaxBackoff = 1<<62, math.MaxInt64 },
		"MaxBackoff must be at most": func(c *events.PollConfig) { c.MaxBackoff = math.MaxInt64 },
		"HTTPClient: its":            func(c *events.PollConfig) { c.HTTPClient.Transport = (*http.Transport)(nil) },
		"MaxBackoff":                 func(c *events.PollConfig) { c.Backoff, c.MaxBackoff = time.Minute, time.Second },
	} {
		cfg := events.PollConfig{Endpoint: "https://transmitter.example/poll", HTTPClient: &http.Client{}}
		change(&cfg)
		if _, err := events.NewPoller(r, cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := events.NewPoller(&events.Receiver{}, events.PollConfig{Endpoint: "https://transmitter.example/poll"}); err == nil {
		t.Error("a Receiver that New did not make was accepted")
	}
	if _, err := events.NewPoller(nil, events.PollConfig{Endpoint: "https://transmitter.example/poll"}); err == nil {
		t.Error("no Receiver: no error")
	}
}
