package middleware_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bearergate/bearergate/middleware"
)

const maxFormLen = 1 << 20

// body is a request body that notes what happens to it.
type body struct {
	io.Reader
	read, closed bool
}

func (b *body) Read(p []byte) (int, error) {
	b.read = true
	return b.Reader.Read(p)
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// padded is a form with a token and as many octets as asked for.
func padded(size int) string {
	const start = "access_token=abc&padding="
	return start + strings.Repeat("x", size-len(start))
}

// typed is a POST whose body is said to be of another media type.
func typed(mediaType, content string) *http.Request {
	r := form(http.MethodPost, content)
	r.Header.Set("Content-Type", mediaType)
	return r
}

func TestFormToken(t *testing.T) {
	const multipart = "--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\nabc\r\n--b--\r\n"
	authorized := with(form(http.MethodPost, "access_token=abc"), "Authorization", "Bearer abc")
	unreadable := form(http.MethodPost, "")
	unreadable.Body = io.NopCloser(iotest.ErrReader(errors.New("connection reset")))
	tests := []struct {
		name  string
		r     *http.Request
		want  string
		token string
	}{
		{"POST", form(http.MethodPost, "access_token=abc"), "pass", "abc"},
		{"PUT", form(http.MethodPut, "access_token=abc"), "pass", "abc"},
		{"PATCH", form(http.MethodPatch, "access_token=abc"), "pass", "abc"},
		{"with a charset", typed("application/x-www-form-urlencoded; charset=UTF-8", "access_token=abc"), "pass", "abc"},
		{"media type in capitals", typed("Application/X-WWW-Form-Urlencoded", "access_token=abc"), "pass", "abc"},
		{"among others", form(http.MethodPost, "a=1&access_token=a%2Bb&b=2"), "pass", "a+b"},
		{"beside another scheme", with(form(http.MethodPost, "access_token=abc"), "Authorization", "Basic dTpw"), "pass", "abc"},
		{"largest body", form(http.MethodPost, padded(maxFormLen)), "pass", "abc"},

		{"GET", form(http.MethodGet, "access_token=abc"), none, ""},
		{"HEAD", form(http.MethodHead, "access_token=abc"), none, ""},
		{"DELETE", form(http.MethodDelete, "access_token=abc"), none, ""},
		{"OPTIONS", form(http.MethodOptions, "access_token=abc"), none, ""},
		{"lower-case method", form("post", "access_token=abc"), none, ""},
		{"method override", with(form(http.MethodGet, "access_token=abc"), "X-Http-Method-Override", "POST"), none, ""},
		{"multipart", typed("multipart/form-data; boundary=b", multipart), none, ""},
		{"JSON", typed("application/json", `{"access_token":"abc"}`), none, ""},
		{"plain text", typed("text/plain", "access_token=abc"), none, ""},
		{"no media type", typed("", "access_token=abc"), none, ""},
		{"malformed media type", typed("application/x-www-form-urlencoded; charset", "access_token=abc"), none, ""},
		{"longer media type", typed("application/x-www-form-urlencoded2", "access_token=abc"), none, ""},
		{"no parameter", form(http.MethodPost, "a=1"), none, ""},
		{"other case", form(http.MethodPost, "Access_Token=abc"), none, ""},
		{"empty body", form(http.MethodPost, ""), none, ""},
		{"in the query", httptest.NewRequest(http.MethodPost, "/?access_token=abc", nil), none, ""},

		{"header and form", authorized, repeated, ""},
		{"two parameters", form(http.MethodPost, "access_token=abc&access_token=def"), repeated, ""},
		{"two equal parameters", form(http.MethodPost, "access_token=abc&access_token=abc"), repeated, ""},
		{"empty parameter", form(http.MethodPost, "access_token="), malformed, ""},
		{"empty parameter and header", with(form(http.MethodPost, "access_token="), "Authorization", "Bearer abc"), repeated, ""},
		{"not token68", form(http.MethodPost, "access_token=caf%C3%A9"), malformed, ""},
		{"bad escape", form(http.MethodPost, "access_token=abc&a=%zz"), malformed, ""},
		{"semicolon", form(http.MethodPost, "access_token=abc;a=1"), malformed, ""},
		{"octets outside ASCII", form(http.MethodPost, "access_token=abc&name=caf\xc3\xa9"), malformed, ""},
		{"body over the limit", form(http.MethodPost, padded(maxFormLen+1)), malformed, ""},
		{"body over the limit beside a header", with(form(http.MethodPost, padded(maxFormLen+1)), "Authorization", "Bearer abc"), "pass", "abc"},
		{"unreadable body", unreadable, malformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			guard := newGuard(t, record(&asked, honour(alice())), middleware.Config{AllowFormToken: true})
			if got := authorize(t, guard, tt.r, middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.token != "" && !slices.Equal(asked, []string{tt.token}) || tt.token == "" && len(asked) > 0 {
				t.Errorf("the validator was asked about %q, want %q", asked, tt.token)
			}
		})
	}
}

// Without the form transport the body belongs to the handler alone: nobody reads it, whatever the answer.
func TestFormCauses(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
	for content, want := range map[string]string{padded(1<<20 + 1): "too large to be searched", "a=%zz": "could not be read"} {
		_, err := guard.Authorize(http.Header{}, form(http.MethodPost, content), middleware.Policy{})
		if got := outcome(t, err); got != "400 malformed_credentials" || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %q", content, err, want)
		}
	}
}

