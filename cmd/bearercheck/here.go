package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// here says what an obstacle is with this token.
func (c *check) here(o obstacle) string {
	switch o.reason {
	case middleware.ReasonMalformedToken, middleware.ReasonMalformedCredentials, middleware.ReasonTokenTooLarge:
		return c.hereForm()
	case middleware.ReasonAlgorithmNotAllowed:
		return c.hereAlgorithm(o.in)
	case middleware.ReasonWrongType:
		return c.hereType()
	case middleware.ReasonNotAccessToken:
		return cmp.Or(c.whyNoAccessToken(), "A claim of the token belongs to another kind of token under profile "+string(o.in.config.Profile)+".")
	case middleware.ReasonMissingClaim:
		return fmt.Sprintf("Profile %s requires claims that the token lacks: %s. %s", o.in.config.Profile, c.lacking(o.in), c.hereServer())
	case middleware.ReasonMalformedClaim:
		return c.hereMalformed()
	case middleware.ReasonUntrustedIssuer:
		return c.hereIssuer(o.in)
	case middleware.ReasonWrongAudience:
		return c.hereAudience(o.in)
	case middleware.ReasonExpired, middleware.ReasonNotYetValid:
		return c.hereTime()
	case middleware.ReasonKeysUnavailable:
		return c.hereKeys(o)
	case middleware.ReasonUnknownKey:
		return c.hereUnknownKey(o)
	case middleware.ReasonBadSignature:
		return c.hereSignature()
	case middleware.ReasonUnverifiedBinding:
		return c.hereBinding()
	case middleware.ReasonInsufficientScope:
		return c.hereScope(o.in)
	}
	return cmp.Or(o.cause, "The kit says no more than the code.")
}

func (c *check) hereType() string {
	if c.view.Type == "" {
		return "The token has no typ. " + c.hereServer()
	}
	return fmt.Sprintf("The token has typ %s. %s", quote(c.view.Type), c.hereServer())
}

func (c *check) hereForm() string {
	switch {
	case c.view.Bytes > maxTokenBytes:
		return fmt.Sprintf("The token has %d bytes, and no more than %d are looked at.", c.view.Bytes, maxTokenBytes)
	case c.unsigned():
		return hereUnsigned
	case c.view.Form == formOpaque && strings.ContainsAny(c.token, " \t\r\n\"'"):
		return "There are quotes or white space within the token: it was not copied as it was issued."
	case c.view.Form == formOpaque:
		return "The token is no JWT but opaque: only the authorization server knows what it means. " + c.hereIntrospection()
	case c.view.Form == formEncrypted:
		return "The token is an encrypted JWT (JWE), which only the authorization server, or the API it names, can read. " +
			"Auth0 issues such tokens to clients that ask for no audience. " + c.hereIntrospection()
	}
	return "The token begins like a JWT, and its parts are not base64url of strict JSON. It was cut, or changed when it was copied."
}

const hereUnsigned = "The token is not signed: its alg is none. Anybody can make such a token."

func (c *check) unsigned() bool { return strings.EqualFold(c.view.Algorithm, "none") }

func (c *check) hereIntrospection() string {
	switch {
	case c.issuer.introspection != "":
		return "The issuer has an introspection endpoint: use introspection.New."
	case c.issuer.unreachable():
		return "Whether the issuer has an introspection endpoint could not be found out."
	case len(c.issuer.Metadata) == 0:
		return "If the issuer has an introspection endpoint, use introspection.New."
	default:
		return "The issuer's metadata names no introspection endpoint, so ask for JWTs: have the client name this API " +
			"when it asks for a token."
	}
}

func (c *check) hereAlgorithm(s situation) string {
	alg := c.view.Algorithm
	switch {
	case c.unsigned():
		return hereUnsigned
	case s.config.Secret != nil:
		return fmt.Sprintf("The token is signed with %s, and the configuration has a Secret, which goes with HS256 alone.", quote(alg))
	case strings.HasPrefix(alg, "HS"):
		return fmt.Sprintf("The token is signed with %s, a secret that issuer and service share, and public keys are "+
			"configured. If the issuer does sign with a shared secret, give it with Secret (HS256 alone); otherwise the "+
			"token is a forgery made with a public key, or the client is registered for the wrong algorithm.", quote(alg))
	}
	return fmt.Sprintf("The alg of the token is %s; accepted are: %s.", orNone(alg), accepted(s))
}

