// Package upstream holds the rules for talking to an authorization server: https, no redirects, bounded bodies.
package upstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/bearergate/bearergate/internal/sanity"
)

// maxHeaderBytes bounds the header of an answer; Go's own default is meant for web pages with cookies.
const maxHeaderBytes = 64 << 10

var (
	// ErrTooLarge says that the body is larger than the limit.
	ErrTooLarge = errors.New("the answer is larger than the limit")
	errNotURL   = errors.New("not an absolute URL, which begins with https://")
	errSpace    = errors.New("the URL has white space or a control character in it: remove it")
	errPort     = errors.New("the port of the URL is not between 1 and 65535")
	errNothing  = errors.New("its Transport is a nil pointer, as after an error that nobody looked at: set one, or leave it out")
)

// CheckClient says why an HTTP client cannot be used, nil if it can or if there is none.
func CheckClient(client *http.Client) error {
	if client != nil && client.Transport != nil && sanity.IsNil(client.Transport) {
		return errNothing
	}
	return nil
}

// Client returns a client that behaves like base, or like a new one of sensible limits if base is nil, but follows no
// redirects: neither a key set nor a credential may come from or go to where nobody configured.
func Client(base *http.Client) *http.Client {
	client := &http.Client{}
	if base != nil {
		*client = *base
	} else {
		client.Transport = newTransport()
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// newTransport starts from Go's default, unless the program replaced that by something else.
func newTransport() *http.Transport {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	transport.MaxResponseHeaderBytes = maxHeaderBytes
	// Without pings a connection whose other end vanished silently would be used until the kernel gives up on it.
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: time.Second, PingTimeout: time.Second}
	return transport
}

// CheckURL accepts https URLs, and http URLs of loopback hosts if allowLoopback is set. Its error says what is wrong
// with the URL without repeating it.
func CheckURL(raw string, allowLoopback bool) error {
	if strings.ContainsFunc(raw, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) {
		return errSpace
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return errNotURL
	}
	switch {
	case !hasPort(u):
		return errPort
	case u.User != nil:
		return errors.New("the URL must not contain credentials")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return errors.New("the URL must not have a fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && allowLoopback && isLoopback(hostname(raw)):
		return nil
	case u.Scheme == "http" && allowLoopback:
		return errors.New("http is allowed for loopback hosts only, use https")
	case u.Scheme == "http" && isLoopback(hostname(raw)):
		return errors.New("the URL must be https, not http; set AllowLoopbackHTTP for a server on this machine")
	}
	return fmt.Errorf("the URL must be https, not %s", u.Scheme)
}

// hasPort reports whether something can listen on the port of u, if it names one.
func hasPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	return sanity.Port(u.Port())
}

// CheckDiscovered accepts a URL that a metadata document named, under the rules of CheckURL. In addition it refuses
// addresses of this host and its network, where only an attacker would point, unless the issuer itself is there.
func CheckDiscovered(raw, issuer string, allowLoopback bool) error {
	if err := CheckURL(raw, allowLoopback); err != nil {
		return err
	}
	host := hostname(raw)
	if host == hostname(issuer) || (allowLoopback && isLoopback(host)) {
		return nil
	}
	if addr, err := netip.ParseAddr(host); isLoopback(host) || (err == nil && isInternal(addr.Unmap())) {
		return errors.New("the URL points into the internal network")
	}
	return nil
}

// hostname returns the host of a URL in the one spelling that the checks know.
func hostname(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.Unmap().IsLoopback())
}

func isInternal(addr netip.Addr) bool {
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || addr.IsMulticast()
}

// ReadBody reads at most limit octets. A longer body is an error, never a truncated answer.
func ReadBody(body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, ErrTooLarge
	}
	return data, nil
}
