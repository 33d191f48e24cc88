package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// bearerField is the grammar of RFC 6750, section 2.1, with the scheme in any case (RFC 9110, section 11.1).
var bearerField = regexp.MustCompile(`^(?i:bearer) +([-._~+/0-9A-Za-z]+=*)$`)

// Whatever is in the field: the validator sees exactly what the grammar calls the token, or is not asked; the answer is a
// pass, 400 or 401.
func FuzzAuthorize(f *testing.F) {
	errNo := middleware.Reject(middleware.ReasonBadSignature, nil)
	f.Fuzz(func(t *testing.T, field string, honoured bool) {
		var asked []string
		guard := newGuard(t, middleware.ValidatorFunc(func(_ context.Context, accessToken string) (*middleware.Token, error) {
			asked = append(asked, accessToken)
			if !honoured {
				return nil, errNo
			}
			token := alice()
			return &token, nil
		}), middleware.Config{})
		_, err := guard.Authorize(http.Header{}, get(field), middleware.Policy{})

		var want []string
		if match := bearerField.FindStringSubmatch(field); match != nil && len(match[1]) <= maxTokenLen {
			want = match[1:]
		}
		if len(asked) != len(want) || len(want) == 1 && asked[0] != want[0] {
			t.Fatalf("%q: the validator was asked about %q, want %q", field, asked, want)
		}
		if passes := honoured && len(want) == 1; (err == nil) != passes {
			t.Fatalf("%q: %v", field, err)
		}
		if err == nil {
			return
		}
		e, ok := errors.AsType[*middleware.Error](err)
		if !ok || e.StatusCode() != http.StatusBadRequest && e.StatusCode() != http.StatusUnauthorized {
			t.Fatalf("%q is refused with %v", field, err)
		}
		challenge(t, err)
	})
}

// knownParams says for every parameter which values are good as they are. Of a realm that is all printable text.
var knownParams = map[string]*regexp.Regexp{
	"realm":             regexp.MustCompile(`^[ -~]*$`),
	"error":             regexp.MustCompile(`^[ !#-\[\]-~]+$`),
	"error_description": regexp.MustCompile(`^[ !#-\[\]-~]+$`),
	"error_uri":         regexp.MustCompile(`^[!#-\[\]-~]+$`),
	"scope":             regexp.MustCompile(`^[!#-\[\]-~]+( [!#-\[\]-~]+)*$`),
	"acr_values":        regexp.MustCompile(`^[!#-\[\]-~]+( [!#-\[\]-~]+)*$`),
	"max_age":           regexp.MustCompile(`^[0-9]+$`),
	"algs":              regexp.MustCompile(`^[!#-\[\]-~]+( [!#-\[\]-~]+)*$`),
	"resource_metadata": regexp.MustCompile(`^[!#-\[\]-~]+$`),
}

// Whatever the values are, the challenge is one line of printable ASCII that parses back; good values arrive unchanged,
// others mended or not at all, and nothing arrives under a name that was not given.
func FuzzChallenge(f *testing.F) {
	f.Fuzz(func(t *testing.T, realm, text, uri, list, maxAge, strange string) {
		params := map[string]string{
			"realm": realm, "error": text, "error_description": text, "error_uri": uri, "resource_metadata": uri,
			"scope": list, "acr_values": list, "algs": list, "max_age": maxAge,
		}
		_, known := params[strange]
		if !known {
			params[strange] = realm
		}
		line := middleware.Challenge{Scheme: "Bearer", Params: params}.String()
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Fatalf("%q is not one line of printable ASCII", line)
		}
		parsed, err := parseChallenges(line)
		if err != nil || len(parsed) != 1 || parsed[0].Scheme != "Bearer" {
			t.Fatalf("%q reads back as %v, %v", line, parsed, err)
		}
		for name, value := range parsed[0].Params {
			if good := knownParams[name]; good == nil || !good.MatchString(value) {
				t.Errorf("%q has %s %q", line, name, value)
			}
		}
		for name, good := range knownParams {
			if got := parsed[0].Params[name]; good.MatchString(params[name]) && got != params[name] {
				t.Errorf("%s %q became %q", name, params[name], got)
			}
		}
	})
}
