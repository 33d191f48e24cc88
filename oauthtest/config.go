package oauthtest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config describes a [Server]. Its zero value is a server with one RS256 key that listens with TLS on a free port of
// 127.0.0.1.
type Config struct {
	// InMemory serves without sockets: only [Server.HTTPClient] reaches the server. Create the server inside a
	// testing/synctest bubble to have it wait on the bubble's clock.
	InMemory bool
	// Host is the issuer's host, with or without port. In memory any name does; the default is "as.example.com".
	// Otherwise it is the address to listen on, and the default is "127.0.0.1:0", a free port.
	Host string
	// Path is the issuer's path, such as "/tenants/a". Default: none.
	Path string
	// PlainHTTP serves http instead of https, which a resource server must be told to allow.
	PlainHTTP bool

	// Algorithms are the JWS algorithms to sign with, one key each; the first is the default of [Token.Algorithm].
	// RS, PS and ES with 256, 384 or 512, and EdDSA are supported. Default: RS256.
	Algorithms []string
	// Secret, at least 32 octets, lets [Token.Algorithm] be HS256. It is never published. Default: none.
	Secret []byte
	// Audience is the audience of tokens that name none. Default: "https://api.example.com".
	Audience string
	// Clients maps the IDs of the registered clients to their secrets; resource servers that introspect are clients
	// too. Default: any client with any secret.
	Clients map[string]string
	// CacheControl is that header of the metadata and of the key set. Default: not sent.
	CacheControl string

	// Now is the clock for issuing and expiry. Default: time.Now.
	Now func() time.Time
	// OnRequest is called for every request as it arrives, its form parsed, before it is answered. Requests arrive
	// concurrently. Default: none.
	OnRequest func(Endpoint, *http.Request)
}

const (
	defaultAudience   = "https://api.example.com"
	defaultHost       = "127.0.0.1:0"
	defaultMemoryHost = "as.example.com"
)

var (
	errHost = errors.New("oauthtest: Config.Host: want a host with or without port, such as as.example.com")
	errPath = errors.New("oauthtest: Config.Path: want a path such as /tenants/a, without query or fragment")
)

// complete returns a copy with the defaults filled in that shares nothing the caller could still change.
func (c Config) complete() (Config, error) {
	if err := checkPath(c.Path); err != nil {
		return Config{}, err
	}
	if c.Host == "" {
		c.Host = defaultHost
		if c.InMemory {
			c.Host = defaultMemoryHost
		}
	}
	if u, err := url.Parse("https://" + c.Host); err != nil || u.Host != c.Host {
		return Config{}, errHost
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Audience == "" {
		c.Audience = defaultAudience
	}
	c.Algorithms = slices.Clone(c.Algorithms)
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256"}
	}
	c.Secret = slices.Clone(c.Secret)
	c.Clients = maps.Clone(c.Clients)
	return c, nil
}

func checkPath(path string) error {
	if path == "" {
		return nil
	}
	u, err := url.Parse(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errPath, err)
	}
	if !strings.HasPrefix(path, "/") || u.EscapedPath() != path {
		return errPath
	}
	return nil
}

func (c Config) scheme() string {
	if c.PlainHTTP {
		return "http"
	}
	return "https"
}
