package peers_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/middleware"
)

// What every candidate is measured with has to be accepted, and all else refused.
var variants = map[string]tokens.Variant{
	"good":           {},
	"tampered":       {Tampered: true},
	"expired":        {Expired: true},
	"wrong audience": {Audience: "https://other.example.com"},
	"foreign issuer": {Issuer: "https://other.example.com/realms/acme"},
	"unknown key":    {KeyID: "another-key"},
}

var lacking = map[string]string{peers.LacksAudience: "wrong audience", peers.LacksKeyID: "unknown key"}

func newIssuer(t *testing.T) *tokens.Issuer {
	t.Helper()
	i, err := tokens.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func mint(t *testing.T, i *tokens.Issuer, alg string, v tokens.Variant) string {
	t.Helper()
	list, err := i.Mint(alg, 1, 1, v)
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestPeers(t *testing.T) {
	issuer := newIssuer(t)
	for _, peer := range peers.All {
		for _, alg := range peer.Algorithms {
			t.Run(peer.Name+"/"+alg, func(t *testing.T) {
				validate, err := peer.New(t.Context(), peers.SourceOf(issuer, alg))
				if err != nil {
					t.Fatal(err)
				}
				for name, variant := range variants {
					want := name == "good" || name == lacking[peer.Lacks] || alg == tokens.HS256 && name == "unknown key"
					if err := validate(t.Context(), mint(t, issuer, alg, variant)); (err == nil) != want {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
	}
}

// The kit is asked twice, so that what it remembers is judged too.
func TestKit(t *testing.T) {
	issuer := newIssuer(t)
	for _, alg := range append(slices.Clone(tokens.Asymmetric), tokens.HS256) {
		for _, cacheBytes := range []int{0, peers.NoCache} {
			kit, err := peers.Kit(peers.SourceOf(issuer, alg), cacheBytes)
			if err != nil {
				t.Fatal(err)
			}
			defer kit.Close()
			for name, variant := range variants {
				want := name == "good" || alg == tokens.HS256 && name == "unknown key"
				token := mint(t, issuer, alg, variant)
				for range 2 {
					if _, err := kit.Validate(t.Context(), token); (err == nil) != want {
						t.Errorf("%s, %s: %v", alg, name, err)
					}
				}
			}
		}
	}
}

func TestHandlers(t *testing.T) {
	issuer := newIssuer(t)
	source := peers.SourceOf(issuer, tokens.RS256)
	for _, peer := range peers.Handlers {
		t.Run(peer.Name, func(t *testing.T) {
			handler, err := peer.New(t.Context(), source, issuer.Public(tokens.RS256))
			if err != nil {
				t.Fatal(err)
			}
			expectStatuses(t, issuer, handler, peer.Lacks)
		})
	}
	kit, err := peers.Kit(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer kit.Close()
	guard, err := middleware.New(kit, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, framework := range peers.Frameworks {
		t.Run(framework, func(t *testing.T) { expectStatuses(t, issuer, peers.Protected(framework, guard), "") })
	}
}

func expectStatuses(t *testing.T, issuer *tokens.Issuer, handler http.Handler, lacks string) {
	t.Helper()
	for name, variant := range variants {
		want := http.StatusUnauthorized
		if name == "good" || name == lacking[lacks] {
			want = http.StatusOK
		}
		if got := status(t, handler, mint(t, issuer, tokens.RS256, variant)); got != want {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func status(t *testing.T, handler http.Handler, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

// Without middleware every token passes, on every framework.
func TestUnprotected(t *testing.T) {
	for _, framework := range peers.Frameworks {
		if got := status(t, peers.Unprotected(framework), "no token"); got != http.StatusOK {
			t.Errorf("%s: %d", framework, got)
		}
	}
}