// hereServer says whose token it looks like.
func (c *check) hereServer() string {
	p := c.server()
	if p == "" {
		return "Which server issued it is not known from its claims."
	}
	return fmt.Sprintf("It looks like one of %s, for which there is a profile.", profileIdentifiers[p])
}

func (c *check) hereMalformed() string {
	for _, name := range []string{"scope", "scp"} {
		if c.view.claims[name].Kind() == '[' {
			return fmt.Sprintf("The claim %s is an array, and this profile reads a string with spaces (RFC 8693, section 4.2).", name)
		}
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if v := c.view.claims[name]; v != nil && v.Kind() != '0' {
			return fmt.Sprintf("The claim %s is no number of seconds (RFC 7519, section 2).", name)
		}
	}
	if v := c.view.claims["cnf"]; v != nil && v.Kind() != '{' {
		return "The claim cnf is no object (RFC 7800, section 3.1)."
	}
	return "One of the claims iss, sub, aud, jti, sid, act, cnf or that of the client has a value of the wrong kind."
}

func (c *check) hereIssuer(s situation) string {
	named, configured := c.view.Issuer, s.config.Issuer
	text := fmt.Sprintf("The token names the issuer %s, configured is %s. ", orNone(named), quote(configured))
	switch {
	case strings.TrimSuffix(named, "/") == strings.TrimSuffix(configured, "/"):
		return text + "They differ by the slash at the end, and identifiers are compared character for character."
	case alike(named, configured):
		return text + "They differ by http and https, or by case. If the server calls itself http behind a proxy, tell it " +
			"its public URL."
	case serverOf(named) == jwks.Entra && serverOf(configured) == jwks.Entra:
		return text + "These are the two names that Entra ID has: sts.windows.net in tokens of version 1, " +
			"login.microsoftonline.com in those of version 2. requestedAccessTokenVersion in the manifest of the API says " +
			"which it gets."
	case sameOrigin(named, configured):
		return text + "The host is the same and the path is not: another realm or tenant, or a mistake in one of them."
	}
	return text + "The token is of another server. If you trust that, run this again with its name in -issuer."
}

func (c *check) hereAudience(s situation) string {
	audiences := c.audience(s.config.Profile)
	text := fmt.Sprintf("The token is for %s, and this service is %s. ", cmp.Or(quoteAll(audiences), "nobody"), quote(s.config.Audience))
	for _, audience := range audiences {
		if alike(audience, s.config.Audience) {
			return text + "They differ by scheme, case or a slash at the end, and identifiers are compared character for character."
		}
	}
	for _, audience := range audiences {
		if why := c.whyNotAudience(audience); why != "" {
			return text + why
		}
	}
	return strings.TrimSpace(text)
}

func (c *check) hereTime() string {
	text := "By the clock here: " + c.timeDetail(c.given) + "."
	if c.clock == nil || c.clock.Ahead == 0 {
		return text
	}
	if c.goodAt(c.now.Add(c.clock.ahead)) {
		return text + fmt.Sprintf(" By the issuer's clock, which differs by %s, the token is good: one of the two clocks is wrong.", c.clock.ahead.Abs())
	}
	return text + fmt.Sprintf(" The issuer's clock differs by %s, which does not explain it.", c.clock.ahead.Abs())
}

func (c *check) hereKeys(o obstacle) string {
	if other := c.issuer.otherName(o.in.config.Issuer); other != "" && o.in.config.JWKSURL == "" {
		return fmt.Sprintf("The metadata is that of the issuer %s, configured is %s. They have to be the same, character "+
			"for character.",
			quote(other), quote(o.in.config.Issuer))
	}
	if c.issuer.unreachable() {
		return "The issuer could not be asked (" + strings.ReplaceAll(o.cause, "\n", "; ") + "). That is not the token's " +
			"fault, nor the client's." + trustHint(o.cause)
	}
	if set := c.issuer.KeySet; set != nil && set.Problem != "" {
		return "The key set is of no use: " + set.Problem + "." + trustHint(set.Problem)
	}
	return "The issuer answers, but not with keys (" + strings.ReplaceAll(o.cause, "\n", "; ") + "). Is the issuer's URL " +
		"right, path and realm included?"
}

