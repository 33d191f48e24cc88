package middleware_test

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/middleware"
)

// stepUpVector is a case of step-up-rfc9470.json.
type stepUpVector struct {
	ID             string
	Claims         map[string]any
	RequiredACR    []string `json:"required_acr"`
	RequiredMaxAge *int64   `json:"required_max_age"`
	Now            int64
	Expect         struct {
		Allow     bool
		Status    int
		Error     middleware.Code
		Challenge map[string]string `json:"challenge_params"`
	}
}

// token maps claims as a validator does: a member of the wrong type is as good as none.
func (v stepUpVector) token() middleware.Token {
	token := alice()
	token.ACR, _ = v.Claims["acr"].(string)
	if seconds, ok := v.Claims["auth_time"].(float64); ok {
		token.AuthTime = time.Unix(int64(seconds), 0)
	}
	if seconds, ok := v.Claims["iat"].(float64); ok {
		token.IssuedAt = time.Unix(int64(seconds), 0)
	}
	return token
}

func (v stepUpVector) policy() middleware.Policy {
	policy := middleware.Policy{ACRValues: v.RequiredACR}
	if v.RequiredMaxAge != nil {
		policy.MaxAge = max(time.Nanosecond, time.Duration(*v.RequiredMaxAge)*time.Second)
	}
	return policy
}

func TestStepUpVectors(t *testing.T) {
	var vectors struct{ Cases []stepUpVector }
	if err := conformance.Vectors("step-up-rfc9470.json", &vectors); err != nil {
		t.Fatal(err)
	}
	for _, tt := range vectors.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			at := middleware.Config{Now: func() time.Time { return time.Unix(tt.Now, 0) }}
			_, err := newGuard(t, honour(tt.token()), at).Authorize(http.Header{}, bearer("a"), tt.policy())
			if allowed := err == nil; allowed != tt.Expect.Allow {
				t.Fatalf("allowed: %t, want %t (%v)", allowed, tt.Expect.Allow, err)
			}
			if tt.Expect.Allow {
				return
			}
			e, _ := errors.AsType[*middleware.Error](err)
			if e.StatusCode() != tt.Expect.Status || e.Code != tt.Expect.Error {
				t.Errorf("got %d %s, want %d %s", e.StatusCode(), e.Code, tt.Expect.Status, tt.Expect.Error)
			}
			want := maps.Clone(tt.Expect.Challenge)
			want["realm"], want["error"], want["error_description"] = "api", string(e.Code), e.Description
			if got := challenge(t, err).Params; !maps.Equal(got, want) {
				t.Errorf("challenge parameters %v, want %v", got, want)
			}
		})
	}
}

func TestMaxAge(t *testing.T) {
	tests := []struct {
		name  string
		limit time.Duration
		ago   time.Duration // how long ago the user authenticated
		want  string
	}{
		{"no limit", 0, 24 * time.Hour, "pass"},
		{"just in time", time.Minute, time.Minute, "pass"},
		{"a second late", time.Minute, 61 * time.Second, tooOld},
		{"whole seconds count", 1900 * time.Millisecond, 2 * time.Second, tooOld},
		{"this very second", time.Nanosecond, 0, "pass"},
		{"last second", time.Nanosecond, time.Second, tooOld},
		{"clock ahead", time.Minute, -time.Minute, "pass"},
		{"clock too far ahead", time.Minute, -61 * time.Second, tooOld},
		{"the longest limit", 1<<63 - 1, 200 * 365 * 24 * time.Hour, "pass"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := alice()
			token.AuthTime = now.Add(-tt.ago)
			guard := newGuard(t, honour(token), middleware.Config{Now: clock})
			if got := authorize(t, guard, bearer("a"), middleware.Policy{MaxAge: tt.limit}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			// auth_time has no fractions, so those of the clock must not count either.
			late := middleware.Config{Now: func() time.Time { return now.Add(999 * time.Millisecond) }}
			if got := authorize(t, newGuard(t, honour(token), late), bearer("a"), middleware.Policy{MaxAge: tt.limit}); got != tt.want {
				t.Errorf("late in the second: got %s, want %s", got, tt.want)
			}
		})
	}
}

// The challenge repeats the route's limit in whole seconds, so that a client that obeys it gets through.
// A negative MaxAge is a mistake that lets nobody pass, however lately they authenticated.
func TestNegativeMaxAge(t *testing.T) {
	token := alice()
	token.AuthTime = now
	guard := newGuard(t, honour(token), middleware.Config{Now: clock})
	for maxAge, want := range map[time.Duration]string{-1: wiredWrongly, 0: "pass"} {
		if got := authorize(t, guard, bearer("a"), middleware.Policy{MaxAge: maxAge}); got != want {
			t.Errorf("%v: %s, want %s", maxAge, got, want)
		}
	}
}

func TestMaxAgeAttribute(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{Now: clock})
	for limit, want := range map[time.Duration]int{time.Nanosecond: 0, 1999 * time.Millisecond: 1, time.Hour: 3600} {
		_, err := guard.Authorize(http.Header{}, bearer("a"), middleware.Policy{MaxAge: limit})
		if got := challenge(t, err).Params["max_age"]; got != strconv.Itoa(want) {
			t.Errorf("max_age %q for %v, want %d", got, limit, want)
		}
	}
}

// A list that came out of an empty setting still asks for something: an unknown class must not satisfy it.
func TestUnknownClassSatisfiesNothing(t *testing.T) {
	for _, values := range [][]string{{""}, {"gold", ""}} {
		guard := newGuard(t, honour(alice()), middleware.Config{})
		if got := authorize(t, guard, bearer("a"), middleware.Policy{ACRValues: values}); got == "pass" {
			t.Errorf("a token without acr passes %q", values)
		}
	}
}

// One round trip is enough: the user learns of the missing scope together with the stronger authentication.
func TestStepUpNamesTheScope(t *testing.T) {
	policy := middleware.Policy{ACRValues: []string{"gold"}, Scopes: []string{"orders:write"}}
	_, err := newGuard(t, honour(alice()), middleware.Config{}).Authorize(http.Header{}, bearer("a"), policy)
	params := challenge(t, err).Params
	if got := outcome(t, err); got != tooWeak || params["scope"] != "orders:write" || params["acr_values"] != "gold" {
		t.Errorf("got %s with %v", got, params)
	}
}

// What a route asks for is told to holders of a valid token only.
func TestInvalidTokenLearnsNothing(t *testing.T) {
	policy := middleware.Policy{ACRValues: []string{"gold"}, MaxAge: time.Minute, Scopes: []string{"orders:write"}}
	for _, v := range []middleware.Validator{fail(middleware.Reject(middleware.ReasonExpired, nil)), honour(bound("jkt"))} {
		_, err := newGuard(t, v, middleware.Config{AdvertiseScopes: true}).Authorize(http.Header{}, bearer("a"), policy)
		want := map[string]string{"realm": "api", "error": "invalid_token", "error_description": "The access token is not valid here"}
		if got := challenge(t, err).Params; !maps.Equal(got, want) {
			t.Errorf("challenge parameters %v, want %v", got, want)
		}
	}
}
