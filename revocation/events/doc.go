// Package events revokes what an authorization server says is no longer good: sessions that ended, accounts that were
// disabled, credentials that changed. What it learns goes into a revocation.List, so that a Guard refuses the tokens
// with the next request.
//
// Which part to use depends on what the authorization server speaks:
//
//	it pushes Security Event Tokens (RFC 8935, Shared Signals)     [New], and the Receiver as a route
//	it keeps them to be fetched (RFC 8936)                         [NewPoller] around a Receiver, and Poller.Run
//	it sends logout tokens (OpenID Connect Back-Channel Logout)    [NewLogout], and the Logout as a route
//
// With push an event holds within a round trip, but this service must be reachable from there, and what is sent while
// it is not depends on the patience of the other side. Polling needs only the way out, and resumes where it stopped.
// Logout tokens tell of logouts and nothing else, but many OpenID providers send them that know no Shared Signals.
// Their rules contradict those of the other two, so each kind has an endpoint and a verifier of its own:
//
//	validator, err := jwks.New(jwks.Config{Issuer: issuer, Audience: "https://api.example.com"})
//	logoutTokens, err := validator.Verifier(jwks.VerifierConfig{
//		Type: "logout+jwt", AllowUntyped: true, Audience: clientID,
//	})
//	logout, err := events.NewLogout(events.LogoutConfig{
//		Issuer: issuer, ClientID: clientID, Verify: logoutTokens.Verify, List: list,
//	})
//	mux.Handle("POST /backchannel-logout", logout)
//
// An event revokes what its subject was issued up to the time of the event, so whoever authenticates again gets in
// again. The types that revoke are constants of this package; the others are left to [Config.OnEvent]. Of a complex
// subject the members user, session and application count; tokens know nothing of devices, tenants and groups, so these
// narrow nothing down. A token that does not say which session it belongs to is meant too if the event names its user,
// and spared if it names the session alone. One that names no client is spared by events about an application.
//
// An answer that is no failure means that the event holds. A full List, keys that cannot be had and replicas that could
// not be told are answered with 503, and a Poller does not acknowledge such events: they come again. What cannot be
// understood is refused, so that the other side learns of it: nothing is dropped silently.
//
// The one thing to get right is [Config.TokenIssuers]: a transmitter that is none of your issuers can revoke every
// token of those named there.
package events
