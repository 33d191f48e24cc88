package oauthhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/internal/adaptertest"
	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/middleware"
)

func TestBehaviour(t *testing.T) { adaptertest.Run(t, serve) }

func TestConformance(t *testing.T) { adaptertest.RunConformance(t, serve) }

// serve is the adapter under test.
func serve(routes ...adaptertest.Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		if route.Open {
			mux.Handle(route.Path, route.Handler)
			continue
		}
		handler := oauthhttp.Enforce(route.Guard, route.Policy)(route.Handler)
		for _, policy := range slices.Backward(route.Groups) {
			handler = oauthhttp.Enforce(route.Guard, policy)(handler)
		}
		mux.Handle(route.Path, http.StripPrefix(route.Prefix, handler))
	}
	return mux
}

func TestRequire(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	adaptertest.RunRequire(t,
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return oauthhttp.Require(guard, scopes...)(nothing)
		},
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return oauthhttp.RequireAny(guard, scopes...)(nothing)
		},
	)
}

// TestChain composes as chi and its kin do: a list of functions around a router, and one more around a route of it.
func TestChain(t *testing.T) {
	guard := adaptertest.Guard(t)
	mux := http.NewServeMux()
	order := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("id")+r.Header.Get("X-Outer"))
	})
	mux.Handle("GET /orders/{id}", oauthhttp.Require(guard, "read")(order))

	outer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("X-Outer", "!")
			next.ServeHTTP(w, r)
		})
	}
	var handler http.Handler = mux
	for _, use := range slices.Backward([]func(http.Handler) http.Handler{outer, oauthhttp.Require(guard)}) {
		handler = use(handler)
	}

	for _, tt := range []struct {
		path, accessToken string
		status            int
		body              string
	}{
		{"/orders/7", "read", http.StatusOK, "7!"},
		{"/orders/7", "write", http.StatusForbidden, ""},
		{"/nothing", "read", http.StatusNotFound, ""},
		{"/nothing", "", http.StatusUnauthorized, ""},
	} {
		got := adaptertest.Get(handler, tt.path, tt.accessToken)
		if got.Code != tt.status || tt.body != "" && got.Body.String() != tt.body {
			t.Errorf("%s with %q: %d %s", tt.path, tt.accessToken, got.Code, got.Body)
		}
	}
}

// TestAllocations finds what the adapter allocates beyond the Guard.
func TestAllocations(t *testing.T) {
	guard := adaptertest.Guard(t)
	policy := middleware.Policy{Scopes: []string{"read"}}
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	protected := oauthhttp.Enforce(guard, policy)(handler)
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer read")

	byHand := testing.AllocsPerRun(100, func() {
		admitted, err := guard.Authorize(w.Header(), r, policy)
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(w, admitted)
	})
	if adapted := testing.AllocsPerRun(100, func() { protected.ServeHTTP(w, r) }); adapted > byHand {
		t.Errorf("%v allocations a request, %v without the adapter", adapted, byHand)
	}
}

func TestRememberedTokenAllocates(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	adaptertest.RunAllocations(t, nothing, func(guard *middleware.Guard, scopes ...string) http.Handler {
		return oauthhttp.Require(guard, scopes...)(nothing)
	}, alloctest.Cost{Objects: 1, Bytes: 352})
}
