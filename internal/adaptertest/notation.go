package adaptertest

import (
	"errors"
	"fmt"
	"strings"
)

// noChallenge is the notation for an answer without challenges.
const noChallenge = "-"

// expectation is what the notation says about one challenge.
type expectation struct {
	scheme  string
	values  map[string]string // parameters with that value
	present []string          // parameters with any value
	absent  []string
}

var errNotation = errors.New("not in the notation for challenges")

// parseNotation reads the notation of the behaviour table. Challenges are separated by " ; "; each is a scheme followed
// by name="value" for a parameter with that value, name=* for one with any value, and !name for one that must be absent.
// Parameters not mentioned are allowed.
func parseNotation(notation string) ([]expectation, error) {
	if notation == noChallenge {
		return nil, nil
	}
	var all []expectation
	s := scanner{notation}
	for {
		e, err := parseExpectation(&s)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if s.rest == "" {
			return all, nil
		}
		if !s.literal(" ; ") {
			return nil, fmt.Errorf("%w: %q", errNotation, notation)
		}
	}
}

func parseExpectation(s *scanner) (expectation, error) {
	e := expectation{scheme: s.token(), values: map[string]string{}}
	for e.scheme != "" && s.rest != "" && !strings.HasPrefix(s.rest, " ; ") {
		if !s.literal(" ") {
			return e, fmt.Errorf("%w: %q", errNotation, s.rest)
		}
		absent := s.literal("!")
		name := s.token()
		switch {
		case name == "":
			return e, fmt.Errorf("%w: %q", errNotation, s.rest)
		case absent:
			e.absent = append(e.absent, name)
		case s.literal("=*"):
			e.present = append(e.present, name)
		default:
			value, ok := "", s.literal("=")
			if ok {
				value, ok = s.quoted()
			}
			if !ok {
				return e, fmt.Errorf("%w: %q", errNotation, s.rest)
			}
			e.values[name] = value
		}
	}
	if e.scheme == "" {
		return e, fmt.Errorf("%w: a scheme is missing", errNotation)
	}
	return e, nil
}

// matchChallenges reports how the WWW-Authenticate lines of an answer differ from what the notation says. They are one
// for each challenge, in any order.
func matchChallenges(notation string, lines []string) error {
	expected, err := parseNotation(notation)
	if err != nil {
		return err
	}
	if len(lines) != len(expected) {
		return fmt.Errorf("%d challenges, want %d: %q", len(lines), len(expected), lines)
	}
	byScheme := map[string]challenge{}
	for _, line := range lines {
		c, err := parseChallenge(line)
		if err != nil {
			return err
		}
		byScheme[c.scheme] = c
	}
	var failures []error
	for _, e := range expected {
		failures = append(failures, e.match(byScheme[e.scheme]))
	}
	return errors.Join(failures...)
}

func (e expectation) match(c challenge) error {
	if c.scheme != e.scheme {
		return fmt.Errorf("no challenge of scheme %s", e.scheme)
	}
	for name, want := range e.values {
		if got, found := c.params[name]; !found || got != want {
			return fmt.Errorf("%s of %s is %q, want %q", name, e.scheme, got, want)
		}
	}
	for _, name := range e.present {
		if _, found := c.params[name]; !found {
			return fmt.Errorf("%s has no %s", e.scheme, name)
		}
	}
	for _, name := range e.absent {
		if _, found := c.params[name]; found {
			return fmt.Errorf("%s has a %s", e.scheme, name)
		}
	}
	return nil
}
