package introspection

import (
	"context"

	"github.com/bearergate/bearergate/internal/discovery"
)

// locator knows where the endpoint is, or finds out.
type locator struct {
	fixed  string
	issuer string
	source discovery.Client
	// found holds what discovery found, "" for nothing yet. Whoever has taken the value out discovers; others wait.
	found chan string
}

func newLocator(c *Config, source discovery.Client) *locator {
	l := &locator{fixed: c.Endpoint, issuer: c.Issuer, source: source, found: make(chan string, 1)}
	l.found <- ""
	return l
}

func (l *locator) find(ctx context.Context) (string, error) {
	if l.fixed != "" {
		return l.fixed, nil
	}
	select {
	case known := <-l.found:
		defer func() { l.found <- known }() // also if the caller's transport panics: others are waiting for it
		var err error
		if known == "" {
			known, err = l.source.Endpoint(ctx, l.issuer, "introspection_endpoint")
		}
		return known, err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// forget has the endpoint discovered again: it may have moved.
func (l *locator) forget() {
	select {
	case <-l.found:
		l.found <- ""
	default: // somebody is at it
	}
}
