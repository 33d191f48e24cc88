package mtls

// State describes a [Verifier], for metrics and status pages.
type State struct {
	// Ignored is how many requests with a bound token had a certificate in a header field that was ignored, because no
	// trusted proxy sent them. It only grows. If it does, somebody tries to be somebody else, or TrustedProxies lacks a
	// proxy.
	Ignored uint64
}

// State describes what v has seen so far.
func (v *Verifier) State() State { return State{Ignored: v.ignored.Load()} }
