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
// this way must not be overlooked, so a form that cannot be searched is refused, unless the request has a token already:
// then the form is the handler's own affair.
func formTokens(r *http.Request, haveToken bool) (*http.Request, []string, error) {
	if r.PostForm != nil { // somebody before us read the body
		return r, r.PostForm["access_token"], nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFormBytes+1))
	restored := r.WithContext(r.Context())
	restored.Body = rereadBody{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	tokens, problem := searchForm(body, err)
	switch {
	case problem == nil:
		return restored, tokens, nil
	case haveToken:
		return restored, nil, nil
	}
	return restored, nil, refuse(ErrInvalidRequest, ReasonMalformedCredentials, problem)
}

func searchForm(body []byte, readError error) ([]string, error) {
	if len(body) > maxFormBytes {
		return nil, errFormTooLarge
	}
	values, err := url.ParseQuery(string(body))
	notASCII := bytes.ContainsFunc(body, func(c rune) bool { return c > unicode.MaxASCII })
	if readError != nil || err != nil || notASCII {
		return nil, errFormInvalid
	}
	return values["access_token"], nil
}

// rereadBody serves a body from memory and still closes the original.
type rereadBody struct {
	io.Reader
	io.Closer
}
