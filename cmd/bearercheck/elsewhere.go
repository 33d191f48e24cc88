package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// places are the claims that servers have permissions and roles in, which are no scopes.
var places = []string{"permissions", "roles", "realm_access.roles"}

// elsewhere returns the claim that has what a route requires although scope and scp have not, "" if there is none.
func (c *check) elsewhere(required []string) string {
	i := slices.IndexFunc(places, func(place string) bool { return coversAll(granted(c.view.claims, place), required) })
	if i < 0 {
		return ""
	}
	return places[i]
}

// granted returns what a token has in a place.
func granted(claims map[string]strictjson.Value, place string) []string {
	outer, inner, nested := strings.Cut(place, ".")
	if !nested {
		return texts(claims[outer])
	}
	members, err := strictjson.Object(claims[outer])
	if err != nil {
		return nil
	}
	return texts(members[inner])
}

func coversAll(granted, required []string) bool {
	return len(required) > 0 && !slices.ContainsFunc(required, func(scope string) bool { return !slices.Contains(granted, scope) })
}

var errNotGranted = errors.New("the token does not grant that")

// policy is that of the route: scopes, or the same names in another claim.
func (s situation) policy() middleware.Policy {
	if s.place == "" {
		return middleware.Policy{Scopes: s.scopes}
	}
	return middleware.Policy{Check: func(_ context.Context, t middleware.Token) error {
		claims, err := middleware.Claims[map[string]strictjson.Value](t)
		if err != nil || !coversAll(granted(claims, s.place), s.scopes) {
			return errNotGranted
		}
		return nil
	}}
}

// readElsewhere lets the route ask for permissions or roles in the place of scopes.
func (c *check) readElsewhere(s situation) []change {
	place := c.elsewhere(s.scopes)
	if place == "" {
		return nil
	}
	s.place = place
	return []change{{to: s, loosens: fmt.Sprintf("Nothing: the route asks for %s in the claim %s instead of for scopes. "+
		"Its challenges name no scope then.",
		quoteAll(s.scopes), place)}}
}

// policyCode writes the policy as Go code, "" for one of scopes.
func policyCode(s situation) string {
	if s.place == "" {
		return ""
	}
	outer, inner, nested := strings.Cut(s.place, ".")
	member, value := fmt.Sprintf("Granted []string `json:%q`", outer), "claims.Granted"
	if nested {
		member = fmt.Sprintf("Access struct {\n\t\tGranted []string `json:%q`\n\t} `json:%q`", inner, outer)
		value = "claims.Access.Granted"
	}
	return formatted(fmt.Sprintf(`

middleware.Policy{Check: func(_ context.Context, t middleware.Token) error {
	claims, err := middleware.Claims[struct {
		%s
	}](t)
	for _, needed := range %s {
		if err != nil || !slices.Contains(%s, needed) {
			return errors.New("not granted")
		}
	}
	return nil
}}`, member, stringSlice(s.scopes), value))
}
