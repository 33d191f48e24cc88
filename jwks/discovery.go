package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// checkIssuer applies RFC 8414, section 2: https, without query or fragment.
func checkIssuer(issuer string, allowLoopback bool) error {
	if err := upstream.CheckURL(issuer, allowLoopback); err != nil {
		return err
	}
	if strings.Contains(issuer, "?") {
		return errors.New("the URL must not have a query")
	}
	return nil
}

// metadataURLs returns where an issuer's metadata may be, in the order to ask: RFC 8414 inserts the well-known path
// between host and path, OpenID Connect Discovery appends its own.
func metadataURLs(issuer string) ([]string, error) {
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

// metadata holds the members of an authorization server's metadata that are used. Nothing that decides about a token,
// such as algorithms, is ever taken from there.
type metadata struct {
	Issuer  string `json:"issuer"`
	JWKSURI string `json:"jwks_uri"`
}

var (
	errOtherIssuer = errors.New("the metadata is that of another issuer")
	errNoJWKSURI   = errors.New("the metadata has no usable jwks_uri")
)

// discover asks the issuer where its keys are. The second form is asked only when the first one failed.
func (f *fetcher) discover(ctx context.Context, issuer string) (string, error) {
	candidates, err := metadataURLs(issuer)
	if err != nil {
		return "", err
	}
	var failures []error
	for _, candidate := range candidates {
		keysURL, err := f.readMetadata(ctx, candidate, issuer)
		if err == nil {
			return keysURL, nil
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("discovery: %w", errors.Join(failures...))
}

func (f *fetcher) readMetadata(ctx context.Context, metadataURL, issuer string) (string, error) {
	answer, err := f.get(ctx, metadataURL, validators{})
	if err != nil {
		return "", err
	}
	var document metadata
	if err := strictjson.Unmarshal(answer.body, &document); err != nil {
		return "", err
	}
	if document.Issuer != issuer {
		return "", errOtherIssuer
	}
	if upstream.CheckDiscovered(document.JWKSURI, issuer, f.allowLoopback) != nil {
		return "", errNoJWKSURI
	}
	return document.JWKSURI, nil
}
