package oauthtest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
)

// ConformanceConfig says what a service is held to. The zero value is the strictest for one that verifies JWTs of
// RFC 9068.
type ConformanceConfig struct {
	// Server is the authorization server that the service trusts. Its first algorithm signs. Default: the zero Config.
	Server Config
	// Capabilities are what the service can do, at least [VerifiesJWT] or [Introspects]. Default: [VerifiesJWT] and
	// [RequiresRFC9068].
	Capabilities []Capability
	// MustOnly leaves out what the standards recommend and do not require: whole cases, and details of others.
	MustOnly bool
	// Skip names cases that are not run, by their IDs, and says why not. Default: none.
	Skip map[string]string
	// StartOnce says that the service cannot be started anew, so that the cases that change the authorization server are
	// not run. Default: a new service for each of them.
	StartOnce bool
}

// Capability is something that not every resource server can do.
type Capability string

// The capabilities.
const (
	// VerifiesJWT: it verifies JWTs with the keys at [EndpointJWKS].
	VerifiesJWT Capability = "jwt"
	// RequiresRFC9068: it takes JWTs for access tokens only if they are such tokens by RFC 9068, section 4, with all that
	// section 2.2 requires. Without it a JWT of another kind, such as an ID token, may pass. It wants [VerifiesJWT].
	RequiresRFC9068 Capability = "rfc9068"
	// Introspects: it asks [EndpointIntrospection], as one of [Config.Clients]. Unless it verifies JWTs too, its tokens
	// are opaque.
	Introspects Capability = "introspection"
	// TakesFormToken: it accepts a token in a form (RFC 6750, section 2.2). Without it, it must not.
	TakesFormToken Capability = "form-token"
	// TakesQueryToken: it accepts a token in the URL (RFC 6750, section 2.3). Without it, it must not.
	TakesQueryToken Capability = "query-token"
	// TakesDPoP: it accepts the DPoP scheme (RFC 9449). No case proves possession yet.
	TakesDPoP Capability = "dpop"
)

// Subject is a service under test: a handler, or what listens at a URL.
type Subject struct {
	// Handler is served on a free port of 127.0.0.1.
	Handler http.Handler
	// URL, such as http://127.0.0.1:8080, takes the place of Handler.
	URL string
	// Client sends the requests; redirects are never followed. Default: a client with a limit of 30 seconds.
	Client *http.Client

	// Routes are some of the routes of the service, at least a protected one. Cases look for the first that suits them.
	Routes []Route
	// Calls returns how often what the routes protect was called so far. With it a service fails that works before it
	// refuses. Requests come one after the other. Default: what was called is known from the status alone.
	Calls func() int
	// Close, if set, is called when the service is no longer needed.
	Close func()
}

// Route is a route of a [Subject]. A request to it with a good token gets a status of 2xx.
type Route struct {
	// Path is the path, such as /orders, without query.
	Path string
	// Method is the method of the requests. Default: GET. Tokens in forms want POST.
	Method string
	// Public says that no token is needed; it excludes the rest.
	Public bool
	// Scopes are those that a token must have, all of them.
	Scopes []string
	// ACR is the acr that a token must have (RFC 9470).
	ACR string
	// MaxAge is how long ago the user may have authenticated (RFC 9470). Default: any time.
	MaxAge time.Duration
}

// RunConformance replays the conformance cases of this project against a service, each as a subtest that is named by the
// ID of the case: good tokens and forged ones, ways to present them, and authorization servers that rotate keys or are
// down. A failure says what was sent, what came back, what should have, and which standard says so. The first case, B01,
// is a good token: while that fails, so does much else. What is not run is logged with the reason: a capability or a
// route is lacking, or cfg says so.
//
// start starts the service so that it trusts the server it is given: its issuer, tokens for the audience of cfg.Server,
// and its certificate, by way of [Server.HTTPClient]. [Config.PlainHTTP] needs no such client, and [Config.Host] is for
// services that cannot be told another issuer. start is called once for all cases that leave the server as it is, and
// then for each case that does not. What the service is made of does not matter:
//
//	oauthtest.RunConformance(t, oauthtest.ConformanceConfig{}, func(as *oauthtest.Server) (oauthtest.Subject, error) {
//		service, err := newService(as.Issuer(), "https://api.example.com", as.HTTPClient())
//		return oauthtest.Subject{
//			Handler: service,
//			Routes:  []oauthtest.Route{{Path: "/orders", Scopes: []string{"orders:read"}}},
//		}, err
//	})
//
// Requests are sent over real connections, one after the other. Once three cases have got no answer in time, the others
// fail without being sent. A mistake in cfg or an error of start fails the test. A run takes some seconds, most of them for
// RSA keys; a server of ES256 is quicker.
//
// The cases are data that can be replayed in other languages, too: internal/conformance/testdata/http-cases.jsonl, and
// the README beside it.
func RunConformance(t *testing.T, cfg ConformanceConfig, start func(*Server) (Subject, error)) {
	t.Helper()
	r, err := newReplay(cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var omitted omissions
	for _, c := range r.cases {
		if why := r.omits(c); why != "" {
			omitted.add(why, c.ID)
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Helper()
			_, problems := r.play(t.Context(), c)
			for _, problem := range problems {
				t.Error(problem)
			}
		})
	}
	for _, o := range omitted {
		t.Logf("not run, %s: %s", o.why, strings.Join(o.ids, ", "))
	}
}

// CaseResult is what became of one case.
type CaseResult struct {
	// ID is the stable identifier of the case, and Title says in words what it is about.
	ID, Title string
	// Must says that the standards leave no choice, or that the case is an attack.
	Must bool
	// NotRun says why the case was not run; it is empty for a case that was.
	NotRun string
	// Status is that of the last answer, 0 if there was none.
	Status int
	// Problems are what was wrong, each with what was sent and what came back; none if all was well. They quote tokens
	// of the server, which open nothing.
	Problems []string
}

// CheckConformance does what [RunConformance] does for programs, and for tests that compare services: nothing fails, the
// results are returned in the order of the cases. The error is a mistake in cfg, one of start, or that ctx has ended; the
// results so far come with it.
func CheckConformance(
	ctx context.Context, cfg ConformanceConfig, start func(*Server) (Subject, error),
) ([]CaseResult, error) {
	r, err := newReplay(cfg, start)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var results []CaseResult
	for _, c := range r.cases {
		result := CaseResult{ID: c.ID, Title: c.Title, Must: c.Severity == conformance.Must, NotRun: r.omits(c)}
		if result.NotRun == "" {
			result.Status, result.Problems = r.play(ctx, c)
		}
		results = append(results, result)
		if err := ctx.Err(); err != nil {
			return results, err
		}
	}
	return results, nil
}
