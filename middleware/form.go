package middleware

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"unicode"
)

// maxFormBytes bounds the body that is read in search of a token, before the handler's own limits apply.
const maxFormBytes = 1 << 20

var (
	errFormTooLarge = errors.New("the form is too large to be searched for an access token")
	errFormInvalid  = errors.New("the form could not be read")
)

// hasForm applies the conditions of RFC 6750, section 2.2 that can be seen without reading the body.
func hasForm(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return false
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/x-www-form-urlencoded" && r.Body != nil
}

// formTokens returns the access_token parameters of the body, and a request whose body can be read again. A token sent
// this way must not be overlooked, so a form too large to search is refused.
func formTokens(r *http.Request) (*http.Request, []string, error) {
	if r.PostForm != nil { // somebody before us read the body
		return r, r.PostForm["access_token"], nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFormBytes+1))
	if err != nil {
		return r, nil, refuse(ErrInvalidRequest, ReasonMalformedCredentials, errFormInvalid)
	}
	if len(body) > maxFormBytes {
		return r, nil, refuse(ErrInvalidRequest, ReasonMalformedCredentials, errFormTooLarge)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || bytes.ContainsFunc(body, func(c rune) bool { return c > unicode.MaxASCII }) {
		return r, nil, refuse(ErrInvalidRequest, ReasonMalformedCredentials, errFormInvalid)
	}
	restored := r.WithContext(r.Context())
	restored.Body = rereadBody{bytes.NewReader(body), r.Body}
	return restored, values["access_token"], nil
}

// rereadBody serves a body from memory and still closes the original.
type rereadBody struct {
	io.Reader
	io.Closer
}
