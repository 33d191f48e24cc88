package middleware

import (
	"context"
	"fmt"
	"net/http"
)

// admission records on a request's context that a Guard accepted a token, so that a second policy on the same request
// does not validate it again. The credential tells a request made from another's context, with other credentials, apart.
type admission struct {
	context.Context
	by         *layer
	credential string
	token      *Token
}

// layer is a Guard with the schemes by which a request presented its token.
type layer struct {
	guard   *Guard
	schemes schemes
}

// layers has one for each combination of schemes, so that a request need not make its own.
type layers [ownScheme << 1]layer

func (l *layers) of(g *Guard) {
	for i := range l {
		l[i] = layer{g, schemes(i)}
	}
}

// Value serves the token, and the admission itself to the Guard that made it.
func (a *admission) Value(key any) any {
	switch key {
	case tokenKey{}:
		return a.token
	case a.by.guard:
		return a
	}
	return a.Context.Value(key)
}

// String keeps the credential out of whatever prints a context.
func (a *admission) String() string { return "oauth admission" }

// Format does so for every verb.
func (a *admission) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// admittedRequest is a request together with the context that it carries. Being one piece of memory they cost one
// allocation; whoever keeps the context keeps the request.
type admittedRequest struct {
	request   http.Request
	admission admission
}

// request returns r with a context that carries the admission.
func (a admission) request(r *http.Request) *http.Request {
	both := &admittedRequest{admission: a}
	both.admission.Context = r.Context()
	both.request = *r.WithContext(&both.admission)
	return &both.request
}

// context returns a context that carries the admission.
func (a admission) context(parent context.Context) context.Context {
	a.Context = parent
	return &a
}

// admitted returns the admission by this Guard of the same credential, as long as it holds; else nil.
func (g *Guard) admitted(ctx context.Context, found *credential) *admission {
	a, ok := ctx.Value(g).(*admission)
	if ok && a.credential == found.token && a.by.schemes == found.schemes && g.stillGood(ctx, a) {
		return a
	}
	return nil
}

// stillGood reports whether what may have changed since a token was accepted has not: requests can be made from the
// context of one that lasts. A Validator that tolerates clocks that differ may honour a token past its end.
func (g *Guard) stillGood(ctx context.Context, a *admission) bool {
	if end := a.token.ExpiresAt; !end.IsZero() && !g.config.Now().Before(end) {
		if token, err := g.validator.Validate(ctx, a.credential); token == nil || err != nil {
			return false
		}
	}
	return g.config.Revocations == nil || g.config.Revocations.Check(a.token) == nil
}

// admit returns the request to hand on. A second layer finds its context as the first one left it, unless another Guard has
// been there since.
func (g *Guard) admit(r *http.Request, p *Policy, a admission, again bool) *http.Request {
	known := again && a.token == current(r.Context())
	switch {
	case p.EndWithToken && known:
		return r.WithContext(g.bind(r.Context(), a.token))
	case p.EndWithToken:
		return r.WithContext(g.bind(a.context(r.Context()), a.token))
	case known:
		return r
	}
	return a.request(r)
}
