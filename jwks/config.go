package jwks

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/sanity"
	"github.com/bearergate/bearergate/internal/upstream"
)

// Config configures a [Validator]. Issuer and Audience are required; the rest has strict defaults. For durations zero
// means the default and a negative value means off.
type Config struct {
	// Issuer is the issuer identifier, exactly as tokens carry it in iss. For discovery it must be an https URL without
	// query and fragment (RFC 8414, section 2).
	Issuer string
	// Audience is the identifier of this resource server, exactly as the issuer writes it into aud.
	Audience string
	// OtherAudiences are further identifiers of this resource server, such as its old URL. Identifiers are never
	// normalised, so one with and one without a trailing slash are two.
	OtherAudiences []string
	// Profile says what the issuer's access tokens look like. Default: RFC9068.
	Profile Profile
	// Algorithms are the accepted signature algorithms, by their JOSE names. Default: RS, PS and ES with 256, 384 and 512,
	// and EdDSA; for a Secret, HS256. A key whose JWK names no algorithm gets the first one that fits it, so put the one
	// your issuer uses first.
	Algorithms []string
	// Leeway is how far the issuer's clock may differ. Default: 10 seconds; at most 5 minutes.
	Leeway time.Duration

	// JWKSURL is the URL of the issuer's key set. Default: found by discovery.
	JWKSURL string
	// Keys are fixed keys instead of fetched ones, made with ParseKeys or ParsePEM. Default: keys are fetched.
	Keys *Keys
	// Secret is a key shared with the issuer, for HS256, instead of a key set. At least 32 bytes, as they are: of a file with
	// text, without the line break at its end. Whoever can check such a token can also make one.
	Secret []byte

	// HTTPClient fetches keys and metadata. It is copied; redirects are never followed. Default: a client of its own that
	// honours the proxy environment.
	HTTPClient *http.Client
	// FetchTimeout bounds one fetch as a whole, discovery included. Default: 5 seconds; at most 1 minute.
	FetchTimeout time.Duration
	// MaxStale is how long keys may be used past their lifetime while the issuer cannot be reached. Default: 1 hour; at
	// most 7 days.
	MaxStale time.Duration
	// Cooldown is the shortest time between two fetches that tokens with unknown keys cause. It is counted for strangers,
	// and apart from them for clients seen before, so that a flood from strangers does not delay the rotation's fetch. A
	// fetch that brought the key of a good token does not count, up to three times in that time. Default: 30 seconds; at most 1 hour.
	Cooldown time.Duration
	// AllowLoopbackHTTP accepts http URLs whose host is loopback, for tests and local development.
	AllowLoopbackHTTP bool

	// CacheBytes bounds the memory for what tokens said that were accepted before, about 1 KiB for each. They are then not
	// verified again, but refused all the same when they expire or their key is withdrawn. Default: 32 MiB; negative: none.
	CacheBytes int

	// Now is the clock. Default: that of the system, which may be 10 ms late to notice that it was set.
	Now func() time.Time
}

const maxNameless = 4

const (
	maxLeeway = 5 * time.Minute
	maxStale  = 7 * 24 * time.Hour
)

// withDefaults returns a checked copy with everything filled in.
func (c Config) withDefaults() (Config, error) {
	if c.Profile == "" {
		c.Profile = RFC9068
	}
	c.OtherAudiences = slices.Clone(c.OtherAudiences)
	c.Algorithms = slices.Clone(c.Algorithms)
	c.Secret = slices.Clone(c.Secret)
	c.Leeway = orDefault(c.Leeway, 10*time.Second)
	c.FetchTimeout = orDefault(c.FetchTimeout, 5*time.Second)
	c.MaxStale = orDefault(c.MaxStale, time.Hour)
	c.Cooldown = orDefault(c.Cooldown, 30*time.Second)
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.Now == nil {
		c.Now = systemClock()
	}
	return c, errors.Join(c.checkIdentity(), c.checkKeys(), c.checkBounds())
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return max(d, 0)
}

