package oauthtest

import (
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// Claims returns the claims set that v encodes to, a struct or a map, for tests of handlers that never see a server:
//
//	ctx := middleware.NewContext(t.Context(), middleware.Token{
//		Subject: "alice",
//		Scopes:  middleware.NewScopes("orders:read"),
//		Claims:  oauthtest.Claims(map[string]any{"tenant": "acme"}),
//	})
//
// Later changes to v have no effect. If JSON cannot express v, decoding returns the error.
func Claims(v any) middleware.ClaimSet {
	data, err := strictjson.Marshal(v)
	return claimSet{data, err}
}

type claimSet struct {
	data []byte
	err  error
}

// Decode implements [middleware.ClaimSet].
func (c claimSet) Decode(v any) error {
	if c.err != nil {
		return c.err
	}
	return strictjson.Unmarshal(c.data, v)
}
