// Package mtls verifies that an access token comes from the client whose certificate it is bound to (RFC 8705,
// section 3), on a connection that ends here or at a proxy in front (RFC 9440).
//
//	verifier, err := mtls.New(mtls.Config{})
//	guard, err := middleware.New(validator, middleware.Config{Bindings: []middleware.Binding{verifier}})
//	server := &http.Server{Handler: mux, TLSConfig: mtls.TLSConfig(nil)}
//
// A token that is bound to a certificate has its SHA-256 thumbprint in the member x5t#S256 of cnf. The certificate itself
// is a name for the key that the handshake proved and nothing more: who issued it, for how long and to whom does not
// matter here, so self-signed certificates do, and a new certificate for the same key is another one.
//
// [Config] names one source of the certificate. What comes from the other does not count, nor is it a fallback:
//
//	neither TrustedProxies nor AllowUnixSocketProxies   the TLS connection of the request
//	either of them                                      the field Client-Cert, or the one that Config.Header names
//
// What is found there decides:
//
//	the certificate of the token                       the token passes
//	another certificate                                401, ReasonWrongCertificate
//	none                                               401, ReasonNoCertificate
//	a field that is not exactly one certificate        401, ReasonMalformedCertificate
//	a field, but its sender is no trusted proxy        401, ReasonUntrustedProxy
//
// # Connections that end here
//
// The server has to ask for a certificate, which [TLSConfig] sees to. A connection proves possession once, in its
// handshake, for every request on it. One that resumes a session proves it by the secret of that session, and has the
// certificate of the first handshake; crypto/tls does not resume the session of a certificate that has expired. Servers
// that share session ticket keys therefore share such proofs.
//
// # Connections that end at a proxy
//
// The proxy asks for a certificate, checks that the client has its key, and passes the certificate on in a field that it
// removes from, or overwrites in, whatever a client sends. A proxy that forwards the field of a client, or a way around
// the proxy from an address in TrustedProxies, lets anybody be everybody.
//
// Who sent a request is what its RemoteAddr says, as net/http sets it. Middleware that puts there what it read in
// X-Forwarded-For lets clients say who they are, and so does a listener that takes the PROXY protocol from anybody. Such
// middleware has to run after the Guard.
package mtls
