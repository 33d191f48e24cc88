// Package dpop verifies that whoever sends an access token holds the key that the token is bound to, by the proof in
// the DPoP field of each request (RFC 9449).
//
//	verifier, err := dpop.New(dpop.Config{BaseURL: "https://api.example.com"})
//	guard, err := middleware.New(validator, middleware.Config{Bindings: []middleware.Binding{verifier}})
//
// A token that is bound to a key has its SHA-256 thumbprint in the member jkt of cnf, and comes with the scheme DPoP.
// The proof is a small JWT that the client signs with that key for this request alone. What is found decides:
//
//	a proof for this request by the key of the token       the token passes, and the proof with it, once
//	no proof, or one for another request, or used before   401, invalid_dpop_proof
//	a good proof by another key                            401, invalid_token
//	a proof without the nonce of this server               401, use_dpop_nonce (Config.RequireNonce)
//	the replay store does not answer, or is full           503
//
// The one thing to get right is [Config.BaseURL]. A proof names the URL that the client sent its request to, which this
// service cannot see: the fields that say so are the client's own words. So the URL is what the configuration says,
// followed by the path of the request as it was received, escapes and all. Routers that change the path of a request,
// such as http.StripPrefix, make no difference; only what a proxy takes away from the path belongs into the BaseURL.
// Services with several names behind proxies find theirs with [BehindProxies].
//
// # Replays
//
// A proof is good for a minute, and in that minute once. Which ones were used is remembered by a [ReplayStore]; the
// default one, [Replays], is in the memory of this process. Replicas of a service have to share one, or a proof can be
// used once with each.
//
// # Clocks
//
// [Config.MaxAge] and [Config.Skew] bound how old a proof may be and how far a client's clock may be ahead. Proofs are
// remembered long enough for the clocks of replicas to differ by Skew. A clock that is set back by more than that makes
// proofs good again that were used at the time which it repeats.
package dpop
