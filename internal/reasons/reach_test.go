package reasons_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/reasons"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation"
)

var now = time.Now

// TestReachable meets every reason by a request to a Guard: a code that nothing can produce explains nothing.
func TestReachable(t *testing.T) {
	scenarios := scenarios()
	for _, entry := range reasons.All() {
		scenario, found := scenarios[entry.Reason]
		delete(scenarios, entry.Reason)
		if !found {
			t.Errorf("no scenario meets %s", entry.Reason)
			continue
		}
		t.Run(string(entry.Reason), func(t *testing.T) {
			err := scenario(newWorld(t))
			refusal, ok := errors.AsType[*middleware.Error](err)
			if !ok {
				t.Fatalf("no refusal: %v", err)
			}
			if refusal.Reason != entry.Reason || refusal.StatusCode() != entry.Status || refusal.Code != entry.Code {
				t.Errorf("%d %q %v, want %d %q %s", refusal.StatusCode(), refusal.Code, err, entry.Status, entry.Code, entry.Reason)
			}
		})
	}
	for reason := range scenarios {
		t.Errorf("the scenario of %s has no entry", reason)
	}
}

// scenarios returns how each reason is met.
func scenarios() map[middleware.Reason]func(*world) error {
	all := map[middleware.Reason]func(*world) error{}
	for _, part := range []map[middleware.Reason]func(*world) error{
		credentialScenarios, tokenScenarios, claimScenarios, policyScenarios, ourScenarios, proofScenarios,
		certificateScenarios, statusListScenarios,
	} {
		maps.Copy(all, part)
	}
	return all
}

var credentialScenarios = map[middleware.Reason]func(*world) error{
	middleware.ReasonNoCredentials:        meeting(),
	middleware.ReasonUnsupportedScheme:    meeting("Basic b3JkZXJzOnNlY3JldA=="),
	middleware.ReasonMalformedCredentials: meeting("Bearer"),
	middleware.ReasonMultipleCredentials:  meeting("Bearer one", "Bearer two"),
	middleware.ReasonTokenInQuery: func(w *world) error {
		r := request()
		r.URL.RawQuery = "access_token=one"
		return w.meet(w.keys(), middleware.Config{RefuseQueryToken: true}, middleware.Policy{}, r)
	},
}

// meeting sends Authorization fields.
func meeting(fields ...string) func(*world) error {
	return func(w *world) error {
		return w.meet(w.keys(), middleware.Config{}, middleware.Policy{}, request(fields...))
	}
}

var tokenScenarios = map[middleware.Reason]func(*world) error{
	middleware.ReasonTokenTooLarge:  func(w *world) error { return w.judgeText(strings.Repeat("a", 17<<10)) },
	middleware.ReasonMalformedToken: func(w *world) error { return w.judge(oauthtest.Token{Opaque: true}) },
	middleware.ReasonCriticalHeader: func(w *world) error { return w.headed(object{"crit": []string{"exp"}}) },
	middleware.ReasonAlgorithmNotAllowed: func(w *world) error {
		return w.headed(object{"alg": "none"})
	},
	middleware.ReasonWrongType:  func(w *world) error { return w.headed(object{"typ": "JWT"}) },
	middleware.ReasonUnknownKey: func(w *world) error { return w.headed(object{"kid": "another"}) },
	middleware.ReasonBadSignature: func(w *world) error {
		token := w.as.Mint(oauthtest.Token{})
		forged := w.signer(jose.ES256, "key-1")
		payload := payloadOf(w, token)
		text, err := forged.Sign(object{"typ": "at+jwt"}, payload)
		if err != nil {
			w.Fatal(err)
		}
		return w.judgeText(text)
	},
}

var claimScenarios = map[middleware.Reason]func(*world) error{
	middleware.ReasonUntrustedIssuer: func(w *world) error { return w.claiming(object{"iss": "https://stranger.example"}) },
	middleware.ReasonWrongAudience:   func(w *world) error { return w.claiming(object{"aud": "account"}) },
	middleware.ReasonMissingClaim:    func(w *world) error { return w.claiming(object{"jti": nil}) },
	middleware.ReasonMalformedClaim:  func(w *world) error { return w.claiming(object{"exp": "tomorrow"}) },
	middleware.ReasonNotAccessToken:  func(w *world) error { return w.claiming(object{"nonce": "n"}) },
	middleware.ReasonExpired: func(w *world) error {
		return w.judge(oauthtest.Token{ExpiresIn: -time.Minute})
	},
	middleware.ReasonNotYetValid: func(w *world) error {
		return w.claiming(object{"nbf": now().Add(time.Minute).Unix()})
	},
	middleware.ReasonInactive: func(w *world) error {
		return w.meet(w.introspector(), middleware.Config{}, middleware.Policy{}, bearer("unknown"))
	},
	middleware.ReasonRevoked: func(w *world) error {
		list := newList(w, revocation.Config{})
		token := w.as.Mint(oauthtest.Token{})
		if err := list.Revoke(w.Context(), revocation.Revocation{Token: token}); err != nil {
			w.Fatal(err)
		}
		return w.meet(w.keys(), middleware.Config{Revocations: list}, middleware.Policy{}, bearer(token))
	},
	middleware.ReasonConflict: func(w *world) error {
		token := w.as.Mint(oauthtest.Token{Introspection: object{"sub": "bob"}})
		return w.meet(middleware.All(w.keys(), w.introspector()), middleware.Config{}, middleware.Policy{}, bearer(token))
	},
}

