package middleware

import (
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate field (RFC 9110, section 11.6.1).
type Challenge struct {
	// Scheme is the authentication scheme, such as "Bearer".
	Scheme string
	// Params are the challenge's parameters by name. Names this package does not know are never written.
	Params map[string]string
}

// challengeParams lists the parameters in the order they are written, each with the function that makes its value safe.
// The values of most may hold neither a double quote nor a backslash, escaped or not (RFC 6750, section 3).
var challengeParams = []struct {
	name string
	safe func(string) (string, bool)
}{
	{"realm", quotable},
	{"error", plainText},
	{"error_description", plainText},
	{"error_uri", plainURI},
	{"scope", tokenList},
	{"acr_values", tokenList},
	{"max_age", digits},
	{"algs", tokenList},
	{"resource_metadata", plainURI},
}

// String writes the challenge as a field value. Every value becomes a quoted-string. What a parameter's grammar does not
// allow is replaced or, where a replacement would mean something else, left out together with the parameter: the result
// is always one well-formed line.
func (c Challenge) String() string {
	var b strings.Builder
	b.WriteString(replaceBytes(c.Scheme, func(c byte) bool { return isPrintable(c) && c != ' ' }))
	separator := " "
	for _, param := range challengeParams {
		value, ok := c.Params[param.name]
		if !ok {
			continue
		}
		if value, ok = param.safe(value); !ok {
			continue
		}
		b.WriteString(separator)
		b.WriteString(param.name)
		b.WriteString(`="`)
		b.WriteString(value)
		b.WriteByte('"')
		separator = ", "
	}
	return b.String()
}

var quotedPairs = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quotable keeps printable ASCII and escapes what a quoted-string has to escape (RFC 9110, section 5.6.4).
func quotable(s string) (string, bool) {
	return quotedPairs.Replace(replaceBytes(s, isPrintable)), true
}

func plainText(s string) (string, bool) {
	return replaceBytes(s, func(c byte) bool { return isPrintable(c) && c != '"' && c != '\\' }), s != ""
}

// plainURI leaves out a URI with anything odd in it: a mended URI would point elsewhere.
func plainURI(s string) (string, bool) { return s, isScopeToken(s) }

func tokenList(s string) (string, bool) {
	list := joinTokens(strings.Split(s, " "))
	return list, list != ""
}

func digits(s string) (string, bool) {
	return s, s != "" && strings.Trim(s, "0123456789") == ""
}

func isPrintable(c byte) bool { return c >= ' ' && c <= '~' }

// replaceBytes puts a question mark in the place of every byte that is not allowed.
func replaceBytes(s string, allowed func(byte) bool) string {
	clean := []byte(s)
	for i, c := range clean {
		if !allowed(c) {
			clean[i] = '?'
		}
	}
	return string(clean)
}
