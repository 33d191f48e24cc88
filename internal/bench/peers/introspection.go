package peers

import (
	"context"
	"errors"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

var errInactive = errors.New("inactive")

// Introspect returns zitadel's way to ask whether a token is active.
func Introspect(ctx context.Context, client *http.Client, issuer, endpoint, clientID, secret string) (Validate, error) {
	server, err := rs.NewResourceServerClientCredentials(ctx, issuer, clientID, secret,
		rs.WithClient(client), rs.WithStaticEndpoints(issuer+"/token", endpoint))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) error {
		answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, token)
		if err == nil && !answer.Active {
			err = errInactive
		}
		return err
	}, nil
}
