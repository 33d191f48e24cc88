// Package statuslist refuses access tokens that a Token Status List says are no longer good
// (draft-ietf-oauth-status-list).
//
//	verifier, err := validator.Verifier(jwks.VerifierConfig{Type: "statuslist+jwt", AnyAudience: true, MaxBytes: 8 << 20})
//	checker, err := statuslist.New(statuslist.Config{
//		Validator: validator,
//		Verify:    verifier.Verify,
//		Prefixes:  []string{"https://login.example.com/statuslists"},
//	})
//
// The issuer writes into each token where its status is: the URI of a list, and an index into it. A [Checker] stands around
// another middleware.Validator and looks the token up once that one has accepted it, so a bad token never causes a fetch.
// One list speaks for many tokens and is kept as it was fetched, so most requests cost no call; requests passing by have
// it refreshed ahead of time, and there is no goroutine that outlives a fetch. The price is that a token revoked at the
// issuer passes for a while:
//
//	the issuer's list can be had         until the list at hand ends: its ttl or exp, at most Config.MaxTTL
//	it cannot be had, or is a bad one    Config.MaxStale longer, 10 minutes by default, never past its exp
//
// What the list says, and what became of it, decides:
//
//	the status is 0                                         the token passes
//	any other status                                        401, ReasonRevoked
//	a status claim that is malformed, or no status list     401, ReasonMalformedClaim
//	no status claim, with Config.Require                    401, ReasonMissingClaim
//	a URI outside Config.Prefixes                           401, ReasonUntrustedList, and no request to anybody
//	an index beyond the end of the list                     401, ReasonBadList
//	no list at hand, and what came is no list to believe    401, ReasonBadList
//	no list at hand, and none came                          503, ReasonRevocationsUnavailable
//
// A bad list never displaces a good one, and an older one never a newer one, while that can still be used.
//
// The one thing to get right is [Config.Prefixes]. Where a list is fetched from comes from a token, and whoever can have
// tokens issued may have a say in it.
package statuslist
