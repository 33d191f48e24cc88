package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

func TestQueryToken(t *testing.T) {
	ignore, refuse, allow := middleware.Config{}, middleware.Config{RefuseQueryToken: true}, middleware.Config{AllowQueryToken: true}
	const inQuery = "400 token_in_query"
	tests := []struct {
		name   string
		config middleware.Config
		target string
		fields []string
		want   string
		token  string
	}{
		{"ignored alone", ignore, "/?access_token=abc", nil, none, ""},
		{"ignored beside a header", ignore, "/?access_token=abc", []string{"Bearer def"}, "pass", "def"},
		{"ignored twice", ignore, "/?access_token=abc&access_token=abc", nil, none, ""},
		{"ignored beside another scheme", ignore, "/?access_token=abc", []string{"Basic dTpw"}, notOurs, ""},

		{"refused alone", refuse, "/?access_token=abc", nil, inQuery, ""},
		{"refused beside a header", refuse, "/?access_token=abc", []string{"Bearer def"}, inQuery, ""},
		{"refused empty", refuse, "/?access_token=", nil, inQuery, ""},
		{"refused without a value", refuse, "/?access_token", nil, inQuery, ""},
		{"refused behind others", refuse, "/?page=2&access%5Ftoken=abc", nil, inQuery, ""},
		{"nothing to refuse", refuse, "/?page=2", []string{"Bearer def"}, "pass", "def"},
		{"other case is another parameter", refuse, "/?Access_Token=abc", []string{"Bearer def"}, "pass", "def"},

		{"allowed", allow, "/?access_token=abc", nil, "pass", "abc"},
		{"allowed with escapes", allow, "/?access_token=a%2Bb%2Fc%3D", nil, "pass", "a+b/c="},
		{"allowed beside another scheme", allow, "/?access_token=abc", []string{"Basic dTpw"}, "pass", "abc"},
		{"plus is a space", allow, "/?access_token=a+b", nil, malformed, ""},
		{"empty", allow, "/?access_token=", nil, malformed, ""},
		{"scheme in the value", allow, "/?access_token=Bearer%20abc", nil, malformed, ""},
		{"two parameters", allow, "/?access_token=abc&access_token=def", nil, repeated, ""},
		{"two equal parameters", allow, "/?access_token=abc&access_token=abc", nil, repeated, ""},
		{"one of two empty", allow, "/?access_token=abc&access_token=", nil, repeated, ""},
		{"header and query", allow, "/?access_token=abc", []string{"Bearer abc"}, repeated, ""},
		{"header and empty query", allow, "/?access_token=", []string{"Bearer abc"}, repeated, ""},
		{"malformed header and query", allow, "/?access_token=abc", []string{"Bearer"}, malformed, ""},
		{"allowed but absent", allow, "/?page=2", nil, none, ""},
		{"other case", allow, "/?ACCESS_TOKEN=abc", nil, none, ""},
		{"in the fragment", allow, "/#access_token=abc", nil, none, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			guard := newGuard(t, record(&asked, honour(alice())), tt.config)
			r := httptest.NewRequest(http.MethodGet, tt.target, nil)
			r.Header["Authorization"] = tt.fields
			if got := authorize(t, guard, r, middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.token != "" && !slices.Equal(asked, []string{tt.token}) || tt.token == "" && len(asked) > 0 {
				t.Errorf("the validator was asked about %q, want %q", asked, tt.token)
			}
		})
	}
}

// An answer that nobody may store stays one, though its token came in the URL.
func TestQueryTokenKeepsNoStore(t *testing.T) {
	h := http.Header{"Cache-Control": {"no-store"}}
	guard := newGuard(t, honour(alice()), middleware.Config{AllowQueryToken: true})
	if _, err := guard.Authorize(h, httptest.NewRequest(http.MethodGet, "/?access_token=abc", nil), middleware.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got := h.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
}

// Scripts may read the challenges of refusals, and the new nonces of successes, of a Guard that says so, and of no other.
func TestExposeChallengesOfSuccess(t *testing.T) {
	for expose, want := range map[bool]string{true: "WWW-Authenticate, DPoP-Nonce", false: ""} {
		h := http.Header{}
		guard := newGuard(t, honour(alice()), middleware.Config{ExposeChallenges: expose})
		if _, err := guard.Authorize(h, bearer("a"), middleware.Policy{}); err != nil {
			t.Fatal(err)
		}
		if got := h.Get("Access-Control-Expose-Headers"); got != want {
			t.Errorf("ExposeChallenges %t: %q", expose, got)
		}
	}
}

// RFC 6750, section 2.3: an answer to a token in the URL says that it is private. Nothing else touches the header.
func TestQueryTokenMakesTheAnswerPrivate(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{AllowQueryToken: true})
	for _, tt := range []struct {
		name   string
		r      *http.Request
		policy middleware.Policy
		want   string
	}{
		{"query", httptest.NewRequest(http.MethodGet, "/?access_token=abc", nil), middleware.Policy{}, "private"},
		{"header", bearer("abc"), middleware.Policy{}, ""},
		{"anonymous", get(), middleware.Policy{AllowAnonymous: true}, ""},
		{"refused", httptest.NewRequest(http.MethodGet, "/?access_token=abc", nil), middleware.Policy{Scopes: []string{"x"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			admitted, err := guard.Authorize(h, tt.r, tt.policy)
			if got := h.Get("Cache-Control"); got != tt.want {
				t.Errorf("Cache-Control %q, want %q", got, tt.want)
			}
			if err != nil {
				return
			}
			h = http.Header{} // a second layer says so as well
			if _, err := guard.Authorize(h, admitted, tt.policy); err != nil || h.Get("Cache-Control") != tt.want {
				t.Errorf("second layer: error %v, header %v", err, h)
			}
		})
	}
}
