package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// issuerView is what the configured issuer publishes.
type issuerView struct {
	Metadata []documentView `json:"metadata,omitempty"`
	// KeySetURL is where the key set is, "" if nobody says.
	KeySetURL string      `json:"jwks_uri,omitempty"`
	KeySet    *keySetView `json:"keys,omitempty"`

	document      []byte // the key set as it was received
	introspection string
}

// documentView is a metadata document, or why there is none.
type documentView struct {
	Standard string `json:"standard"`
	URL      string `json:"url"`
	OK       bool   `json:"ok"`
	// Problem says what is wrong, "" if nothing is.
	Problem string `json:"problem,omitempty"`
	Issuer  string `json:"issuer,omitempty"`

	reached bool
}

// clockView compares clocks.
type clockView struct {
	// Ahead is how far the issuer's clock is ahead of the one here, in whole seconds.
	Ahead int64 `json:"issuer_ahead_seconds"`
	ahead time.Duration
}

// inspectIssuer looks at the metadata and the key set of the configured issuer, once.
func (c *check) inspectIssuer(ctx context.Context) *issuerView {
	if c.issuer != nil {
		return c.issuer
	}
	c.issuer = &issuerView{}
	config := c.given.config
	switch {
	case config.Secret != nil:
		return c.issuer
	case c.options.jwksFile != "":
		return c.issuer
	case config.JWKSURL != "":
		c.issuer.KeySetURL = config.JWKSURL
	default:
		c.inspectMetadata(ctx)
	}
	if c.issuer.KeySetURL != "" {
		c.inspectKeySet(ctx)
	}
	return c.issuer
}

var standards = []string{"RFC 8414", "OpenID Connect Discovery"}

func (c *check) inspectMetadata(ctx context.Context) {
	locations, err := discovery.Locations(c.options.issuer)
	if err != nil {
		return
	}
	for i, location := range locations {
		answer := c.recorder.get(ctx, c.client, location)
		c.compareClock(answer)
		d, members := c.readMetadata(location, answer)
		d.Standard = standards[i]
		c.issuer.Metadata = append(c.issuer.Metadata, d)
		if keys := claim.OptionalText(members["jwks_uri"]); c.issuer.KeySetURL == "" && c.usableURL(keys) {
			c.issuer.KeySetURL = keys
			c.issuer.introspection = claim.OptionalText(members["introspection_endpoint"])
		}
	}
}

// usableURL reports whether a URL of the metadata may be asked for keys.
func (c *check) usableURL(raw string) bool {
	return upstream.CheckDiscovered(raw, c.options.issuer, c.options.allowLoopbackHTTP) == nil
}

// readMetadata judges one document by the rules that the kit has for it.
func (c *check) readMetadata(location string, answer *record) (documentView, map[string]strictjson.Value) {
	d := documentView{URL: location}
	if d.Problem = answer.problem(); d.Problem != "" {
		d.reached = answer.err == nil && answer.status < 500
		return d, nil
	}
	d.reached = true
	members, err := strictjson.Object(answer.body)
	if err != nil {
		d.Problem = "no JSON object"
		return d, nil
	}
	d.Issuer = claim.OptionalText(members["issuer"])
	keys := claim.OptionalText(members["jwks_uri"])
	switch {
	case d.Issuer != c.options.issuer:
		d.Problem = fmt.Sprintf("it is that of issuer %s, which is another name", orNone(d.Issuer))
	case keys == "":
		d.Problem = "it has no jwks_uri"
	case !c.usableURL(keys):
		d.Problem = fmt.Sprintf("its jwks_uri %s may not be used: it is not https, or points into the internal network", quote(keys))
	}
	d.OK = d.Problem == ""
	return d, members
}

// problem says why an answer cannot be read, "" if it can.
func (a *record) problem() string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case a.status == 200:
		return ""
	case a.status >= 300 && a.status < 400:
		return fmt.Sprintf("status %d to %s: redirects are not followed", a.status, orNone(a.header.Get("Location")))
	}
	return fmt.Sprintf("status %d", a.status)
}

// compareClock notes the clock of the issuer by an answer, the first that tells.
func (c *check) compareClock(answer *record) {
	if ahead, ok := answer.skew(); ok && c.clock == nil {
		c.clock = &clockView{int64(ahead / time.Second), ahead}
	}
}

// unreachable reports whether nothing was heard of the issuer, as opposed to something wrong.
func (v *issuerView) unreachable() bool {
	if v.KeySet != nil {
		return !v.KeySet.reached
	}
	for _, d := range v.Metadata {
		if d.reached {
			return false
		}
	}
	return len(v.Metadata) > 0
}

// otherName returns the name that the metadata has for its issuer, if it is another than the configured one.
func (v *issuerView) otherName(configured string) string {
	for _, d := range v.Metadata {
		if d.Issuer != "" && d.Issuer != configured {
			return d.Issuer
		}
	}
	return ""
}

func (v *issuerView) lines() []string {
	var lines []string
	for _, d := range v.Metadata {
		lines = append(lines, fmt.Sprintf("%-7s metadata (%s) %s%s", mark(d.OK), d.Standard, quote(d.URL), after(d.Problem)))
	}
	if v.KeySet != nil {
		lines = append(lines, v.KeySet.lines(v.KeySetURL)...)
	}
	return lines
}

func (v *clockView) line() string {
	switch {
	case v == nil:
		return "clock   unknown: the issuer sent no Date"
	case v.Ahead == 0:
		return "clock   the issuer's clock and the one here agree"
	case v.Ahead > 0:
		return fmt.Sprintf("clock   the issuer's clock is %s ahead of the one here", v.ahead)
	}
	return fmt.Sprintf("clock   the issuer's clock is %s behind the one here", -v.ahead)
}

func mark(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAILED"
}

func after(problem string) string {
	if problem == "" {
		return ""
	}
	return ": " + problem
}

var errNoDocument = errors.New("no JSON object with an array of keys")
