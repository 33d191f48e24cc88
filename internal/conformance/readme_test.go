package conformance_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

var (
	idRow    = regexp.MustCompile("(?m)^\\| (`[A-Z]-?\\d\\d`[^|]*) \\| [^|]+ \\| ([^|]+) \\|$")
	stem     = regexp.MustCompile(`[A-Z]-?\d\d`)
	standard = regexp.MustCompile(`\b\d{4}\b|OpenID`)
	citation = regexp.MustCompile(`RFC \d{4}|OpenID`)
)

// documented returns the README and the cases that it is about.
func documented(t *testing.T) (readme string, cases []conformance.Case) {
	t.Helper()
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if cases, err = conformance.Cases(); err != nil {
		t.Fatal(err)
	}
	return string(text), cases
}

// cited returns the standards of a source, as the README has them.
func cited(source string) (standards []string) {
	for _, found := range citation.FindAllString(source, -1) {
		standards = append(standards, strings.TrimPrefix(found, "RFC "))
	}
	return standards
}

// TestREADMEListsIDs wants each ID in one row of the README, and there the standards that its cases cite.
func TestREADMEListsIDs(t *testing.T) {
	readme, cases := documented(t)
	standards := make(map[string][]string)
	for _, c := range cases {
		id, _, _ := strings.Cut(c.ID, ".")
		standards[id] = append(standards[id], cited(c.Source)...)
	}
	for _, row := range idRow.FindAllStringSubmatch(readme, -1) {
		var want []string
		for _, id := range stem.FindAllString(row[1], -1) {
			if _, found := standards[id]; !found {
				t.Errorf("%s is in two rows, or has no case", id)
			}
			want = append(want, standards[id]...)
			delete(standards, id)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if got := standard.FindAllString(row[2], -1); !slices.Equal(got, want) {
			t.Errorf("%s: the standards are %s, want %s", row[1], got, want)
		}
	}
	for id := range standards {
		t.Errorf("no row has %s", id)
	}
}

// TestREADMEKnowsWords wants every word of the cases explained: no replayer has to guess.
func TestREADMEKnowsWords(t *testing.T) {
	readme, cases := documented(t)
	for _, c := range cases {
		words := slices.Concat(c.Needs, c.Unless, []string{c.Route, c.Token.Key, c.Token.Signature})
		for _, step := range c.Before {
			words = append(words, step.Do, step.Endpoint)
		}
		for _, word := range words {
			if word != "" && !strings.Contains(readme, "`"+word+"`") {
				t.Errorf("%s: the README does not explain %q", c.ID, word)
			}
		}
	}
}
