package peers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/oauthtest"
)

// fixed says why a peer whose key is fixed is not asked about other keys.
var fixed = map[string]string{"C06": "its key is fixed", "C06.old": "its key is fixed", "X-03": "its key is fixed"}

// TestConformance replays the conformance cases against the peers that are handlers. The kit passes them all, as the tests of
// its adapters show.
func TestConformance(t *testing.T) {
	var b strings.Builder
	b.WriteString("| | run | wrong | let in | let in, where the severity is `must` |\n|---|---|---|---|---|\n")
	for _, p := range []struct {
		name  string
		skip  map[string]string
		start func(*oauthtest.Server) http.Handler
	}{
		{"go-jwt-middleware", nil, func(as *oauthtest.Server) http.Handler { return goJWTMiddleware(t, as) }},
		{"go-oidc", nil, func(as *oauthtest.Server) http.Handler { return goOIDC(t, as) }},
		{"echo-jwt", fixed, func(as *oauthtest.Server) http.Handler {
			public, _ := publishedKey(t, as)
			return echoJWT(as, public)
		}},
		{"gin-jwt", fixed, func(as *oauthtest.Server) http.Handler {
			public, _ := publishedKey(t, as)
			return ginJWT(t, as, public)
		}},
	} {
		config := oauthtest.ConformanceConfig{
			Server:       oauthtest.Config{PlainHTTP: true, Audience: audience},
			Capabilities: []oauthtest.Capability{oauthtest.VerifiesJWT},
			Skip:         p.skip,
		}
		results, err := oauthtest.CheckConformance(t.Context(), config, func(as *oauthtest.Server) (oauthtest.Subject, error) {
			return oauthtest.Subject{Handler: p.start(as), Routes: []oauthtest.Route{{Path: "/"}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(line(p.name, results))
	}
	harness.Document(t, "conformance", b.String())
}

// line is what the table says of a peer.
func line(name string, results []oauthtest.CaseResult) string {
	var run, wrong, letIn int
	var must []string
	for _, result := range results {
		if result.NotRun != "" {
			continue
		}
		run++
		if len(result.Problems) == 0 {
			continue
		}
		wrong++
		if result.Status/100 == 2 {
			letIn++
			if result.Must {
				must = append(must, result.ID)
			}
		}
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %s |\n", name, run, wrong, letIn, strings.Join(must, ", "))
}
