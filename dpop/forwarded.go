package dpop

import (
	"net/http"
	"strings"
)

// forwarded reads the last element of the Forwarded field (RFC 7239, section 4). It reports false if the field does not
// follow the grammar as far as that matters: a quotation mark that a client left open must not hide where the proxy's
// own element begins.
func forwarded(h http.Header) (origin, bool) {
	elements, ok := splitQuoted(strings.Join(h["Forwarded"], ","), ',')
	if !ok {
		return origin{}, false
	}
	pairs, _ := splitQuoted(elements[len(elements)-1], ';')
	found := map[string]string{}
	for _, pair := range pairs {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		if _, twice := found[name]; twice {
			return origin{}, false
		}
		if found[name], ok = unquote(value); !ok {
			return origin{}, false
		}
	}
	return origin{found["proto"], found["host"]}, true
}

// splitQuoted splits at a separator that is not in a quoted-string. It reports false if such a string does not end.
func splitQuoted(s string, separator byte) (parts []string, ok bool) {
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[start:]), !quoted
}

// unquote returns the text of a token or a quoted-string (RFC 9110, section 5.6). It is lenient with what is no host
// and no scheme either, such as escapes, and with a host and port that are not quoted, as those of many proxies.
func unquote(value string) (string, bool) {
	if inner, quoted := strings.CutPrefix(value, `"`); quoted {
		return strings.CutSuffix(inner, `"`)
	}
	return value, value != ""
}
