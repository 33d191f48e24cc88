// Package jwks validates access tokens that are signed JWTs (RFC 9068) against the key set of their issuer.
//
// [New] makes a [Validator] for one issuer. Its keys come from the issuer's metadata (RFC 8414, OpenID Connect
// Discovery), from a key set URL, from a file, or from a shared secret. [Issuers] puts several behind one
// middleware.Validator; a [Resolver] makes them on demand.
//
// Keys that come over the network are fetched when the first token needs them, kept for as long as the issuer's
// Cache-Control allows within bounds, and refreshed ahead of that by requests passing by: there is no goroutine that
// outlives a fetch. What happens when the issuer does not answer is bounded too:
//
//	keys are fresh                       tokens are judged, nothing is fetched
//	keys are due                         tokens are judged, one fetch runs in the background
//	keys are out of date, for an hour    tokens are judged with the last good keys (Config.MaxStale)
//	after that, or without any keys      503 with Retry-After
//
// A token with an unknown key ID may mean that the issuer rotated its keys, so it causes a fetch at once. Such fetches
// are rationed, and the ration of clients that were here before is not the one strangers use up: a flood of made-up key
// IDs cannot keep a rotation from being noticed.
//
// The one thing to get right is [Config.Audience]. It is the identifier of this resource server as the issuer writes it
// into aud; without it, tokens meant for others would be accepted here.
package jwks
