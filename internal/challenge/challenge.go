// Package challenge reads WWW-Authenticate as clients do, with patience for what other software sends.
package challenge

import (
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate field.
type Challenge struct {
	Scheme string
	Params map[string]string // by name in lower case
}

// Parse reads the fields as RFC 9110, section 11.6.1 has them: any number of challenges in any number of lines, with
// parameters in either form. What does not follow the grammar ends the line it is in.
func Parse(fields []string) []Challenge {
	var all []Challenge
	for _, field := range fields {
		all = append(all, parseLine(field)...)
	}
	return all
}

func parseLine(line string) []Challenge {
	var found []Challenge
	s := scanner{line}
	for {
		s.skip(" \t,")
		name := s.take(tokenChars)
		if name == "" {
			return found
		}
		if value, ok := s.value(); ok && len(found) > 0 {
			found[len(found)-1].Params[strings.ToLower(name)] = value
			continue
		}
		found = append(found, Challenge{name, map[string]string{}})
		s.skip(" ")
		s.credentials()
	}
}

// scanner reads from the front of rest.
type scanner struct{ rest string }

const (
	tokenChars   = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	token68Chars = "-._~+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func (s *scanner) skip(chars string) { s.rest = strings.TrimLeft(s.rest, chars) }

func (s *scanner) take(chars string) string {
	rest := strings.TrimLeft(s.rest, chars)
	taken := s.rest[:len(s.rest)-len(rest)]
	s.rest = rest
	return taken
}

// value reads an equals sign and what follows it; nothing is read if there is none.
func (s *scanner) value() (string, bool) {
	rest, found := strings.CutPrefix(strings.TrimLeft(s.rest, " \t"), "=")
	if !found {
		return "", false
	}
	s.rest = strings.TrimLeft(rest, " \t")
	if !strings.HasPrefix(s.rest, `"`) {
		return s.take(tokenChars), true
	}
	return s.quoted(), true
}

// quoted reads a quoted-string, one without an end to the end.
func (s *scanner) quoted() string {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return b.String()
}

// credentials passes over the one value that some schemes have in the place of parameters (token68).
func (s *scanner) credentials() {
	after := strings.TrimLeft(strings.TrimLeft(s.rest, token68Chars), "=")
	ended := strings.TrimLeft(after, " \t")
	taken := s.rest[:len(s.rest)-len(after)]
	if strings.HasSuffix(taken, "=") && (ended == "" || ended[0] == ',') {
		s.rest = ended
	}
}
