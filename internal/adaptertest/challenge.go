package adaptertest

import (
	"errors"
	"fmt"
	"strings"
)

// challenge is a challenge as a client reads it.
type challenge struct {
	scheme string
	params map[string]string // by name in lower case
}

var errChallenge = errors.New("not one challenge of RFC 9110, section 11.6.1")

// parseChallenge reads a WWW-Authenticate line and accepts only what every client understands: one challenge in the
// line, at least one parameter (RFC 6750, section 3), each a quoted-string of printable ASCII, none twice, and quotes
// and backslashes nowhere but in the realm. It shares no code with the writer it judges.
func parseChallenge(line string) (challenge, error) {
	s := scanner{line}
	c := challenge{scheme: s.token(), params: map[string]string{}}
	if c.scheme == "" || !s.literal(" ") {
		return c, fmt.Errorf("%w: a scheme and a space are missing at %q", errChallenge, s.rest)
	}
	for {
		name := strings.ToLower(s.token())
		if name == "" || !s.literal("=") {
			return c, fmt.Errorf("%w: a parameter is missing at %q", errChallenge, s.rest)
		}
		value, ok := s.quoted()
		if !ok || name != "realm" && strings.ContainsAny(value, `"\`) {
			return c, fmt.Errorf("%w: the value of %s is not plain", errChallenge, name)
		}
		if _, twice := c.params[name]; twice {
			return c, fmt.Errorf("%w: %s comes twice", errChallenge, name)
		}
		c.params[name] = value
		if s.rest == "" {
			return c, nil
		}
		if !s.comma() {
			return c, fmt.Errorf("%w: a comma is missing at %q", errChallenge, s.rest)
		}
	}
}

// scanner reads the grammar of RFC 9110, section 5.6, from the front of rest.
type scanner struct{ rest string }

const tokenChars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// token returns "" where there is none.
func (s *scanner) token() string {
	length := len(s.rest) - len(strings.TrimLeft(s.rest, tokenChars))
	token := s.rest[:length]
	s.rest = s.rest[length:]
	return token
}

func (s *scanner) literal(text string) bool {
	rest, found := strings.CutPrefix(s.rest, text)
	s.rest = rest
	return found
}

// comma reads a comma and the optional white space around it.
func (s *scanner) comma() bool {
	s.rest = strings.TrimLeft(s.rest, " \t")
	found := s.literal(",")
	s.rest = strings.TrimLeft(s.rest, " \t")
	return found
}

// quoted reads a quoted-string without obs-text and tabs, which no challenge needs.
func (s *scanner) quoted() (value string, ok bool) {
	if !s.literal(`"`) {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		if c == '"' {
			s.rest = s.rest[i+1:]
			return b.String(), true
		}
		if c == '\\' {
			if i++; i == len(s.rest) {
				return "", false
			}
			c = s.rest[i]
		}
		if c < ' ' || c > '~' {
			return "", false
		}
		b.WriteByte(c)
	}
	return "", false
}
