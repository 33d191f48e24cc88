package main

import (
	"net/http"
	"regexp"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// route is a route in the words of no framework. Its path has wildcards as http.ServeMux writes them.
type route struct {
	method, path string
	// layers are on the way to the handler, the outermost first. None: open to everybody.
	layers  []layer
	handler http.HandlerFunc
}

// layer is a policy and who enforces it.
type layer struct {
	guard  *middleware.Guard
	policy middleware.Policy
}

// routes returns the whole API. Streams end when stopping is closed.
func (s *service) routes(stopping <-chan struct{}) []route {
	orders := newHandler("orders")
	layers := func(policies ...middleware.Policy) (chain []layer) {
		for _, policy := range policies {
			chain = append(chain, layer{s.guard, policy})
		}
		return chain
	}
	routes := []route{
		{"GET", "/healthz", nil, healthz},
		{"GET", "/readyz", nil, s.readyz},
		{"GET", "/metrics", nil, s.metrics.handler.ServeHTTP},
		{"GET", "/public", nil, newHandler("public").answer},
		{"GET", "/me", layers(anyToken), newHandler("me").answer},
		{"GET", "/orders", layers(readOrders), orders.answer},
		{"GET", "/orders/{id}", layers(readOrders), orders.answer},
		{"POST", "/orders", layers(writeOrders), orders.answer},
		{"GET", "/reports", layers(readReports), newHandler("reports").answer},
		{"GET", "/both", layers(readAndWrite), newHandler("both").answer},
		{"GET", "/grouped", layers(anyToken, readOrders), newHandler("grouped").answer},
		{"GET", "/optional", layers(optional), newHandler("optional").answer},
		{"GET", "/stepup", layers(strongLogin), newHandler("stepup").answer},
		{"GET", "/recent", layers(recentLogin), newHandler("recent").answer},
		{"GET", "/stepup-orders", layers(strongRecentOrders), newHandler("stepup-orders").answer},
		{"GET", "/stream", layers(whileValid), newHandler("stream").stream(stopping)},
		{"POST", "/revoke", layers(anyToken), s.revoke()},
		{"POST", "/admin/revocations", layers(writeRevocations), revocation.ListHandler(s.denied).ServeHTTP},
	}
	routes = append(routes, s.eventRoutes()...)
	if path := s.guard.MetadataPath(); path != "" {
		serve := s.guard.MetadataHandler().ServeHTTP
		routes = append(routes, route{"GET", path, nil, serve}, route{"OPTIONS", path, nil, serve})
	}
	if s.fresh != nil {
		fresh := []layer{{s.fresh, anyToken}}
		routes = append(routes, route{"GET", "/fresh", fresh, newHandler("fresh").answer})
	}
	return routes
}

// The policies, by what they ask for.
var (
	anyToken     = middleware.Policy{}
	whileValid   = middleware.Policy{EndWithToken: true}
	readOrders   = middleware.Policy{Scopes: []string{"orders:read"}}
	writeOrders  = middleware.Policy{Scopes: []string{"orders:write"}}
	readReports  = middleware.Policy{AnyScopes: [][]string{{"reports:read", "admin"}}}
	readAndWrite = middleware.Policy{Scopes: []string{"read", "write"}}
	optional     = middleware.Policy{AllowAnonymous: true}
	strongLogin  = middleware.Policy{ACRValues: []string{"urn:example:loa:2", "urn:example:loa:3"}}
	recentLogin  = middleware.Policy{MaxAge: 5 * time.Minute}

	writeRevocations = middleware.Policy{Scopes: []string{"revocations:write"}}

	strongRecentOrders = middleware.Policy{
		Scopes:    []string{"orders:read"},
		ACRValues: []string{"urn:example:loa:2"},
		MaxAge:    5 * time.Minute,
	}
)

// methods are those the route answers: with GET comes HEAD (RFC 9110, section 9.3.2), which only http.ServeMux adds by
// itself.
func (r route) methods() []string {
	if r.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.method}
}

var wildcard = regexp.MustCompile(`\{(\w+)\}`)

// colonPath is the path with wildcards as Echo and Gin write them.
func (r route) colonPath() string { return wildcard.ReplaceAllString(r.path, ":$1") }

// adapters turns the routes into a handler, each with another framework.
var adapters = map[string]func([]route) http.Handler{
	"nethttp": netHTTP,
	"echo":    echoHandler,
	"gin":     ginHandler,
}
