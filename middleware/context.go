package middleware

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type tokenKey struct{}

// NewContext returns a context that carries token, for tests of handlers that read it. A [Guard] does not take the
// context's word: it validates what the request carries.
func NewContext(ctx context.Context, token Token) context.Context {
	return context.WithValue(ctx, tokenKey{}, &token)
}

// FromContext returns the token of the request that ctx belongs to. It reports false when no Guard let the request pass
// or when the request passed anonymously; there is no such thing as an empty token.
func FromContext(ctx context.Context) (Token, bool) {
	if token := current(ctx); token != nil {
		return *token, true
	}
	return Token{}, false
}

// current returns the token of a context, nil when there is none.
func current(ctx context.Context) *Token {
	token, _ := ctx.Value(tokenKey{}).(*Token)
	return token
}

// anonymous returns r with a context that carries no token, even if r was made from the context of a request with one.
func anonymous(r *http.Request) *http.Request {
	if current(r.Context()) == nil {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), tokenKey{}, (*Token)(nil)))
}

// admission records on a request's context that a Guard accepted a token, so that a second policy on the same request
// does not validate it again. The credential tells a request made from another's context, with other credentials, apart.
type admission struct {
	context.Context
	guard      *Guard
	credential string
	schemes    schemes
	token      *Token
	until      time.Time // zero for a token without an end
}

// Value serves the token, and the admission itself to the Guard that made it.
func (a *admission) Value(key any) any {
	switch key {
	case tokenKey{}:
		return a.token
	case a.guard:
		return a
	}
	return a.Context.Value(key)
}

// String keeps the credential out of whatever prints a context.
func (a *admission) String() string { return "oauth admission" }

// Format does so for every verb.
func (a *admission) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// admitted returns the admission by this Guard of the same credential, as long as it holds; else nil.
func (g *Guard) admitted(ctx context.Context, found *credential) *admission {
	a, ok := ctx.Value(g).(*admission)
	if ok && a.credential == found.token && a.schemes == found.schemes && g.stillGood(a) {
		return a
	}
	return nil
}
