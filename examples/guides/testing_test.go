package guides

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// newService is the constructor of a service: what differs between a test and production are arguments.
//
//docs:begin service
func newService(config jwks.Config) (http.Handler, error) {
	validator, err := jwks.New(config)
	if err != nil {
		return nil, err
	}
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", oauthhttp.Require(guard, "orders:read")(http.HandlerFunc(listOrders)))
	return mux, nil
}

func listOrders(w http.ResponseWriter, r *http.Request) {
	token, _ := middleware.FromContext(r.Context())
	fmt.Fprintln(w, "orders of", token.Subject)
}

//docs:end

//docs:begin tokens
func TestOrders(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: "https://orders.example.com"})
	service, err := newService(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://orders.example.com",
		HTTPClient: as.HTTPClient(), // trusts the certificate of the fake server
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		token oauthtest.Token
		want  int
	}{
		{"good", oauthtest.Token{Scope: "orders:read"}, http.StatusOK},
		{"scope missing", oauthtest.Token{Scope: "orders:write"}, http.StatusForbidden},
		{"expired", oauthtest.Token{Scope: "orders:read", ExpiresIn: -time.Minute}, http.StatusUnauthorized},
		{"for another API", oauthtest.Token{Audience: []string{"https://other.example"}}, http.StatusUnauthorized},
		{"an ID token", oauthtest.Token{Header: map[string]any{"typ": "JWT"}}, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := request(service, as.Mint(tt.token)); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func request(service http.Handler, token string) int {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return w.Code
}

//docs:end

//docs:begin faults
func TestOrdersWhileTheServerIsDown(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: "https://orders.example.com"})
	service, err := newService(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://orders.example.com",
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	good := as.Mint(oauthtest.Token{Scope: "orders:read"})

	as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: http.StatusServiceUnavailable})
	if got := request(service, good); got != http.StatusServiceUnavailable {
		t.Errorf("before any keys are known: %d, want 503, not 401", got)
	}
}

func TestOrdersAcrossARotation(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: "https://orders.example.com"})
	service, err := newService(jwks.Config{
		Issuer:     as.Issuer(),
		Audience:   "https://orders.example.com",
		HTTPClient: as.HTTPClient(),
	})
	if err != nil {
		t.Fatal(err)
	}
	old := as.Mint(oauthtest.Token{Scope: "orders:read"})
	if got := request(service, old); got != http.StatusOK {
		t.Fatalf("old key: %d", got)
	}
	as.Rotate()
	if got := request(service, as.Mint(oauthtest.Token{Scope: "orders:read"})); got != http.StatusOK {
		t.Errorf("new key: %d", got)
	}
	if got := request(service, old); got != http.StatusOK {
		t.Errorf("old key, still published: %d", got)
	}
}

//docs:end

//docs:begin conformance
func TestOrdersConform(t *testing.T) {
	config := oauthtest.ConformanceConfig{Server: oauthtest.Config{Audience: "https://orders.example.com"}}
	oauthtest.RunConformance(t, config, func(as *oauthtest.Server) (oauthtest.Subject, error) {
		service, err := newService(jwks.Config{
			Issuer:     as.Issuer(),
			Audience:   "https://orders.example.com",
			HTTPClient: as.HTTPClient(),
		})
		return oauthtest.Subject{
			Handler: service,
			Routes:  []oauthtest.Route{{Path: "/orders", Scopes: []string{"orders:read"}}},
		}, err
	})
}

//docs:end

//docs:begin handler
func TestListOrders(t *testing.T) {
	alice := middleware.NewContext(context.Background(), middleware.Token{
		Subject: "alice",
		Claims:  oauthtest.Claims(map[string]any{"tenant": "acme"}),
	})
	w := httptest.NewRecorder()
	listOrders(w, httptest.NewRequest(http.MethodGet, "/orders", nil).WithContext(alice))
	if got := w.Body.String(); got != "orders of alice\n" {
		t.Errorf("got %q", got)
	}
}

//docs:end

// What docs/guides/testing.md calls the usual mistakes.
func TestMistakesInTests(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: "https://orders.example.com"})
	for want, config := range map[middleware.Reason]jwks.Config{
		middleware.ReasonKeysUnavailable: {Issuer: as.Issuer(), Audience: "https://orders.example.com"},
		middleware.ReasonWrongAudience:   {Issuer: as.Issuer(), Audience: "https://other.example", HTTPClient: as.HTTPClient()},
	} {
		validator, err := jwks.New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer validator.Close()
		_, err = validator.Validate(context.Background(), as.Mint(oauthtest.Token{}))
		if got := middleware.ReasonOf(err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