func (c *Config) checkIdentity() error {
	switch {
	case c.Issuer == "":
		return errors.New("jwks: Issuer is required: the issuer identifier exactly as tokens carry it in iss")
	case c.Audience == "":
		return errors.New("jwks: Audience is required: the identifier of this resource server as the issuer writes it into aud")
	case profiles[c.Profile] == nil:
		return fmt.Errorf("jwks: unknown Profile %q, use one of the constants of this package", string(c.Profile))
	}
	if err := sanity.Identifier(c.Issuer); err != nil {
		return fmt.Errorf("jwks: Issuer: %w", err)
	}
	if err := sanity.Identifier(c.Audience); err != nil {
		return fmt.Errorf("jwks: Audience: %w", err)
	}
	if err := sanity.Identifiers("OtherAudiences", c.OtherAudiences); err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	return nil
}

func (c *Config) checkKeys() error {
	sources := 0
	for _, given := range []bool{c.JWKSURL != "", c.Keys != nil, c.Secret != nil} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return errors.New("jwks: set only one of JWKSURL, Keys and Secret: a secret next to public keys invites algorithm confusion")
	case c.Keys != nil && c.Keys.set.Len() == 0:
		return errors.New("jwks: Keys is empty, make it with ParseKeys or ParsePEM")
	case c.Keys != nil && c.Keys.nameless() > maxNameless:
		return errors.New("jwks: Keys has more than 4 keys without an ID, which would all be tried on every token: give them IDs")
	case c.Keys != nil || c.Secret != nil || c.Issuer == "":
		return nil
	}
	if c.JWKSURL == "" {
		return c.checkDiscovery()
	}
	if err := upstream.CheckURL(c.JWKSURL, c.AllowLoopbackHTTP); err != nil {
		return fmt.Errorf("jwks: JWKSURL: %w", err)
	}
	return nil
}

// checkDiscovery is about an issuer whose keys are to be found by its name.
func (c *Config) checkDiscovery() error {
	err := discovery.CheckIssuer(c.Issuer, c.AllowLoopbackHTTP)
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(c.Issuer, "http"):
		return fmt.Errorf("jwks: Issuer: %w", err)
	}
	return fmt.Errorf("jwks: Issuer: %w; with JWKSURL it may be any text", err)
}

func (c *Config) checkBounds() error {
	switch {
	case c.Leeway > maxLeeway:
		return errors.New("jwks: Leeway must be at most 5 minutes: more would keep expired tokens alive")
	case c.FetchTimeout == 0:
		return errors.New("jwks: FetchTimeout cannot be off: a fetch without an end would block every request")
	case c.Cooldown == 0:
		return errors.New("jwks: Cooldown cannot be off: every token with an invented key ID would cause a fetch")
	}
	if err := upstream.CheckClient(c.HTTPClient); err != nil {
		return fmt.Errorf("jwks: HTTPClient: %w", err)
	}
	if err := c.checkDurations(); err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	return nil
}

func (c *Config) checkDurations() error {
	return sanity.Durations(
		sanity.Duration{Name: "Leeway", Value: c.Leeway},
		sanity.Duration{Name: "FetchTimeout", Value: c.FetchTimeout, Most: time.Minute, Because: "nothing else is fetched meanwhile"},
		sanity.Duration{Name: "MaxStale", Value: c.MaxStale, Most: maxStale, Because: "a key that the issuer withdrew would be trusted as long"},
		sanity.Duration{Name: "Cooldown", Value: c.Cooldown, Most: time.Hour, Because: "a new key of the issuer could be unknown here as long"},
	)
}

// algorithms returns the allow-list. Symmetric and asymmetric algorithms never stand on the same one.
func (c *Config) algorithms() ([]jose.Algorithm, error) {
	if len(c.Algorithms) == 0 {
		if c.Secret != nil {
			return []jose.Algorithm{jose.HS256}, nil
		}
		return jose.Asymmetric(), nil
	}
	allowed := make([]jose.Algorithm, 0, len(c.Algorithms))
	for _, name := range c.Algorithms {
		alg, ok := jose.ParseAlgorithm(name)
		if !ok {
			return nil, fmt.Errorf("jwks: Algorithms: %q is not a supported signature algorithm; those are %v, and %s with a Secret",
				name, jose.Asymmetric(), jose.HS256)
		}
		if (alg == jose.HS256) != (c.Secret != nil) {
			return nil, fmt.Errorf("jwks: Algorithms: %s does not fit the keys: HS256 goes with Secret, all others with public keys", name)
		}
		allowed = append(allowed, alg)
	}
	return allowed, nil
}
