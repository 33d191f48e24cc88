package statuslist_test

import (
	"context"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// Tests are named after the rules T-1 to T-12 of a resource server that honours Token Status Lists. The section numbers
// beside them are those of draft-ietf-oauth-status-list-20.

// TestT1 wants a status_list with an integer and a string (section 6.2), if there is a status at all.
func TestT1(t *testing.T) {
	const uri = `"uri":"` + listURI + `"`
	for name, status := range map[string]string{
		"negative index":    `{"status_list":{"idx":-1,` + uri + `}}`,
		"negative zero":     `{"status_list":{"idx":-0,` + uri + `}}`,
		"fraction":          `{"status_list":{"idx":1.5,` + uri + `}}`,
		"float":             `{"status_list":{"idx":0.0,` + uri + `}}`,
		"exponent":          `{"status_list":{"idx":0e0,` + uri + `}}`,
		"text index":        `{"status_list":{"idx":"0",` + uri + `}}`,
		"null index":        `{"status_list":{"idx":null,` + uri + `}}`,
		"no index":          `{"status_list":{` + uri + `}}`,
		"no 64-bit index":   `{"status_list":{"idx":18446744073709551616,` + uri + `}}`,
		"two indexes":       `{"status_list":{"idx":0,"idx":1,` + uri + `}}`,
		"other case":        `{"status_list":{"IDX":0,` + uri + `}}`,
		"no uri":            `{"status_list":{"idx":0}}`,
		"null uri":          `{"status_list":{"idx":0,"uri":null}}`,
		"number for a uri":  `{"status_list":{"idx":0,"uri":1}}`,
		"list of uris":      `{"status_list":{"idx":0,"uri":["` + listURI + `"]}}`,
		"list of lists":     `{"status_list":[{"idx":0,` + uri + `}]}`,
		"null list":         `{"status_list":null}`,
		"text for a list":   `{"status_list":"` + listURI + `"}`,
		"another mechanism": `{"identifier_list":{"id":"1",` + uri + `}}`,
		"empty status":      `{}`,
		"null status":       `null`,
		"text for a status": `"valid"`,
		"number":            `0`,
		"list":              `[]`,
	} {
		t.Run("T-1 "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.serve(nil)
				f.refuses(`{"sub":"alice","status":`+status+`}`, middleware.ReasonMalformedClaim)
				f.fetched(0)
			})
		})
	}
	t.Run("T-1 further members", func(t *testing.T) {
		run(t, nil, func(f *fixture) {
			f.serve(nil)
			f.accepts(`{"sub":"alice","status":{"status_list":{"idx":0,` + uri + `,"x":1},"y":{}},"z":[]}`)
		})
	})
}

// TestT1NoStatus: a token without status passes, unless it is required to have one.
func TestT1NoStatus(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.accepts(`{"sub":"alice"}`)
		f.accepts(`{"sub":"alice","Status":{}}`)
		f.fetched(0)
	})
	run(t, func(c *statuslist.Config) { c.Require = true }, func(f *fixture) {
		f.serve(nil)
		f.refuses(`{"sub":"alice"}`, middleware.ReasonMissingClaim)
		f.refuses(`{"sub":"alice","Status":{}}`, middleware.ReasonMissingClaim)
		f.fetched(0)
		f.accepts(token(listURI, 0))
	})
	run(t, func(c *statuslist.Config) { c.Validator = withoutClaims }, func(f *fixture) {
		f.accepts("opaque")
	})
	run(t, func(c *statuslist.Config) { c.Validator, c.Require = withoutClaims, true }, func(f *fixture) {
		f.refuses("opaque", middleware.ReasonMissingClaim)
	})
}

var withoutClaims = middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) {
	return &middleware.Token{Subject: "alice"}, nil
})

// TestT1UnreadableClaims: a status that cannot be read is not one that is absent.
func TestT1UnreadableClaims(t *testing.T) {
	run(t, nil, func(f *fixture) { f.refuses(`{"status":`, middleware.ReasonMalformedClaim) })
}

// TestT2: a token that is refused causes no fetch (section 8.3).
func TestT2(t *testing.T) {
	run(t, nil, func(f *fixture) {
		f.serve(nil)
		f.refuses("forged", middleware.ReasonBadSignature)
		f.fetched(0)
	})
	unavailable := func(context.Context, string) (*middleware.Token, error) {
		return nil, middleware.Unavailable(middleware.ReasonKeysUnavailable, 0, nil)
	}
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(unavailable) }, func(f *fixture) {
		f.serve(nil)
		err := f.validate(token(listURI, 0))
		wantOutcome(f, err, middleware.ErrUnavailable, middleware.ReasonKeysUnavailable)
		f.fetched(0)
	})
	nothing := func(context.Context, string) (*middleware.Token, error) { return nil, nil }
	run(t, func(c *statuslist.Config) { c.Validator = middleware.ValidatorFunc(nothing) }, func(f *fixture) {
		if got, err := f.checker.Validate(f.Context(), token(listURI, 0)); got != nil || err != nil {
			f.Errorf("nothing became %v, %v", got, err)
		}
	})
}