var policyScenarios = map[middleware.Reason]func(*world) error{
	middleware.ReasonUnverifiedBinding: func(w *world) error { return w.claiming(w.bound()) },
	middleware.ReasonBindingDowngrade: func(w *world) error {
		verifier, err := dpop.New(dpop.Config{BaseURL: audience})
		if err != nil {
			w.Fatal(err)
		}
		cfg := middleware.Config{Bindings: []middleware.Binding{verifier}}
		return w.meet(w.keys(), cfg, middleware.Policy{}, bearer(w.as.Mint(oauthtest.Token{Claims: w.bound()})))
	},
	middleware.ReasonNotBound: func(w *world) error {
		return w.asked(middleware.Policy{RequireBinding: true}, nil)
	},
	middleware.ReasonNonceRequired: func(w *world) error {
		return w.proving(dpop.Config{RequireNonce: true}, nil, nil)
	},
	middleware.ReasonAuthenticationTooWeak: func(w *world) error {
		return w.asked(middleware.Policy{ACRValues: []string{"gold"}}, object{"acr": "silver"})
	},
	middleware.ReasonAuthenticationTooOld: func(w *world) error {
		return w.asked(middleware.Policy{MaxAge: time.Minute}, object{"auth_time": now().Add(-time.Hour).Unix()})
	},
	middleware.ReasonInsufficientScope: func(w *world) error {
		return w.asked(middleware.Policy{Scopes: []string{"orders:write"}}, object{"scope": "orders:read"})
	},
	middleware.ReasonDelegated: func(w *world) error {
		return w.asked(middleware.Policy{RefuseDelegated: true}, object{"act": object{"sub": "clerk"}})
	},
	middleware.ReasonCheckFailed: func(w *world) error {
		refuse := func(context.Context, middleware.Token) error { return errors.New("not on a Sunday") }
		return w.asked(middleware.Policy{Check: refuse}, nil)
	},
}

var ourScenarios = map[middleware.Reason]func(*world) error{
	middleware.ReasonKeysUnavailable: func(w *world) error {
		w.as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: http.StatusBadGateway})
		return w.judge(oauthtest.Token{})
	},
	middleware.ReasonIssuerUnavailable: func(w *world) error {
		fail := func(context.Context, string) (jwks.Config, error) { return jwks.Config{}, errors.New("no database") }
		return w.meet(w.resolver(fail), middleware.Config{}, middleware.Policy{}, bearer(w.as.Mint(oauthtest.Token{})))
	},
	middleware.ReasonIntrospectionUnavailable: func(w *world) error {
		w.as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Status: http.StatusBadGateway})
		return w.meet(w.introspector(), middleware.Config{}, middleware.Policy{}, bearer("opaque"))
	},
	middleware.ReasonRevocationsUnavailable: func(w *world) error {
		list := newList(w, revocation.Config{Replicator: outOfTouch{}})
		return w.meet(w.keys(), middleware.Config{Revocations: list}, middleware.Policy{}, bearer(w.as.Mint(oauthtest.Token{})))
	},
	middleware.ReasonValidatorFailed: func(w *world) error {
		broken := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return nil, nil })
		return w.meet(broken, middleware.Config{}, middleware.Policy{}, bearer("any"))
	},
	middleware.ReasonMisconfigured: func(w *world) error {
		return w.asked(middleware.Policy{Scopes: []string{"not a scope"}}, nil)
	},
}

func newList(w *world, cfg revocation.Config) *revocation.List {
	w.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	list, err := revocation.NewList(cfg)
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// outOfTouch is a replicator that hears of nobody.
type outOfTouch struct{}

func (outOfTouch) Publish(context.Context, revocation.Record) error { return nil }
func (outOfTouch) Follow(*revocation.List) error                    { return nil }
func (outOfTouch) Err() error                                       { return errors.New("no word since noon") }
