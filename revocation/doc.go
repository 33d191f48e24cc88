// Package revocation refuses tokens that are no longer good although everything about them still looks right.
//
// A [List] is the deny-list of one process. Give it to a Guard as middleware.Config.Revocations and it is consulted for
// every token, however it was validated: a JWT checked against keys, an answer from introspection, a cached one. What is
// revoked is refused by the next request. A look-up takes no lock and allocates nothing, so it costs a request nothing
// worth measuring.
//
// There are several ways to name what is revoked, all of them a [Revocation]: one token, by itself or by (iss, jti); a
// session (iss, sid); everything a subject, a client, or a client on behalf of a subject was given up to a moment; all
// that an issuer issued up to a moment.
//
// A [Client] revokes a token here at once and at its authorization server (RFC 7009). [Handler] offers that to the clients
// of an application, and [ListHandler] offers the List to its administrators.
//
// The one thing to get right is [Config.MaxTokenLifetime]. An entry is kept for that long, and a token that lives longer
// would outlive its own revocation; such tokens are refused, so a wrong value shows on the first request.
package revocation
