package dpop

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
)

// Config configures a [Verifier]. BaseURL or URL is required; the rest has strict defaults. For durations zero means
// the default.
type Config struct {
	// BaseURL is the URL under which clients know this service, such as "https://api.example.com". A proof is for this
	// URL followed by the path of the request. A path in it is what a proxy takes away from that path:
	// "https://example.com/api" if the proxy passes /api/orders on as /orders, "https://example.com" if it passes it on as
	// it is. It must be https; http is accepted for loopback hosts.
	BaseURL string
	// URL returns the URL that the client sent a request to, instead of BaseURL, for services with more than one. Its
	// query does not matter. It must not believe header fields that a client can set; [BehindProxies] makes one that does
	// not. It must be safe for concurrent use. An error made with middleware.RejectProof is the client's fault; any other
	// means that the URL could not be found out.
	URL func(*http.Request) (string, error)

	// Required refuses tokens with the Bearer scheme.
	Required bool
	// Algorithms are the accepted signature algorithms of proofs, by their JOSE names. Default: RS, PS and ES with 256,
	// 384 and 512, and EdDSA.
	Algorithms []string
	// MaxAge is how old a proof may be. Default: 1 minute; at least 1 second and at most 5 minutes.
	MaxAge time.Duration
	// Skew is how far the clock of a client may be ahead of ours, and the clocks of replicas apart. Default: 10 seconds;
	// at most 1 minute. Negative: not at all.
	Skew time.Duration
	// MaxProofBytes is the length of the longest proof that is looked at. Default: 16 KiB; at least 1 KiB and at most 64.
	MaxProofBytes int

	// Replays remembers the proofs that were used. Replicas have to share one. Default: [NewReplays] with its defaults.
	Replays ReplayStore
	// RequireNonce refuses proofs that do not contain a nonce of this server, so that nobody who had the key of a client
	// for a moment can make proofs in advance (RFC 9449, section 9). It costs clients one more request now and then.
	RequireNonce bool
	// Nonces makes these nonces. Replicas have to share its keys. It needs RequireNonce. Default: [NewNonces] with its
	// defaults.
	Nonces *Nonces

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	maxMaxAge        = 5 * time.Minute
	maxSkew          = time.Minute
	minMaxProofBytes = 1 << 10
	maxMaxProofBytes = 64 << 10
)

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxAge == 0 {
		c.MaxAge = time.Minute
	}
	if c.Skew == 0 {
		c.Skew = 10 * time.Second
	}
	c.Skew = max(c.Skew, 0)
	if c.MaxProofBytes == 0 {
		c.MaxProofBytes = 16 << 10
	}
	if err := c.check(); err != nil {
		return c, err
	}
	var err error
	if c.Replays == nil {
		c.Replays, err = NewReplays(MemoryConfig{Now: c.Now})
	}
	if c.RequireNonce && c.Nonces == nil {
		c.Nonces, err = NewNonces(NonceConfig{Now: c.Now})
	}
	return c, err
}

func (c *Config) check() error {
	switch {
	case c.BaseURL == "" && c.URL == nil:
		return errors.New("dpop: BaseURL is required: the URL under which clients know this service, such as https://api.example.com")
	case c.BaseURL != "" && c.URL != nil:
		return errors.New("dpop: BaseURL and URL exclude each other, set one")
	case c.MaxAge < time.Second || c.MaxAge > maxMaxAge:
		return errors.New("dpop: MaxAge must be between 1 second and 5 minutes: a stolen proof is good for that long")
	case c.Skew > maxSkew:
		return errors.New("dpop: Skew must be at most 1 minute: proofs could be made that long in advance")
	case c.MaxProofBytes < minMaxProofBytes || c.MaxProofBytes > maxMaxProofBytes:
		return errors.New("dpop: MaxProofBytes must be between 1 KiB and 64 KiB")
	case c.Nonces != nil && !c.RequireNonce:
		return errors.New("dpop: Nonces needs RequireNonce: a nonce that may be left out protects nobody")
	case c.Nonces != nil && c.Nonces.now == nil:
		return errors.New("dpop: Nonces was not made with NewNonces")
	case c.Replays != nil && unmade(c.Replays):
		return errors.New("dpop: Replays is a nil pointer or was not made with a constructor: use NewReplays, or leave it out")
	}
	if err := sanity.Durations(sanity.Duration{Name: "Skew", Value: c.Skew}); err != nil {
		return fmt.Errorf("dpop: %w", err)
	}
	return nil
}

// unmade reports a store that could not remember anything.
func unmade(s ReplayStore) bool {
	memory, ours := s.(*Replays)
	return sanity.IsNil(s) || ours && memory.now == nil
}

// algorithms returns the allow-list. A symmetric algorithm would make the public key of a proof its secret.
func (c *Config) algorithms() ([]jose.Algorithm, error) {
	if len(c.Algorithms) == 0 {
		return jose.Asymmetric(), nil
	}
	var allowed []jose.Algorithm
	for _, name := range c.Algorithms {
		alg, ok := jose.ParseAlgorithm(name)
		if !ok || alg == jose.HS256 {
			return nil, fmt.Errorf("dpop: Algorithms: %q is not a supported public key signature algorithm", name)
		}
		if !slices.Contains(allowed, alg) {
			allowed = append(allowed, alg)
		}
	}
	return allowed, nil
}

// parseBase returns the canonical form of a base URL, without the slash at its end.
func parseBase(raw string) (string, error) {
	base, ok := canonicalURL(raw)
	switch {
	case !ok:
		return "", errors.New("this is no URL of a service: write scheme and host, such as https://api.example.com, " +
			"with the xn-- form of an international name and without credentials")
	case strings.ContainsAny(raw, "?#"):
		return "", errors.New("a base URL has no query and no fragment")
	case !hasPort(base):
		return "", errors.New("its port is not between 1 and 65535")
	case strings.HasPrefix(base, "http:") && !isLoopback(base):
		return "", errors.New("it must be an https URL: tokens and proofs can be read on the way otherwise")
	}
	return strings.TrimSuffix(base, "/"), nil
}

// splitAuthority splits the authority of a canonical URL.
func splitAuthority(canonical string) (host, port string) {
	_, rest, _ := strings.Cut(canonical, "://")
	authority, _ := cutAuthority(rest)
	return cutPort(authority)
}

// hasPort reports whether something can listen on the port of a canonical URL, if it names one.
func hasPort(canonical string) bool {
	_, port := splitAuthority(canonical)
	return port == "" || sanity.Port(port)
}

// isLoopback reports whether the host of a canonical URL is this machine.
func isLoopback(canonical string) bool {
	host, _ := splitAuthority(canonical)
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
