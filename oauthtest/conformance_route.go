package oauthtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// findRoute returns the first route of a kind. The kinds are in the README beside the cases.
func findRoute(routes []Route, kind string) (Route, bool) {
	i := slices.IndexFunc(routes, func(r Route) bool { return r.is(kind) })
	if i < 0 {
		return Route{}, false
	}
	return routes[i], true
}

func (r Route) is(kind string) bool {
	switch kind {
	case "public":
		return r.Public
	case "scope":
		return len(r.Scopes) > 0
	case "scopes":
		return len(r.Scopes) > 1
	case "acr":
		return r.ACR != ""
	case "max-age":
		return r.MaxAge > 0
	case "post":
		return !r.Public && r.method() == http.MethodPost
	}
	return !r.Public
}

func (r Route) method() string { return cmp.Or(r.Method, http.MethodGet) }

// token describes what is good for the route.
func (r Route) token(now time.Time) Token {
	t := Token{Scope: strings.Join(r.Scopes, " "), Claims: map[string]any{}}
	if r.ACR != "" {
		t.Claims["acr"] = r.ACR
	}
	if r.MaxAge > 0 {
		t.Claims["auth_time"] = now.Unix()
	}
	return t
}
