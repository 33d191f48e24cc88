package conformance_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

// ownID is the ID of a case that belongs to no row: an attack, or something else.
var ownID = regexp.MustCompile(`^[AX]-\d\d$`)

func TestCases(t *testing.T) {
	cases, err := conformance.Cases()
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	rows, err := conformance.Behaviour()
	if err != nil {
		t.Fatal(err)
	}
	if cases[0].ID != "B01" {
		t.Errorf("the first case is %s: no other tells as much if it fails as a good token", cases[0].ID)
	}
	seen := make(map[string]bool)
	changing := false
	for _, c := range cases {
		stem, variant, _ := strings.Cut(c.ID, ".")
		isRow := slices.ContainsFunc(rows, func(r conformance.BehaviourRow) bool { return r.ID == stem })
		if seen[c.ID] || !isRow && !ownID.MatchString(stem) || strings.ContainsAny(variant, "./ ") {
			t.Errorf("the ID %q is taken, or of no known kind", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Source == "" || c.Severity != conformance.Must && c.Severity != conformance.Should {
			t.Errorf("%s: title %q, source %q, severity %q", c.ID, c.Title, c.Source, c.Severity)
		}
		if changing && len(c.Before) == 0 {
			t.Errorf("%s comes behind a case that changes the server", c.ID)
		}
		changing = len(c.Before) > 0
		checkWords(t, c)
		checkAnswers(t, c)
	}
}

// checkWords wants no word that only this case has: a kit that replays the file knows those of the README.
func checkWords(t *testing.T, c conformance.Case) {
	t.Helper()
	const publicKeys = " public-pem public-pem-trimmed public-pkcs1 public-der public-jwk public-modulus"
	for what, words := range map[string]struct{ got, known string }{
		"needs":     {strings.Join(c.Needs, " "), "jwt rfc9068 introspection form-token query-token dpop RS256"},
		"unless":    {strings.Join(c.Unless, " "), "rfc9068 form-token query-token dpop ES384 ES512"},
		"route":     {c.Route, "token scope scopes acr max-age post public"},
		"key":       {c.Token.Key, "attacker none empty" + publicKeys},
		"signature": {c.Token.Signature, "flipped empty short zero trailing-bits"},
	} {
		for _, word := range strings.Fields(words.got) {
			if !slices.Contains(strings.Fields(words.known), word) {
				t.Errorf("%s: %s has the unknown word %q", c.ID, what, word)
			}
		}
	}
	for _, step := range c.Before {
		if !slices.Contains([]string{"warm", "ask", "rotate", "retire", "revoke", "break", "heal"}, step.Do) {
			t.Errorf("%s: there is no step %q", c.ID, step.Do)
		}
	}
}

func checkAnswers(t *testing.T, c conformance.Case) {
	t.Helper()
	if len(c.Expect) == 0 {
		t.Errorf("%s: no answer is right", c.ID)
	}
	var all []int
	for i, answer := range c.Expect {
		if answer.Admitted == (len(answer.Status) > 0) || (answer.Why == "") != (i == 0) {
			t.Errorf("%s: answer %d is %+v", c.ID, i, answer)
		}
		if slices.Contains(answer.Status, 401) && answer.Challenge == nil {
			t.Errorf("%s: a 401 without a challenge (RFC 9110, section 15.5.2)", c.ID)
		}
		all = append(all, answer.Status...)
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%s: one status in two answers: %d", c.ID, all)
	}
}
