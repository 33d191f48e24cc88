package mtls

import "crypto/tls"

// TLSConfig returns a copy of base, which may be nil, that asks clients for a certificate and takes any, or none: what
// a token is bound to is the certificate itself, whoever issued it (RFC 8705, section 6.2). It is for servers.
//
// A base that asks for certificates already is copied as it is. Configurations that its GetConfigForClient returns need
// the same treatment.
func TLSConfig(base *tls.Config) *tls.Config {
	cfg := base.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ClientAuth == tls.NoClientCert {
		cfg.ClientAuth = tls.RequestClientCert
	}
	return cfg
}
