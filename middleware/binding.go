package middleware

import (
	"errors"
	"net/http"
)

// Binding verifies that whoever sent a request holds the key its token is bound to, such as *dpop.Verifier and
// *mtls.Verifier. It is safe for concurrent use.
type Binding interface {
	// Method returns the member of cnf that it verifies, such as "jkt" or "x5t#S256" (RFC 7800, section 3).
	Method() string
	// Verify returns nil if r proves possession of the key that thumbprint, the value of that member, stands for. It
	// returns an error made with [Reject] if r proves another key or none, with [RejectProof] if what r offers as a proof
	// is none, with [DemandNonce], or with [Unavailable] if that could not be found out. accessToken is the token of r. On
	// h, the header of the response, it sets only what a success needs.
	Verify(h http.Header, r *http.Request, accessToken, thumbprint string) error
}

// SchemeBinding is a Binding whose tokens come with an authentication scheme of their own, as those of DPoP do (RFC 9449,
// section 7.1).
type SchemeBinding interface {
	Binding
	// Scheme returns the scheme, such as "DPoP".
	Scheme() string
	// Algorithms returns the signature algorithms of proofs, for the challenge.
	Algorithms() []string
	// Required reports whether tokens with the Bearer scheme are refused.
	Required() bool
}

// RejectProof returns the error with which a [Binding] says that the proof of a request is not valid. It matches
// ErrInvalidProof and cause, which is for logs only and must not contain any part of the proof; it may be nil.
func RejectProof(reason Reason, cause error) error {
	return refuse(ErrInvalidProof, reason, cause)
}

// DemandNonce returns the error with which a [Binding] asks for a proof that contains nonce, which is sent in the
// DPoP-Nonce field of the refusal (RFC 9449, section 9). It matches ErrNonceRequired.
func DemandNonce(nonce string) error {
	v := refuse(ErrNonceRequired, ReasonNonceRequired, nil)
	v.nonce = nonce
	return v
}

// bindings are what a Guard knows to verify.
type bindings struct {
	// plain are those without a scheme. Their checks leave no trace, so they come first.
	plain []Binding
	// scheme is the one with a scheme, nil without one.
	scheme SchemeBinding
	// required: tokens have to be bound to something.
	required bool
}

func newBindings(cfg *Config) (bindings, error) {
	b := bindings{required: cfg.RequireBinding}
	known := map[string]bool{}
	for _, each := range cfg.Bindings {
		if isNil(each) {
			return b, errors.New("oauth: one of the Bindings is nil")
		}
		if known[each.Method()] {
			return b, errors.New("oauth: two Bindings verify the same member of cnf, keep one")
		}
		known[each.Method()] = true
		withScheme, ok := each.(SchemeBinding)
		switch {
		case !ok:
			b.plain = append(b.plain, each)
		case b.scheme != nil:
			return b, errors.New("oauth: two Bindings have an authentication scheme of their own, keep one")
		default:
			b.scheme = withScheme
		}
	}
	switch {
	case cfg.RequireBinding && len(cfg.Bindings) == 0:
		return b, errors.New("oauth: RequireBinding, which FAPI2 implies, would refuse every token: add a *dpop.Verifier or a *mtls.Verifier to Bindings")
	case b.onlyScheme() && (cfg.AllowFormToken || cfg.AllowQueryToken):
		return b, errors.New("oauth: AllowFormToken and AllowQueryToken are of the Bearer scheme, which one of the Bindings refuses")
	}
	return b, nil
}

// onlyScheme reports whether the Bearer scheme is not accepted.
func (b *bindings) onlyScheme() bool {
	return b.scheme != nil && (b.scheme.Required() || b.required && len(b.plain) == 0)
}

// nameOf returns the name of a scheme, "" for none and for more than one.
func (b *bindings) nameOf(used schemes) string {
	switch used {
	case bearerScheme:
		return "Bearer"
	case ownScheme:
		return b.scheme.Scheme()
	}
	return ""
}

func (b *bindings) handles(method string) bool {
	for _, each := range b.plain {
		if each.Method() == method {
			return true
		}
	}
	return b.scheme != nil && b.scheme.Method() == method
}

var (
	errUnverifiedCnf = errors.New("the token is bound to a key in a way that nothing here verifies")
	errDowngrade     = errors.New("the token is bound to a key of DPoP proofs, and came as a plain bearer token")
	errNotBound      = errors.New("the token came with a proof of possession, but is bound to no key of such proofs")
	errUnbound       = errors.New("the token is bound to no key")
)

// verify asks for proof of every binding of a token. One that nobody verifies refuses it: honouring it as a plain bearer
// token would be a downgrade. A scheme binding comes last, since it may use up its proof.
func (b *bindings) verify(h http.Header, r *http.Request, found *credential, t *Token) error {
	for method := range t.Confirmation.All() {
		if !b.handles(method) {
			return Reject(ReasonUnverifiedBinding, errUnverifiedCnf)
		}
	}
	thumbprint, bound := b.schemeThumbprint(t)
	switch {
	case bound && found.schemes != ownScheme:
		return Reject(ReasonBindingDowngrade, errDowngrade)
	case found.schemes == ownScheme && !bound:
		return Reject(ReasonNotBound, errNotBound)
	case b.required && t.Confirmation.IsZero():
		return Reject(ReasonNotBound, errUnbound)
	}
	for _, each := range b.plain {
		if value, ok := t.Confirmation.Value(each.Method()); ok {
			if err := bindingError(each.Verify(h, r, found.token, value)); err != nil {
				return err
			}
		}
	}
	if !bound {
		return nil
	}
	return bindingError(b.scheme.Verify(h, r, found.token, thumbprint))
}

func (b *bindings) schemeThumbprint(t *Token) (thumbprint string, bound bool) {
	if b.scheme == nil {
		return "", false
	}
	return t.Confirmation.Value(b.scheme.Method())
}

// bindingError takes from a Binding what is its to say. Anything else means that nothing was found out.
func bindingError(err error) error {
	if err == nil {
		return nil
	}
	return verdictOf(err, ErrInvalidToken, ErrInvalidProof, ErrNonceRequired, ErrUnavailable, ErrMisconfigured)
}
