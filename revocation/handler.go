package revocation

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/bearergate/bearergate/middleware"
)

// Handler returns the revocation endpoint of an application, for its own logout: POST with the form parameters token and
// token_type_hint of RFC 7009, section 2.1. It must be behind a Guard, such as through oauthhttp.Require, and answers
// 500 to a request without a token. Any caller with a token may revoke any token it holds. Each call can take two entries
// of the List, so limit the rate of callers that could fill it.
//
//	200    revoked, or there was no such token
//	400    no token or more than one; or the authorization server does not revoke this type of token
//	405, 413, 415    not POST, too large, not a form
//	503    not revoked everywhere: the server did not confirm it, or the List is full; with Retry-After
//
// The caller is named in the audit records. What it does not wait for is done all the same. A failure that is not the
// caller's is written to the Logger of the List, at level Error. A nil Client answers 500.
func Handler(c *Client) http.Handler {
	if c == nil {
		return misconfigured{}
	}
	return &endpoint{c.config.List.config.Logger, http.StatusOK, c.handle}
}

func (c *Client) handle(r *http.Request, by string) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	tokens, hints := form["token"], form["token_type_hint"]
	if len(tokens) != 1 || tokens[0] == "" || len(hints) > 1 {
		return errParameters
	}
	request := Request{Token: tokens[0], Hint: form.Get("token_type_hint"), By: by, Reason: "requested by the client"}
	if request.Hint != HintAccessToken && request.Hint != HintRefreshToken {
		request.Hint = "" // only a hint
	}
	return c.Revoke(context.WithoutCancel(r.Context()), request)
}

var errParameters = newProblem(http.StatusBadRequest, codeInvalid, "Send one token, and at most one token_type_hint")

// readForm reads the parameters of the body, unless somebody before us did.
func readForm(r *http.Request) (url.Values, error) {
	if !hasType(r, "application/x-www-form-urlencoded") {
		return nil, errForm
	}
	if r.PostForm != nil {
		return r.PostForm, nil
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errBroken
	}
	return form, nil
}

// misconfigured is the handler of nothing.
type misconfigured struct{}

func (misconfigured) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	middleware.WriteError(w, errors.New("the handler has nothing to revoke with"))
}
