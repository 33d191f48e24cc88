// Package introspection validates access tokens of any form by asking the authorization server about them (RFC 7662).
//
//	validator, err := introspection.New(introspection.Config{
//		Issuer:     "https://login.example.com",
//		Audience:   "https://orders.example.com",
//		ClientAuth: introspection.SecretBasic("orders", secret),
//	})
//
// Answers are cached, so most requests cost no call. Caches hold what the server said and nothing that follows from it:
// expiry and every route's policy are looked at again on each request. The price is that a token revoked at the server
// passes for a while:
//
//	what says that a token is bad             it can still pass for
//	the server, nothing else                  Config.CacheTTL, 60 seconds by default
//	the same, and the server does not answer  Config.CacheTTL plus Config.StaleIfError, which is off by default
//	exp of the answer                         not at all, whatever the cache says
//	Validator.Forget                          not at all here; other processes have caches of their own
//	a request to Validator.Uncached           not at all
//
// The other way round, a token that the server did not know, and knows now, is refused for Config.NegativeTTL.
//
// When the server cannot be asked, requests with uncached tokens get 503 with Retry-After: nobody learned anything about
// the token. A 503 never rests on an attempt that began before its request, so the first request after the server is
// back passes. Toward the server there are never more than Config.MaxConcurrent calls. When they keep failing, one call
// at a time probes the server and the others wait for it; each request leaves on its own deadline.
//
// Real servers leave out much of what RFC 7662 lists, and each omission takes a check away. Without aud, a token meant
// for another resource server passes here. Without token_type, a refresh token may look like an access token: some
// servers call it active and say nothing else. Name what your server does send in [Config.Require].
//
// The one thing to get right is [Config.Audience], and "aud" in Require if the server sends it.
package introspection
