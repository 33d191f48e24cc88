package oauthtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check returns what the cases cannot be played with.
func (s Subject) check() error {
	if (s.Handler == nil) == (s.URL == "") {
		return errors.New("oauthtest: Subject: want either Handler or URL")
	}
	for _, route := range s.Routes {
		if err := route.check(); err != nil {
			return fmt.Errorf("oauthtest: Subject.Routes: %q: %w", route.Path, err)
		}
	}
	if _, found := findRoute(s.Routes, "token"); !found {
		return errors.New("oauthtest: Subject.Routes: want at least one that is protected")
	}
	return nil
}

func (r Route) check() error {
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#") {
		return errors.New("want a path that begins with a slash, without query")
	}
	if r.Public && (r.Scopes != nil || r.ACR != "" || r.MaxAge != 0) {
		return errors.New("a public route has no Scopes, ACR or MaxAge")
	}
	isList := func(scope string) bool { return len(strings.Fields(scope)) != 1 }
	if i := slices.IndexFunc(r.Scopes, isList); i >= 0 {
		return fmt.Errorf("want one scope in each string, not %q", r.Scopes[i])
	}
	return nil
}
