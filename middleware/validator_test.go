package middleware_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// named is a Validator that notes under its name when it is asked.
func named(name string, asked *[]string, v middleware.Validator) middleware.Validator {
	return middleware.ValidatorFunc(func(ctx context.Context, accessToken string) (*middleware.Token, error) {
		*asked = append(*asked, name)
		return v.Validate(ctx, accessToken)
	})
}

func TestByFormat(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	header := encode([]byte(`{"alg":"ES256"}`))
	for _, tt := range []struct{ name, token, want string }{
		{"JWT", header + ".e30.c2ln", "jwt"},
		{"JWT with empty parts", header + "..", "jwt"},
		{"header that begins with a line break later on", encode([]byte("{\r\n\"alg\":\"ES256\"}")) + ".e30.c2ln", "jwt"},
		{"JWE", header + ".a.b.c.d", "opaque"},
		{"one dot", header + ".e30", "opaque"},
		{"three dots", header + ".e30.c2ln.x", "opaque"},
		{"no dot", header, "opaque"},
		{"dots only", "..", "opaque"},
		{"short first part", "ew.e30.c2ln", "opaque"},
		{"empty first part", ".e30.c2ln", "opaque"},
		{"three words", "oat_1.2024.abcdef", "opaque"},
		{"version", "1.2.3", "opaque"},
		{"array for a header", encode([]byte(`["alg"]`)) + ".e30.c2ln", "opaque"},
		{"characters of the other alphabet", "e+/8.e30.c2ln", "opaque"},
		{"a million dots", strings.Repeat(".", 1<<20), "opaque"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			v := middleware.ByFormat(named("jwt", &asked, honour(alice())), named("opaque", &asked, honour(alice())))
			if _, err := v.Validate(t.Context(), tt.token); err != nil {
				t.Error(err)
			}
			if got := strings.Join(asked, " "); got != tt.want {
				t.Errorf("asked %s, want %s", got, tt.want)
			}
		})
	}
}

// What is no token68 reaches neither of the two, unless it says that it refuses such a thing itself.
func TestByFormatOfNoToken(t *testing.T) {
	for _, token := range []string{"", "=", "a b", "a=b", "a\nb", "\u00e9", "eyJhbGciOiJFUzI1NiJ9.e30.c2 ln"} {
		var asked []string
		v := middleware.ByFormat(named("jwt", &asked, honour(alice())), named("opaque", &asked, honour(alice())))
		if _, err := v.Validate(t.Context(), token); !errors.Is(err, middleware.ErrInvalidToken) || len(asked) > 0 {
			t.Errorf("%q: asked %s, %v", token, asked, err)
		}
	}
}

func TestByFormatWithOneSideOnly(t *testing.T) {
	const jwt, opaque = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "b3BhcXVl"
	onlyJWT := newGuard(t, middleware.ByFormat(honour(alice()), nil), middleware.Config{})
	onlyOpaque := newGuard(t, middleware.ByFormat(nil, honour(alice())), middleware.Config{})
	const refused = "401 malformed_token"
	for _, tt := range []struct {
		guard *middleware.Guard
		token string
		want  string
	}{{onlyJWT, jwt, "pass"}, {onlyJWT, opaque, refused}, {onlyOpaque, jwt, refused}, {onlyOpaque, opaque, "pass"}} {
		if got := authorize(t, tt.guard, bearer(tt.token), middleware.Policy{}); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.token, got, tt.want)
		}
	}
}

func TestAllMerges(t *testing.T) {
	early, late := now, now.Add(time.Hour)
	first := middleware.Token{Issuer: "i", Subject: "s", Scopes: "read", ExpiresAt: late, ACR: "gold"}
	keys := middleware.NewConfirmation
	tests := []struct {
		name   string
		first  middleware.Token
		others []middleware.Token
		want   middleware.Token
	}{
		{"one alone", first, nil, first},
		{"the first one speaks", first, []middleware.Token{{Issuer: "i", Subject: "s", Scopes: "read write", ExpiresAt: late, ACR: "low", ID: "x"}}, first},
		{"an answer that says little", first, []middleware.Token{{}}, first},
		{"a first one that says little", middleware.Token{}, []middleware.Token{first}, middleware.Token{ExpiresAt: late}},
		{"earlier expiry counts", first, []middleware.Token{{ExpiresAt: late.Add(1)}, {ExpiresAt: early}}, middleware.Token{
			Issuer: "i", Subject: "s", Scopes: "read", ExpiresAt: early, ACR: "gold",
		}},
		{"later expiry does not", middleware.Token{ExpiresAt: early}, []middleware.Token{{ExpiresAt: late}}, middleware.Token{ExpiresAt: early}},
		{"the same binding", middleware.Token{Confirmation: keys(map[string]string{"jkt": "a"})},
			[]middleware.Token{{Confirmation: keys(map[string]string{"jkt": "a"})}}, middleware.Token{Confirmation: keys(map[string]string{"jkt": "a"})}},
		{"a binding more", middleware.Token{Confirmation: keys(map[string]string{"jkt": "a"})},
			[]middleware.Token{{Confirmation: keys(map[string]string{"x5t#S256": "b"})}, {}},
			middleware.Token{Confirmation: keys(map[string]string{"jkt": "a", "x5t#S256": "b"})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			unchanged := tt.first
			validators := []middleware.Validator{middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
				return &unchanged, nil
			})}
			for _, other := range tt.others {
				validators = append(validators, honour(other))
			}
			got, err := middleware.All(validators...).Validate(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			if !sameToken(*got, tt.want) {
				t.Errorf("got %v until %v, bound to %v", got, got.ExpiresAt, maps.Collect(got.Confirmation.All()))
			}
			if !sameToken(unchanged, tt.first) {
				t.Error("the token of the first validator, which may be cached, was changed")
			}
		})
	}
}

