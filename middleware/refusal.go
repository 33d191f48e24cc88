package middleware

import (
	"net/http"
	"strings"
)

// refusal presents an error with the challenges the route calls for. used are the schemes the request came with.
func (g *Guard) refusal(err error, p *Policy, used schemes) *Error {
	e := newError(err)
	e.expose = g.config.ExposeChallenges
	if e.outcome.status >= http.StatusInternalServerError {
		return e
	}
	if !g.bindings.onlyScheme() {
		params := g.params(e, p, used, bearerScheme)
		e.challenges = append(e.challenges, Challenge{Scheme: "Bearer", Params: params})
	}
	if own := g.bindings.scheme; own != nil {
		params := g.params(e, p, used, ownScheme)
		params["algs"] = strings.Join(own.Algorithms(), " ")
		e.challenges = append(e.challenges, Challenge{Scheme: own.Scheme(), Params: params})
	}
	return e
}

// params returns the parameters of the challenge of one scheme. What is wrong is said only to those who used it (RFC 9449,
// section 7.2).
func (g *Guard) params(e *Error, p *Policy, used, scheme schemes) map[string]string {
	params := map[string]string{"realm": g.config.Realm}
	if g.config.ResourceMetadata != "" {
		params["resource_metadata"] = g.config.ResourceMetadata
	}
	if e.outcome.kind == ErrMissingToken && g.config.AdvertiseScopes {
		params["scope"] = p.scopeParam()
	}
	if used&scheme == 0 {
		return params
	}
	if e.Code != "" {
		params["error"] = string(e.Code)
		params["error_description"] = e.Description
	}
	switch e.outcome.kind {
	case ErrInsufficientAuthentication:
		p.stepUpParams(params)
		params["scope"] = p.scopeParam()
	case ErrInsufficientScope:
		params["scope"] = p.scopeParam()
	}
	return params
}

// exposeChallenges names what scripts of other origins may read (RFC 9449, section 7.1), beside what others have named.
func exposeChallenges(h http.Header) {
	const names = "WWW-Authenticate, DPoP-Nonce"
	for _, field := range h["Access-Control-Expose-Headers"] {
		if field == names {
			return
		}
	}
	h.Add("Access-Control-Expose-Headers", names)
}
