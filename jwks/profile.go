package jwks

import (
	"strings"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// Profile says what the access tokens of an issuer look like: which typ they carry, where their scopes and their client
// are, which claims they must have. ID tokens, logout tokens, security event tokens and proofs are refused under every
// profile by what sets them apart. Where an issuer types neither, an ID token can lack all of that; it is then told by its
// audience, which is a client. So an Audience must never be a client ID, except under Cognito.
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
	// Application roles are no scopes; read them with middleware.Claims.
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
	client       func(*wireClaims) values
	id           func(*wireClaims) values
	scopes       func(*claim.Decoder, *wireClaims) middleware.Scopes
	needs        needs
	// foreign recognises a token of another kind by its claims.
	foreign            func(*wireClaims) bool
	audienceFromClient bool
}

// needs are the claims that must be there besides iss, exp and aud.
type needs struct{ subject, client, id, issued bool }

var profiles = map[Profile]*rules{
	RFC9068: {
		types:   []string{"at+jwt"},
		client:  clientID,
		id:      jti,
		scopes:  scopeString,
		needs:   needs{subject: true, client: true, id: true, issued: true},
		foreign: hasOtherPurpose,
	},
	Keycloak: {
		types:   []string{"jwt", "at+jwt"},
		client:  func(w *wireClaims) values { return values{w.AuthorizedFor, w.ClientID} },
		id:      jti,
		scopes:  scopeString,
		needs:   needs{client: true, id: true, issued: true},
		foreign: func(w *wireClaims) bool { return !is(w.Kind, "Bearer", "DPoP") || hasForeignClaim(w) },
	},
	Entra: {
		types:   []string{"jwt", "at+jwt"},
		client:  func(w *wireClaims) values { return values{w.AuthorizedFor, w.AppID} },
		id:      func(w *wireClaims) values { return values{w.ID, w.UniqueID} },
		scopes:  func(d *claim.Decoder, w *wireClaims) middleware.Scopes { return lenientScopes(w.SCP) },
		needs:   needs{subject: true, client: true, issued: true},
		foreign: hasOtherPurpose,
	},
	Okta: {
		types:   []string{"", "jwt", "at+jwt"},
		client:  func(w *wireClaims) values { return values{w.CID} },
		id:      jti,
		scopes:  func(d *claim.Decoder, w *wireClaims) middleware.Scopes { return lenientScopes(w.SCP) },
		needs:   needs{subject: true, client: true, id: true, issued: true},
		foreign: hasOtherPurpose,
	},
	Auth0: {
		types:   []string{"jwt", "at+jwt"},
		client:  func(w *wireClaims) values { return values{w.AuthorizedFor, w.ClientID} },
		id:      jti,
		scopes:  scopeString,
		needs:   needs{subject: true, client: true, issued: true},
		foreign: hasOtherPurpose,
	},
	Cognito: {
		types:              []string{"", "jwt", "at+jwt"},
		client:             clientID,
		id:                 jti,
		scopes:             scopeString,
		needs:              needs{subject: true, client: true, id: true, issued: true},
		foreign:            func(w *wireClaims) bool { return !is(w.TokenUse, "access") || hasOtherPurpose(w) },
		audienceFromClient: true,
	},
	Generic: {
		types:        []string{"", "jwt", "at+jwt"},
		withoutKeyID: true,
		client:       func(w *wireClaims) values { return values{w.ClientID, w.AuthorizedFor, w.AppID, w.CID} },
		id:           func(w *wireClaims) values { return values{w.ID, w.UniqueID} },
		scopes:       anyScopes,
		foreign:      hasOtherPurpose,
	},
}

func clientID(w *wireClaims) values { return values{w.ClientID} }
func jti(w *wireClaims) values      { return values{w.ID} }

// scopeString reads scope as RFC 8693, section 4.2 defines it.
func scopeString(d *claim.Decoder, w *wireClaims) middleware.Scopes {
	return middleware.Scopes(d.Text(w.Scope))
}

func anyScopes(_ *claim.Decoder, w *wireClaims) middleware.Scopes {
	if w.Scope != nil {
		return lenientScopes(w.Scope)
	}
	return lenientScopes(w.SCP)
}

// lenientScopes reads a string or an array of strings; anything else grants nothing.
func lenientScopes(v strictjson.Value) middleware.Scopes {
	var d claim.Decoder
	if s, ok := strictjson.String(v); ok {
		return middleware.Scopes(s)
	}
	list := d.List(v)
	if d.Failed() {
		return ""
	}
	return middleware.NewScopes(list...)
}

// hasOtherPurpose recognises ID tokens by their nonce, tokens whose issuer says in typ or token_use that they are of
// another kind, and everything of hasForeignClaim.
func hasOtherPurpose(w *wireClaims) bool {
	otherKind := w.Kind != nil && !is(w.Kind, "Bearer", "DPoP", "at+jwt")
	otherUse := w.TokenUse != nil && !is(w.TokenUse, "access")
	return w.Nonce != nil || otherKind || otherUse || hasForeignClaim(w)
}

// hasForeignClaim finds claims that only ID tokens, logout tokens, security event tokens, DPoP proofs and introspection
// answers carry. The typ header tells them apart already where it is used; not every issuer uses it.
func hasForeignClaim(w *wireClaims) bool {
	return w.AccessHash != nil || w.CodeHash != nil || w.StateHash != nil || w.Events != nil ||
		w.ProofMethod != nil || w.ProofURI != nil || w.Introspection != nil
}

func is(v strictjson.Value, accepted ...string) bool {
	s, ok := strictjson.String(v)
	for _, want := range accepted {
		if ok && s == want {
			return true
		}
	}
	return false
}

// mediaType normalises a typ (RFC 7515, section 4.1.9): case does not matter, and a value without a slash stands for
// one with application/ in front.
func mediaType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}
