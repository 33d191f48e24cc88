package statuslist

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/upstream"
)

// prefixes are the URL prefixes that lists may be fetched from, without a slash at their end.
type prefixes []string

var errPlain = errors.New("write it as scheme, host and a path of letters, digits, slashes and -._~, without a query")

func newPrefixes(urls []string, allowLoopback bool) (prefixes, error) {
	p := make(prefixes, len(urls))
	for i, raw := range urls {
		if err := checkPrefix(raw, allowLoopback); err != nil {
			return nil, fmt.Errorf("statuslist: Prefixes[%d]: %w", i, err)
		}
		p[i] = strings.TrimSuffix(raw, "/")
	}
	return p, nil
}

func checkPrefix(raw string, allowLoopback bool) error {
	if err := upstream.CheckURL(raw, allowLoopback); err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil || raw != u.Scheme+"://"+u.Host+u.EscapedPath() || !plain(u.EscapedPath()) {
		return errPlain
	}
	return nil
}

// allow reports whether a list may be fetched from uri. Both are compared as text up to the end of a path segment, so
// nothing that only looks like the prefix gets through: another port, user info, a longer host name.
func (p prefixes) allow(uri string) bool {
	return slices.ContainsFunc(p, func(prefix string) bool {
		rest, found := strings.CutPrefix(uri, prefix)
		return found && plain(rest)
	})
}

// plain reports whether a path means the same to everybody who reads it: it has no characters but the unreserved ones of
// RFC 3986, section 2.3, and no segments that somebody might resolve or drop.
func plain(path string) bool {
	if path != "" && path[0] != '/' || strings.Contains(path, "//") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." || strings.ContainsFunc(segment, isReserved) {
			return false
		}
	}
	return true
}

func isReserved(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("-._~", c)
}