// trustHint says what to do where a problem is that of a certificate, "" if it is another.
func trustHint(problem string) string {
	if !strings.Contains(problem, upstream.ErrUntrusted.Error()) {
		return ""
	}
	return " If an authority of your own has issued its certificate, name that with -ca-file here, and trust it in " +
		"the HTTPClient of who asks in earnest. Nothing turns the check off."
}

func (c *check) hereUnknownKey(o obstacle) string {
	keyID, set := c.view.KeyID, c.issuer.KeySet
	if o.cause == errNoKeyID {
		return fmt.Sprintf("The token names no key (kid), and profile %s requires that.", o.in.config.Profile)
	}
	if set == nil {
		return fmt.Sprintf("The token names the key %s, which is none of the given ones.", orNone(keyID))
	}
	if c.view.header["kid"] == nil {
		return "The token names no key, and none of the keys in the set signed it."
	}
	if found := set.find(keyID); len(found) > 0 {
		return c.hereUnfit(found[0])
	}
	text := fmt.Sprintf("The token names the key %s, which is not in the set. ", quote(keyID))
	if nameless := set.find(""); len(nameless) > 0 {
		return text + fmt.Sprintf("Keys there without kid, which no token can name: %d.", len(nameless))
	}
	return text + "It is of another realm, tenant or server, or was signed with a key that was withdrawn since."
}

// hereUnfit says why the key that the token names is not used for it.
func (c *check) hereUnfit(k keyView) string {
	if k.Skipped != "" {
		return fmt.Sprintf("The key %s is in the set and cannot be used: %s.", quote(k.KeyID), k.Skipped)
	}
	return fmt.Sprintf("The key %s is used with %s, and the token is signed with %s.", quote(k.KeyID), k.UsedWith, c.view.Algorithm)
}

func (c *check) hereSignature() string {
	if c.view.header["nonce"] != nil {
		return "The header has a nonce, as Microsoft Graph tokens do, which nobody but Graph can verify. The client asked " +
			"for a scope of Graph rather than of this API."
	}
	return fmt.Sprintf("The key %s of the issuer did not sign this token as it is. Nothing that it says can be believed.", orNone(c.view.KeyID))
}

func (c *check) hereBinding() string {
	var parts []string
	for _, method := range c.view.BoundBy {
		switch method {
		case "jkt":
			parts = append(parts, "The token is bound to a DPoP key: the client sends it with the scheme DPoP and a proof "+
				"for each request, and the service needs a dpop.Verifier.")
		case "x5t#S256":
			parts = append(parts, "The token is bound to a client certificate: the client presents that in TLS, and the "+
				"service needs a mtls.Verifier.")
		default:
			parts = append(parts, "The token is bound by "+quote(method)+", which the kit has no verifier for.")
		}
	}
	return strings.Join(parts, " ")
}

func (c *check) hereScope(s situation) string {
	text := fmt.Sprintf("The route requires %s. ", quoteAll(s.scopes))
	if c.view.scopeClaim == "" {
		text += "The token has neither scope nor scp. "
	} else {
		text += fmt.Sprintf("The token has %s in %s. ", cmp.Or(quoteAll(c.view.Scopes), "nothing"), c.view.scopeClaim)
	}
	if coversAll(c.view.Scopes, s.scopes) {
		return text + fmt.Sprintf("That would do, but profile %s does not read %s.", s.config.Profile, c.view.scopeClaim)
	}
	if place := c.elsewhere(s.scopes); place != "" {
		return text + fmt.Sprintf("They are in the claim %s, which holds no scopes: read it with middleware.Claims in "+
			"Policy.Check.", place)
	}
	return text + "The client has to ask for them, and the user or the server to grant them."
}
