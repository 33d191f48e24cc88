package dpop

import (
	"net/http"
	"net/netip"
	"strings"
)

// defaultPorts are those of the schemes that requests come by (RFC 9110, section 4.2).
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// canonicalURL returns the form that equivalent http and https URLs share (RFC 3986, sections 6.2.2 and 6.2.3), without
// query and fragment (RFC 9449, section 4.3). It reports false for anything else, and for URLs with user information,
// which only ever served to deceive the reader.
func canonicalURL(raw string) (string, bool) {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	defaultPort, known := defaultPorts[scheme]
	if !known {
		return "", false
	}
	authority, path := cutAuthority(rest)
	authority, ok := canonicalAuthority(authority, defaultPort)
	if !ok {
		return "", false
	}
	path, ok = canonicalPath(path)
	return scheme + "://" + authority + path, ok
}

// cutAuthority splits what follows the "//" of a URL before its path.
func cutAuthority(rest string) (authority, path string) {
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[:i], rest[i:]
	}
	return rest, ""
}

// cutPort splits an authority before the port, which may be empty.
func cutPort(authority string) (host, port string) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") {
		return authority, ""
	}
	return authority[:i], authority[i+1:]
}

func canonicalAuthority(authority, defaultPort string) (string, bool) {
	host, port := cutPort(authority)
	host, ok := canonicalHost(host)
	switch {
	case !ok || strings.Trim(port, "0123456789") != "":
		return "", false
	case port == "" || port == defaultPort:
		return host, true
	}
	return host + ":" + port, true
}

// canonicalHost wants names as the DNS has them, international ones in their xn-- form: converting is the client's job,
// and two converters may disagree.
func canonicalHost(host string) (string, bool) {
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		addr, err := netip.ParseAddr(literal)
		if !ok || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", false
		}
		return "[" + addr.String() + "]", true
	}
	for i := range len(host) {
		if !isUnreserved[host[i]] {
			return "", false
		}
	}
	return strings.ToLower(host), host != ""
}

// canonicalPath returns the canonical form of a path that is empty or begins with a slash. It reports false if an
// escape is broken, or if there is a space or control character. Other characters that should have been escaped are,
// since browsers leave some of them as they are.
func canonicalPath(raw string) (string, bool) {
	if raw == "" {
		return "/", true
	}
	if isPlain(raw) {
		return raw, true
	}
	path := make([]byte, 0, len(raw)+16)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case isPathByte[c]:
			path = append(path, c)
			continue
		case c <= ' ' || c == 0x7f:
			return "", false
		case c == '%':
			decoded, ok := unescape(raw[i+1:])
			if !ok {
				return "", false
			}
			c, i = decoded, i+2
		}
		path = appendEscaped(path, c)
	}
	return removeDotSegments(string(path)), true
}

// isPlain recognises the paths that are canonical already, as nearly all are.
func isPlain(path string) bool {
	for i := range len(path) {
		if !isPathByte[path[i]] {
			return false
		}
	}
	return !strings.Contains(path, "/.")
}

// unescape reads the two digits after a percent sign.
func unescape(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, upper(s[0])), strings.IndexByte(hexDigits, upper(s[1]))
	return byte(high<<4 | low&0xf), high >= 0 && low >= 0
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'f' {
		return c - 'a' + 'A'
	}
	return c
}

const hexDigits = "0123456789ABCDEF"

// appendEscaped appends c as it is if escaping it makes no difference (RFC 3986, section 2.3), and escaped otherwise.
func appendEscaped(path []byte, c byte) []byte {
	if isUnreserved[c] {
		return append(path, c)
	}
	return append(path, '%', hexDigits[c>>4], hexDigits[c&0xf])
}

// removeDotSegments is that of RFC 3986, section 5.2.4.
func removeDotSegments(path string) string {
	segments := strings.Split(path[1:], "/")
	last := segments[len(segments)-1]
	kept := segments[:0]
	for _, segment := range segments {
		switch segment {
		case ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	if last == "." || last == ".." {
		kept = append(kept, "")
	}
	return "/" + strings.Join(kept, "/")
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

var (
	// isUnreserved holds the characters that mean the same whether escaped or not.
	isUnreserved = tableOf(unreserved)
	// isPathByte holds those that a path has unescaped (RFC 3986, section 3.3).
	isPathByte = tableOf(unreserved + "!$&'()*+,;=:@/")
)

func tableOf(characters string) (table [256]bool) {
	for i := range len(characters) {
		table[characters[i]] = true
	}
	return table
}

// requestPath returns the canonical path of a request as its request line had it, which no router changes. A request
// that did not come by a server has none; there the URL has to do.
func requestPath(r *http.Request) (string, bool) {
	target := r.RequestURI
	if target == "" {
		target = r.URL.EscapedPath()
	}
	target, _, _ = strings.Cut(target, "?")
	if target != "" && target[0] != '/' {
		// The absolute form names a host too (RFC 9112, section 3.2.2), which is no better than a Host field.
		scheme, rest, _ := strings.Cut(target, "://")
		if defaultPorts[strings.ToLower(scheme)] == "" {
			return "", false
		}
		_, target = cutAuthority(rest)
	}
	return canonicalPath(target)
}
