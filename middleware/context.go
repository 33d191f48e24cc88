package middleware

import (
	"context"
	"net/http"
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
