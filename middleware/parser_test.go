package middleware_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/middleware"
)

// The grammar of RFC 9110, sections 5.6 and 11, as senders have to follow it: no empty list elements, no white space
// around the equals sign, no octets outside ASCII. The schemes of this module have no use for token68 challenges.
var (
	listComma  = regexp.MustCompile(`^[ \t]*,[ \t]*`)
	authScheme = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+")
	authParam  = regexp.MustCompile("^([-!#$%&'*+.^_`|~0-9A-Za-z]+)=(" +
		`"(?:[\t !\x23-\x5B\x5D-\x7E]|\\[\t\x20-\x7E])*"` + "|[-!#$%&'*+.^_`|~0-9A-Za-z]+)")
	quotedPair = regexp.MustCompile(`\\(.)`)
)

// parseChallenges reads the value of a WWW-Authenticate field.
func parseChallenges(field string) ([]middleware.Challenge, error) {
	var challenges []middleware.Challenge
	for rest, more := field, true; more; {
		var c middleware.Challenge
		var err error
		if c, rest, more, err = parseChallenge(rest); err != nil {
			return nil, err
		}
		challenges = append(challenges, c)
	}
	return challenges, nil
}

// parseChallenge reads one challenge, and the comma behind it if there is more to come.
func parseChallenge(field string) (c middleware.Challenge, rest string, more bool, err error) {
	c = middleware.Challenge{Scheme: authScheme.FindString(field), Params: map[string]string{}}
	if c.Scheme == "" {
		return c, "", false, fmt.Errorf("no scheme at %q", field)
	}
	rest = field[len(c.Scheme):]
	separator := regexp.MustCompile(`^ +`)
	for {
		gap := separator.FindString(rest)
		param := authParam.FindStringSubmatch(rest[len(gap):])
		if gap == "" || param == nil {
			break
		}
		if err := addParam(c.Params, param[1], param[2]); err != nil {
			return c, "", false, err
		}
		rest = rest[len(gap)+len(param[0]):]
		separator = listComma
	}
	comma := listComma.FindString(rest)
	if comma == "" && rest != "" {
		return c, "", false, fmt.Errorf("unexpected %q", rest)
	}
	return c, rest[len(comma):], comma != "", nil
}

func addParam(params map[string]string, name, value string) error {
	name = strings.ToLower(name)
	if _, repeated := params[name]; repeated {
		return fmt.Errorf("%s appears twice", name)
	}
	inner, quoted := strings.CutPrefix(value, `"`)
	if !quoted && name == "realm" {
		return fmt.Errorf("realm %s is not a quoted-string", value)
	}
	if quoted {
		value = quotedPair.ReplaceAllString(strings.TrimSuffix(inner, `"`), "$1")
	}
	params[name] = value
	return nil
}

func TestParserReadsVectors(t *testing.T) {
	var vectors struct {
		Cases []struct {
			ID, Header string
			Expect     []middleware.Challenge
		} `json:"parse_cases"`
	}
	if err := conformance.Vectors("challenge.json", &vectors); err != nil {
		t.Fatal(err)
	}
	for _, tt := range vectors.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			got, err := parseChallenges(tt.Header)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.Expect) {
				t.Errorf("read %v, want %v", got, tt.Expect)
			}
		})
	}
}

// A parser that lets everything through would prove nothing about what it reads back.
func TestParserIsStrict(t *testing.T) {
	for _, field := range []string{
		"",
		" Bearer",
		"Bearer ",
		"Bearer,",
		"Bearer,, DPoP",
		`Bearer realm="a",`,
		`Bearer realm="a" error="b"`,
		`Bearer realm="a`,
		`Bearer realm="a\"`,
		`Bearer realm="a"b"`,
		`Bearer realm=a`,
		`Bearer realm = "a"`,
		`Bearer realm="a", REALM="b"`,
		`Bearer realm="` + "a\r\nb" + `"`,
		`Bearer realm="` + "a\x00" + `"`,
		`Bearer realm="é"`,
		`Bearer ="a"`,
		"Bearer dG9rZW42OA==",
		`Bearer	realm="a"`,
	} {
		if got, err := parseChallenges(field); err == nil {
			t.Errorf("%q was read as %v", field, got)
		}
	}
}
