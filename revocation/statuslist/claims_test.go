package statuslist_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestT5 wants sub, iat and exp in order, and a ttl that is a positive number (sections 5.1 and 8.3). TestT5Signature has
// the rest of the rule.
func TestT5(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	for name, changes := range map[string]object{
		"other sub":       {"sub": listURI + "0"},
		"longer sub":      {"sub": listURI + "/"},
		"sub of a prefix": {"sub": prefix},
		"no sub":          {"sub": nil},
		"number for sub":  {"sub": 1},
		"list for sub":    {"sub": []string{listURI}},
		"no iat":          {"iat": nil},
		"text for iat":    {"iat": "2000-01-01"},
		"zero iat":        {"iat": 0},
		"null iat":        {"iat": object(nil)},
		"iat ahead":       {"iat": now.Add(time.Minute + time.Second).Unix()},
		"expired":         {"exp": now.Unix()},
		"long expired":    {"exp": 1},
		"zero exp":        {"exp": 0},
		"text for exp":    {"exp": "2100-01-01"},
		"negative exp":    {"exp": -1},
		"zero ttl":        {"ttl": 0},
		"negative ttl":    {"ttl": -1},
		"text for ttl":    {"ttl": "60"},
		"list for ttl":    {"ttl": []int{60}},
		"endless ttl":     {"ttl": json.RawMessage("1e999")},
		"true for ttl":    {"ttl": true},
	} {
		t.Run("T-5 "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.serve(changes)
				f.refuses(token(listURI, 0), statuslist.ReasonBadList)
			})
		})
	}
	for name, body := range map[string]string{
		"empty": "", "null": "null", "list": "[]", "text": `"x"`, "HTML": "<html>", "two objects": "{}{}", "no claims": "{}",
		"two subs": `{"sub":"` + listURI + `","sub":"` + listURI + `","iat":1,"status_list":{"bits":1,"lst":"eNpjAAAAAQAB"}}`,
		"null ttl": `{"sub":"` + listURI + `","ttl":null,"iat":1,"status_list":{"bits":1,"lst":"eNpjAAAAAQAB"}}`,
		"null exp": `{"sub":"` + listURI + `","exp":null,"iat":1,"status_list":{"bits":1,"lst":"eNpjAAAAAQAB"}}`,
	} {
		t.Run("T-5 claims are "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.misbehave(page{body: body})
				f.refuses(token(listURI, 0), statuslist.ReasonBadList)
			})
		})
	}
	for name, changes := range map[string]object{
		"no exp":         {"exp": nil},
		"no ttl":         {"ttl": nil},
		"neither":        {"exp": nil, "ttl": nil},
		"fractions":      {"iat": 1.5, "ttl": 0.25, "exp": 4e9},
		"a little ahead": {"iat": now.Add(time.Minute).Unix()},
		"just in time":   {"exp": now.Unix() + 1},
		"other claims":   {"iss": "https://as.example.com", "aud": []string{"a"}, "x": object{}},
	} {
		t.Run("T-5 "+name, func(t *testing.T) {
			run(t, nil, func(f *fixture) {
				f.serve(changes)
				f.accepts(token(listURI, 0))
				f.refuses(token(listURI, 1), middleware.ReasonRevoked)
			})
		})
	}
}
