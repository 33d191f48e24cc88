// Package oauthtest is an authorization server for tests: it issues access tokens, publishes keys, introspects and
// revokes, and it breaks on demand.
//
//	as := oauthtest.NewServer(t, oauthtest.Config{})
//
//	validator, err := jwks.New(jwks.Config{
//		Issuer:     as.Issuer(),
//		Audience:   "https://api.example.com",
//		HTTPClient: as.HTTPClient(),
//	})
//
//	token := as.Mint(oauthtest.Token{Subject: "alice", Scope: "orders:read"})
//
// Tokens follow RFC 9068 unless told otherwise. [Token] has a field for what tests usually vary, and any claim or
// header parameter can be replaced or left out:
//
//	as.Mint(oauthtest.Token{ExpiresIn: -time.Minute})                       // expired
//	as.Mint(oauthtest.Token{Audience: []string{"https://other.example"}})   // for somebody else
//	as.Mint(oauthtest.Token{Header: map[string]any{"typ": "JWT"}})          // not an access token
//	as.Mint(oauthtest.Token{Claims: map[string]any{"sub": nil}})            // incomplete
//	as.Mint(oauthtest.Token{Opaque: true})                                  // known to introspection alone
//
// What happens to authorization servers in production is one call each:
//
//	as.Rotate()                                                             // new keys, the old ones still published
//	as.Retire()                                                             // the old keys are gone
//	as.Revoke(token)                                                        // revoked, as introspection now says
//	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503})          // down
//	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Hang: true})           // silent
//	as.Heal()                                                               // well again
//	as.Requests(oauthtest.EndpointJWKS)                                     // how often it was asked
//
// A server listens with TLS on 127.0.0.1 and [Server.HTTPClient] trusts it. With [Config.InMemory] it needs no socket
// at all. Such a server, created inside a testing/synctest bubble, runs on the bubble's clock: an hour of refreshes, a
// hanging endpoint and a caller's deadline take no real time.
//
// [RunConformance] holds a service, whatever it is made of, against everything that this project knows to go wrong.
//
// The one thing to get right: this server exists to be wrong when asked. It accepts any client unless [Config.Clients]
// says otherwise, and hands a token to whoever asks for one. Never let anything real trust it.
package oauthtest
