package mtls

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/bearergate/bearergate/middleware"
)

// The reasons of this package, beside those of package middleware.
const (
	// ReasonNoCertificate: the token is bound to a certificate, and the request has none.
	ReasonNoCertificate middleware.Reason = "no_certificate"
	// ReasonWrongCertificate: the certificate of the request is not the one that the token is bound to.
	ReasonWrongCertificate middleware.Reason = "wrong_certificate"
	// ReasonMalformedCertificate: what a trusted proxy sent is not exactly one certificate.
	ReasonMalformedCertificate middleware.Reason = "malformed_certificate"
	// ReasonUntrustedProxy: the request has a certificate in a header field, and its sender is no trusted proxy.
	ReasonUntrustedProxy middleware.Reason = "untrusted_proxy"
)

// Verifier verifies that requests come from the client whose certificate their token is bound to. It implements
// middleware.Binding and is safe for concurrent use.
type Verifier struct {
	config  Config
	ignored atomic.Uint64
}

// New returns a Verifier. It does no I/O. It returns an error for a configuration that would be unsafe or could not work.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Verifier{config: cfg}, nil
}

// Method implements middleware.Binding: "x5t#S256" (RFC 8705, section 3.1).
func (v *Verifier) Method() string { return "x5t#S256" }

var (
	errNone    = middleware.Reject(ReasonNoCertificate, nil)
	errWrong   = middleware.Reject(ReasonWrongCertificate, nil)
	errIgnored = middleware.Reject(ReasonUntrustedProxy, nil)
)

// Verify implements middleware.Binding. Every error matches middleware.ErrInvalidToken. If the certificate came in a
// header field, a success adds the name of that field to Vary in h (RFC 9440, section 2.4); handlers that set Vary, not
// add to it, have to name it themselves.
func (v *Verifier) Verify(h http.Header, r *http.Request, _, thumbprint string) error {
	der, err := v.certificate(r)
	if err != nil {
		return err
	}
	// Decoding would let one certificate have several thumbprints.
	if subtle.ConstantTimeCompare([]byte(thumbprintOf(der)), []byte(thumbprint)) != 1 {
		return errWrong
	}
	if v.config.proxied() {
		vary(h, v.config.Header)
	}
	return nil
}

// certificate returns the certificate of the client from the one source there is.
func (v *Verifier) certificate(r *http.Request) (der []byte, err error) {
	_, sent := r.Header[v.config.Header]
	trusted := v.config.trusts(r)
	if sent && !trusted {
		v.ignored.Add(1)
	}
	switch {
	case trusted:
		return v.config.received(r.Header)
	case !v.config.proxied():
		return presented(r.TLS)
	case sent:
		return nil, errIgnored
	}
	return nil, errNone
}

// vary adds name to the Vary fields of h unless they have it.
func vary(h http.Header, name string) {
	for _, line := range h["Vary"] {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.TrimSpace(member); member == "*" || strings.EqualFold(member, name) {
				return
			}
		}
	}
	h.Add("Vary", name)
}
