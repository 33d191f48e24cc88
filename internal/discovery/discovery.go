// Package discovery finds the endpoints of an authorization server by its metadata (RFC 8414, OpenID Connect Discovery).
package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// maxDocumentBytes bounds a metadata document; the largest public ones are a tenth of it.
const maxDocumentBytes = 512 << 10

var (
	errOtherIssuer = errors.New("the metadata is that of another issuer")
	errStatus      = errors.New("unexpected status")
)

// CheckIssuer applies RFC 8414, section 2: https, without query or fragment.
func CheckIssuer(issuer string, allowLoopback bool) error {
	if err := upstream.CheckURL(issuer, allowLoopback); err != nil {
		return err
	}
	switch {
	case strings.Contains(issuer, "?"):
		return errors.New("the URL must not have a query")
	case strings.Contains(issuer, "/.well-known/"):
		return errors.New("this is where an issuer has its metadata: write what the member issuer says there")
	}
	return nil
}

// Client reads metadata. HTTP follows no redirects; see upstream.Client.
type Client struct {
	HTTP          *http.Client
	AllowLoopback bool
}

// Endpoint returns the URL that the issuer's metadata has in member, such as "introspection_endpoint". The document of
// OpenID Connect Discovery is asked for only when that of RFC 8414 is of no use. Nothing that decides about a token,
// such as algorithms, should ever be taken from there.
func (c Client) Endpoint(ctx context.Context, issuer, member string) (string, error) {
	candidates, err := Locations(issuer)
	if err != nil {
		return "", err
	}
	var failures []error
	for _, candidate := range candidates {
		found, err := c.read(ctx, candidate, issuer, member)
		if err == nil {
			return found, nil
		}
		if len(failures) == 0 || failures[0].Error() != err.Error() {
			failures = append(failures, err)
		}
	}
	return "", fmt.Errorf("discovery: %w", errors.Join(failures...))
}

// Locations returns where an issuer's metadata may be, in the order to ask: RFC 8414 inserts the well-known path between
// host and path of the issuer, OpenID Connect Discovery appends its own.
func Locations(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, errors.New("the issuer is not a URL")
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	base := u.Scheme + "://" + u.Host
	return []string{
		base + "/.well-known/oauth-authorization-server" + path,
		base + path + "/.well-known/openid-configuration",
	}, nil
}

func (c Client) read(ctx context.Context, location, issuer, member string) (string, error) {
	document, err := c.get(ctx, location)
	if err != nil {
		return "", err
	}
	if stated, _ := strictjson.String(document["issuer"]); stated != issuer {
		return "", errOtherIssuer
	}
	found, _ := strictjson.String(document[member])
	if upstream.CheckDiscovered(found, issuer, c.AllowLoopback) != nil {
		return "", fmt.Errorf("the metadata has no usable %s", member)
	}
	return found, nil
}

func (c Client) get(ctx context.Context, location string) (map[string]strictjson.Value, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, upstream.Cause(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w %d", errStatus, resp.StatusCode)
	}
	body, err := upstream.ReadBody(resp.Body, maxDocumentBytes)
	if err != nil {
		return nil, upstream.Cause(err)
	}
	return strictjson.Object(body)
}