// sameToken compares what TestAllMerges fills in.
func sameToken(a, b middleware.Token) bool {
	return a.Issuer == b.Issuer && a.Subject == b.Subject && a.ID == b.ID && a.Scopes == b.Scopes && a.ACR == b.ACR &&
		a.ExpiresAt.Equal(b.ExpiresAt) && maps.Equal(maps.Collect(a.Confirmation.All()), maps.Collect(b.Confirmation.All()))
}

func TestAllRefusesDisagreement(t *testing.T) {
	first := bound("jkt")
	for name, change := range map[string]func(*middleware.Token){
		"issuer":  func(t *middleware.Token) { t.Issuer += "/" },
		"subject": func(t *middleware.Token) { t.Subject = "Alice" },
		"client":  func(t *middleware.Token) { t.ClientID = "another" },
		"binding": func(t *middleware.Token) {
			t.Confirmation = middleware.NewConfirmation(map[string]string{"jkt": "another"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			other := first
			change(&other)
			for _, v := range []middleware.Validator{
				middleware.All(honour(first), honour(other)),
				middleware.All(honour(other), honour(first)),
				middleware.All(honour(first), honour(middleware.Token{}), honour(other)),
			} {
				if _, err := v.Validate(t.Context(), "a"); !errors.Is(err, middleware.ErrInvalidToken) || middleware.ReasonOf(err) != middleware.ReasonConflict {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

// hidden keeps New from seeing what a Validator is put together of.
func hidden(v middleware.Validator) middleware.Validator { return middleware.ValidatorFunc(v.Validate) }

func TestAllAsksInOrder(t *testing.T) {
	bad, down := middleware.Reject(middleware.ReasonExpired, nil), middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)
	var asked []string
	good := func(name string) middleware.Validator { return named(name, &asked, honour(alice())) }
	failing := func(name string, err error) middleware.Validator { return named(name, &asked, fail(err)) }
	for _, tt := range []struct {
		name  string
		v     middleware.Validator
		asked string
		want  string
	}{
		{"all agree", middleware.All(good("a"), good("b"), good("c")), "a b c", "pass"},
		{"first refuses", middleware.All(failing("a", bad), good("b")), "a", "401 expired"},
		{"second refuses", middleware.All(good("a"), failing("b", bad), good("c")), "a b", "401 expired"},
		{"refusal before outage", middleware.All(failing("a", bad), failing("b", down)), "a", "401 expired"},
		{"outage before refusal", middleware.All(failing("a", down), failing("b", bad)), "a", "503 keys_unavailable"},
		{"a token and an error from the second", middleware.All(good("a"), middleware.ValidatorFunc(
			func(context.Context, string) (*middleware.Token, error) { token := alice(); return &token, bad },
		)), "a", "401 expired"},
		{"nested", middleware.All(middleware.All(good("a"), good("b")), failing("c", bad)), "a b c", "401 expired"},
		{"nobody", hidden(middleware.All()), "", wiredWrongly},
		{"nil among them", hidden(middleware.All(good("a"), nil)), "", wiredWrongly},
		{"nil pointer among them", hidden(middleware.All(good("a"), (*pointer)(nil))), "", wiredWrongly},
		{"no token from the first", middleware.All(failing("a", nil), good("b")), "a", "503 validator_failed"},
		{"no token from the second", middleware.All(good("a"), failing("b", nil)), "a b", "503 validator_failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if v := recover(); v != nil {
					t.Errorf("panic: %v", v)
				}
			}()
			asked = nil
			if got := authorize(t, newGuard(t, tt.v, middleware.Config{}), bearer("a"), middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := strings.Join(asked, " "); got != tt.asked {
				t.Errorf("asked %s, want %s", got, tt.asked)
			}
		})
	}
}

func TestAllKeepsItsValidators(t *testing.T) {
	validators := []middleware.Validator{honour(alice()), honour(alice())}
	v := middleware.All(validators...)
	validators[1] = fail(errInner)
	if _, err := v.Validate(t.Context(), "a"); err != nil {
		t.Errorf("a change of the caller's slice changed the validator: %v", err)
	}
}
