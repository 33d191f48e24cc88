package jwks

import (
	"slices"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// Profile says what the access tokens of an issuer look like: which typ they carry, where their scopes and their client
// are, which claims they must have. ID tokens, logout tokens, security event tokens and proofs are refused under every
// profile by what sets them apart. Where an issuer types neither, an ID token can lack all of that; it is then told by its
// audience, which is a client. So an Audience must never be the ID of a client that users log in to, except under Cognito.
type Profile string

// The profiles. Where a server can be told to follow RFC 9068, do that and use the default.
const (
	// RFC9068 is the default: typ at+jwt, a kid, the claims iss, exp, aud, sub, client_id, iat and jti, and scope as a
	// string.
	RFC9068 Profile = "rfc9068"
	// Keycloak: typ JWT with a claim typ of Bearer or DPoP, client in azp. Keycloak puts no audience of yours into tokens
	// until an audience mapper is configured.
	Keycloak Profile = "keycloak"
	// Entra is Microsoft Entra ID, v1 and v2: scopes in scp, client in azp or appid, key sets without alg, uti for jti.
	// Application roles are no scopes; read them with middleware.Claims. The aud of v2 is the client ID of the API's
	// registration: register the API apart from the applications that users log in to, or their ID tokens have its aud too.
	Entra Profile = "entra"
	// Okta is an Okta custom authorization server: no typ, scopes in the array scp, client in cid.
	Okta Profile = "okta"
	// Auth0: typ JWT or at+jwt, client in azp or client_id, no jti. RBAC permissions are no scopes; read them with
	// middleware.Claims.
	Auth0 Profile = "auth0"
	// Cognito is Amazon Cognito: no typ, token_use access. A token without aud is meant for its client, so Audience is
	// then compared with client_id.
	Cognito Profile = "cognito"
	// Generic takes what others issue: typ absent, JWT or at+jwt, kid optional, scopes in scope or scp as string or array,
	// and of the claims only iss, exp and aud.
	Generic Profile = "generic"
)

// rules are a profile spelt out.
type rules struct {
	types        []string // accepted typ values, normalised; "" for none
	withoutKeyID bool     // kid may be missing
	client, id   []member // the claims that may hold it, in the order to look
	scopes       scopeRule
	needs        needs
	kind         kindRule
	// audienceFromClient: a token without aud is meant for its client.
	audienceFromClient bool
}

// needs are the claims that must be there besides iss, exp and aud.
type needs struct{ subject, client, id, issued bool }

// kindRule tells access tokens from others by claims. Where typ and token_use are optional, a token without them may still
// be one, and an ID token is known by its nonce.
type kindRule struct {
	types, uses         []string // accepted values of the claims typ and token_use
	needsType, needsUse bool
	allowNonce          bool
}

// scopeRule says where scopes are. The first claim that is there counts.
type scopeRule struct {
	from []member
	// lenient takes a string or an array of strings, and lets anything else grant nothing. Otherwise it has to be a string
	// (RFC 8693, section 4.2).
	lenient bool
}

var (
	usualKind   = kindRule{types: []string{"Bearer", "DPoP", "at+jwt"}, uses: []string{"access"}}
	scopeString = scopeRule{from: []member{scope}}
)

var profiles = map[Profile]*rules{
	RFC9068: {
		types:  []string{"at+jwt"},
		client: []member{clientID},
		id:     []member{jti},
		scopes: scopeString,
		needs:  needs{subject: true, client: true, id: true, issued: true},
		kind:   usualKind,
	},
	Keycloak: {
		types:  []string{"jwt", "at+jwt"},
		client: []member{azp, clientID},
		id:     []member{jti},
		scopes: scopeString,
		needs:  needs{client: true, id: true, issued: true},
		kind:   kindRule{types: []string{"Bearer", "DPoP"}, needsType: true, allowNonce: true},
	},
	Entra: {
		types:  []string{"jwt", "at+jwt"},
		client: []member{azp, appid},
		id:     []member{jti, uti},
		scopes: scopeRule{from: []member{scp}, lenient: true},
		needs:  needs{subject: true, client: true, issued: true},
		kind:   usualKind,
	},
	Okta: {
		types:  []string{"", "jwt", "at+jwt"},
		client: []member{cid},
		id:     []member{jti},
		scopes: scopeRule{from: []member{scp}, lenient: true},
		needs:  needs{subject: true, client: true, id: true, issued: true},
		kind:   usualKind,
	},
	Auth0: {
		types:  []string{"jwt", "at+jwt"},
		client: []member{azp, clientID},
		id:     []member{jti},
		scopes: scopeString,
		needs:  needs{subject: true, client: true, issued: true},
		kind:   usualKind,
	},
	Cognito: {
		types:              []string{"", "jwt", "at+jwt"},
		client:             []member{clientID},
		id:                 []member{jti},
		scopes:             scopeString,
		needs:              needs{subject: true, client: true, id: true, issued: true},
		kind:               kindRule{types: usualKind.types, uses: usualKind.uses, needsUse: true},
		audienceFromClient: true,
	},
	Generic: {
		types:        []string{"", "jwt", "at+jwt"},
		withoutKeyID: true,
		client:       []member{clientID, azp, appid, cid},
		id:           []member{jti, uti},
		scopes:       scopeRule{from: []member{scope, scp}, lenient: true},
		kind:         usualKind,
	},
}

func (r scopeRule) read(d *claim.Decoder, w *wireClaims) middleware.Scopes {
	for _, m := range r.from {
		switch v := w[m]; {
		case v == nil:
		case r.lenient:
			return lenientScopes(v)
		default:
			return middleware.Scopes(d.Text(v))
		}
	}
	return ""
}

// lenientScopes reads a string or an array of strings; anything else grants nothing.
func lenientScopes(v strictjson.Value) middleware.Scopes {
	if s, ok := strictjson.Text(v); ok {
		return middleware.Scopes(s)
	}
	list, ok := strictjson.Strings(nil, v)
	if !ok {
		return ""
	}
	return middleware.NewScopes(list...)
}

// admits reports whether the claims are those of an access token.
func (r *kindRule) admits(w *wireClaims) bool {
	return isOneOf(w[typ], r.types, !r.needsType) && isOneOf(w[tokenUse], r.uses, !r.needsUse) &&
		(w[nonce] == nil || r.allowNonce) && !w.hasForeignClaim()
}

// foreignClaims are claims that only ID tokens, logout tokens, security event tokens, DPoP proofs and introspection answers
// carry. The typ header tells them apart already where it is used; not every issuer uses it.
var foreignClaims = []member{accessHash, codeHash, stateHash, events, proofMethod, proofURI, introspected}

func (w *wireClaims) hasForeignClaim() bool {
	for _, m := range foreignClaims {
		if w[m] != nil {
			return true
		}
	}
	return false
}

// isOneOf reports whether a claim is one of the accepted strings, or absent if that is optional. No accepted strings mean
// that the claim says nothing.
func isOneOf(v strictjson.Value, accepted []string, optional bool) bool {
	if len(accepted) == 0 || v == nil && optional {
		return true
	}
	s, ok := strictjson.Text(v)
	return ok && slices.Contains(accepted, s)
}