// A form is ASCII (RFC 6750, section 2.2), to the last character, and need not be there.
func TestFormCharacters(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
	for content, want := range map[string]string{
		"a=\x7f&access_token=abc": "pass", "a=\u0080&access_token=abc": "400 malformed_credentials",
	} {
		if got := authorize(t, guard, form(http.MethodPost, content), middleware.Policy{}); got != want {
			t.Errorf("%q: %s, want %s", content, got, want)
		}
	}
	none := form(http.MethodPost, "")
	none.Body = nil
	if got := authorize(t, guard, none, middleware.Policy{}); got != "401 no_credentials" {
		t.Errorf("no body: %s", got)
	}
}

func TestFormIsLeftAloneByDefault(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	for want, fields := range map[string][]string{none: nil, "pass": {"Bearer abc"}, malformed: {"Bearer"}} {
		b := &body{Reader: strings.NewReader("access_token=abc")}
		r := form(http.MethodPost, "")
		r.Body = b
		r.Header["Authorization"] = fields
		if got := authorize(t, guard, r, middleware.Policy{}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if b.read || b.closed {
			t.Errorf("%s: the body was touched", want)
		}
	}
}

// A body that cannot hold a token is not read even when the transport is on.
func TestFormIsLeftAloneForOtherMediaTypes(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
	b := &body{Reader: strings.NewReader(`{"access_token":"abc"}`)}
	r := with(typed("application/json", ""), "Authorization", "Bearer abc")
	r.Body = b
	if got := authorize(t, guard, r, middleware.Policy{}); got != "pass" || b.read {
		t.Errorf("got %s, body read: %t", got, b.read)
	}
}

func TestHandlerReadsTheSearchedForm(t *testing.T) {
	const content = "a=1&access_token=abc&b=2&b=3"
	for name, tt := range map[string]struct {
		content string
		fields  []string
		policy  middleware.Policy
	}{
		"token in the form":   {content, nil, middleware.Policy{}},
		"token in the header": {"a=1&b=2&b=3", []string{"Bearer abc"}, middleware.Policy{}},
		"anonymous":           {"a=1&b=2&b=3", nil, middleware.Policy{AllowAnonymous: true}},
	} {
		t.Run(name, func(t *testing.T) {
			original := &body{Reader: iotest.OneByteReader(strings.NewReader(tt.content))}
			r := form(http.MethodPost, "")
			r.Body = original
			r.Header["Authorization"] = tt.fields
			for range 2 { // a second layer finds the body as the first one did
				guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
				admitted, err := guard.Authorize(http.Header{}, r, tt.policy)
				if err != nil {
					t.Fatal(err)
				}
				r = admitted
			}
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != tt.content {
				t.Errorf("the handler reads %q, %v", got, err)
			}
			if err := r.Body.Close(); err != nil || !original.closed {
				t.Errorf("closing: %v, original closed: %t", err, original.closed)
			}
		})
	}
}

// A form that somebody parsed before is searched where it is now, and stays as it is.
func TestParsedForm(t *testing.T) {
	for content, want := range map[string]string{
		"access_token=abc&a=1":              "pass",
		"a=1":                               none,
		"access_token=abc&access_token=abc": repeated,
	} {
		r := form(http.MethodPost, content)
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
		admitted, err := guard.Authorize(http.Header{}, r, middleware.Policy{})
		if got := outcome(t, err); got != want {
			t.Errorf("%s: got %s, want %s", content, got, want)
		}
		if err == nil && admitted.PostFormValue("a") != "1" {
			t.Errorf("%s: the handler sees %v", content, admitted.PostForm)
		}
	}
}

// Parameters of the URL are no part of a parsed form: they must not slip in through net/http's merged view of both.
func TestQueryIsNoPartOfAParsedForm(t *testing.T) {
	r := form(http.MethodPost, "a=1")
	r.URL.RawQuery = "access_token=abc"
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true})
	if got := authorize(t, guard, r, middleware.Policy{}); got != none {
		t.Errorf("got %s, want %s", got, none)
	}
}

func TestTokenInFormAndQuery(t *testing.T) {
	r := form(http.MethodPost, "access_token=abc")
	r.URL.RawQuery = "access_token=abc"
	guard := newGuard(t, honour(alice()), middleware.Config{AllowFormToken: true, AllowQueryToken: true})
	if got := authorize(t, guard, r, middleware.Policy{}); got != repeated {
		t.Errorf("got %s, want %s", got, repeated)
	}
}
