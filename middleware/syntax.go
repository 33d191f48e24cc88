package middleware

import (
	"context"
	"errors"
	"strings"
)

var errNoToken68 = errors.New("the token is no token68")

// checkSyntax holds a token against the token68 grammar (RFC 9110, section 11.2), which needs no idea of its format.
func checkSyntax(token string) error {
	body := strings.TrimRight(token, "=")
	for i := range len(body) {
		if !isToken68[body[i]] {
			return refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
		}
	}
	if body == "" {
		return refuse(ErrInvalidRequest, ReasonMalformedCredentials, errGrammar)
	}
	return nil
}

// isToken68 holds the characters of token68 but its trailing padding.
var isToken68 = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/")

// isTokenChar holds the characters of the name of a scheme (RFC 9110, section 5.6.2).
var isTokenChar = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")

func tableOf(allowed string) (table [256]bool) {
	for i := range len(allowed) {
		table[allowed[i]] = true
	}
	return table
}

// checked keeps what is no token68 from a Validator that does not say that it would refuse it. Looking at every octet of
// a long token takes longer than finding it among those that were verified before.
type checked struct{ Validator }

// syntaxFirst returns a Validator that refuses what is no token68 without asking anybody. Nil becomes nil.
func syntaxFirst(v Validator) Validator {
	if isNil(v) {
		return nil
	}
	if describe(v).Token68 {
		return v
	}
	return checked{v}
}

func (v checked) Validate(ctx context.Context, accessToken string) (*Token, error) {
	if checkSyntax(accessToken) != nil {
		return nil, Reject(ReasonMalformedToken, errNoToken68)
	}
	return v.Validator.Validate(ctx, accessToken)
}

// Forget implements Forgetter.
func (v checked) Forget(accessToken string) { forget(v.Validator, accessToken) }

// Describe implements Describer.
func (v checked) Describe() Acceptance { return describe(v.Validator) }
