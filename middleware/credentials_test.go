package middleware_test

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

const (
	malformed   = "400 malformed_credentials"
	repeated    = "400 multiple_credentials"
	notOurs     = "401 unsupported_scheme"
	none        = "401 no_credentials"
	tooLarge    = "401 token_too_large"
	maxTokenLen = 16 << 10
)

var authorizationFields = []struct {
	name   string
	fields []string
	want   string
	token  string // what the Validator is asked about, if it is
}{
	{"none", nil, none, ""},
	{"plain", []string{"Bearer abc"}, "pass", "abc"},
	{"lower-case scheme", []string{"bearer abc"}, "pass", "abc"},
	{"upper-case scheme", []string{"BEARER abc"}, "pass", "abc"},
	{"mixed-case scheme", []string{"bEaReR abc"}, "pass", "abc"},
	{"several spaces", []string{"Bearer    abc"}, "pass", "abc"},
	{"every character of token68", []string{"Bearer azAZ09-._~+/=="}, "pass", "azAZ09-._~+/=="},
	{"one character", []string{"Bearer a"}, "pass", "a"},
	{"dots only", []string{"Bearer .."}, "pass", ".."},
	{"scheme as token", []string{"Bearer Bearer"}, "pass", "Bearer"},
	{"much padding", []string{"Bearer a===="}, "pass", "a===="},

	{"scheme only", []string{"Bearer"}, malformed, ""},
	{"scheme and space", []string{"Bearer "}, malformed, ""},
	{"scheme and many spaces", []string{"Bearer" + strings.Repeat(" ", 1<<20)}, malformed, ""},
	{"TAB instead of space", []string{"Bearer\tabc"}, malformed, ""},
	{"TAB behind space", []string{"Bearer \tabc"}, malformed, ""},
	{"TAB behind token", []string{"Bearer abc\t"}, malformed, ""},
	{"space behind token", []string{"Bearer abc "}, malformed, ""},
	{"space inside token", []string{"Bearer abc def"}, malformed, ""},
	{"colon behind scheme", []string{"Bearer: abc"}, malformed, ""},
	{"colon instead of space", []string{"Bearer:abc"}, malformed, ""},
	{"equals sign instead of space", []string{"Bearer=abc"}, malformed, ""},
	{"slash instead of space", []string{"Bearer/abc"}, malformed, ""},
	{"comma behind scheme", []string{"Bearer, abc"}, malformed, ""},
	{"quoted token", []string{`Bearer "abc"`}, malformed, ""},
	{"single quotes", []string{"Bearer 'abc'"}, malformed, ""},
	{"quote inside token", []string{`Bearer an"invalid"token`}, malformed, ""},
	{"angle brackets", []string{"Bearer <abc>"}, malformed, ""},
	{"auth-param", []string{"Bearer token=abc"}, malformed, ""},
	{"quoted auth-param", []string{`Bearer token="abc"`}, malformed, ""},
	{"padding only", []string{"Bearer ="}, malformed, ""},
	{"padding inside", []string{"Bearer a=b"}, malformed, ""},
	{"list of two tokens", []string{"Bearer abc, Bearer def"}, malformed, ""},
	{"list of the same token", []string{"Bearer abc,Bearer abc"}, malformed, ""},
	{"list with another scheme", []string{"Bearer abc, Basic dTpw"}, malformed, ""},
	{"trailing comma", []string{"Bearer abc,"}, malformed, ""},
	{"percent-encoded", []string{"Bearer a%2Eb%2Ec"}, malformed, ""},
	{"percent-encoded space", []string{"Bearer%20abc"}, notOurs, ""},
	{"backslash", []string{`Bearer a\b`}, malformed, ""},
	{"brace", []string{`Bearer {"alg":"none"}`}, malformed, ""},
	{"NUL behind token", []string{"Bearer abc\x00"}, malformed, ""},
	{"NUL behind scheme", []string{"Bearer\x00abc"}, malformed, ""},
	{"line break", []string{"Bearer abc\r\nX-Other: 1"}, malformed, ""},
	{"DEL", []string{"Bearer abc\x7f"}, malformed, ""},
	{"Latin-1", []string{"Bearer caf\xe9"}, malformed, ""},
	{"UTF-8", []string{"Bearer café"}, malformed, ""},
	{"no-break space", []string{"Bearer\u00a0abc"}, malformed, ""},
	{"full-width digit", []string{"Bearer \uff11"}, malformed, ""},
	{"character that folds to ASCII", []string{"Bearer \u212a"}, malformed, ""},

	{"empty", []string{""}, notOurs, ""},
	{"spaces only", []string{"   "}, notOurs, ""},
	{"Basic", []string{"Basic dTpw"}, notOurs, ""},
	{"Negotiate", []string{"Negotiate YII="}, notOurs, ""},
	{"Digest", []string{`Digest username="u", realm="r"`}, notOurs, ""},
	{"DPoP", []string{"DPoP abc"}, notOurs, ""},
	{"Basic first in a list", []string{"Basic dTpw, Bearer abc"}, notOurs, ""},
	{"bare token", []string{"abc.def.ghi"}, notOurs, ""},
	{"longer scheme", []string{"BearerX abc"}, notOurs, ""},
	{"shorter scheme", []string{"Beare abc"}, notOurs, ""},
	{"scheme with token run together", []string{"Bearerabc"}, notOurs, ""},
	{"plural", []string{"Bearers abc"}, notOurs, ""},
	{"space in front", []string{" Bearer abc"}, notOurs, ""},
	{"quoted scheme", []string{`"Bearer" abc`}, notOurs, ""},
	{"look-alike letter", []string{"B\u0435arer abc"}, notOurs, ""},

	{"two fields", []string{"Bearer abc", "Bearer def"}, repeated, ""},
	{"two equal fields", []string{"Bearer abc", "Bearer abc"}, repeated, ""},
	{"Bearer and DPoP", []string{"Bearer abc", "DPoP def"}, repeated, ""},
	{"Basic and Bearer", []string{"Basic dTpw", "Bearer abc"}, repeated, ""},
	{"two fields of another scheme", []string{"Basic dTpw", "Basic dTpw"}, repeated, ""},
	{"empty field and Bearer", []string{"", "Bearer abc"}, repeated, ""},
	{"malformed field and Bearer", []string{"Bearer", "Bearer abc"}, repeated, ""},

	{"largest token", []string{"Bearer " + strings.Repeat("a", maxTokenLen)}, "pass", strings.Repeat("a", maxTokenLen)},
	{"largest token with padding", []string{"Bearer " + strings.Repeat("a", maxTokenLen-1) + "="}, "pass", strings.Repeat("a", maxTokenLen-1) + "="},
	{"one octet more", []string{"Bearer " + strings.Repeat("a", maxTokenLen+1)}, tooLarge, ""},
	{"padding over the limit", []string{"Bearer " + strings.Repeat("a", maxTokenLen) + "="}, tooLarge, ""},
	{"a million dots", []string{"Bearer " + strings.Repeat(".", 1_000_000)}, tooLarge, ""},
	{"spaces do not count", []string{"Bearer" + strings.Repeat(" ", maxTokenLen) + "abc"}, "pass", "abc"},
}

func TestAuthorizationField(t *testing.T) {
	for _, tt := range authorizationFields {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			guard := newGuard(t, record(&asked, honour(alice())), middleware.Config{})
			if got := authorize(t, guard, get(tt.fields...), middleware.Policy{}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			var want []string
			if tt.token != "" {
				want = []string{tt.token}
			}
			if !slices.Equal(asked, want) {
				t.Errorf("the validator was asked about %.60q, want %.60q", asked, want)
			}
		})
	}
}

// A flood of dots is what CVE-2025-30204 and CVE-2025-27144 multiplied in memory: the answer must not grow with it.
func TestHugeFieldsCostNothing(t *testing.T) {
	guard := newGuard(t, honour(alice()), middleware.Config{})
	for _, field := range []string{
		"Bearer " + strings.Repeat(".", 1<<20),
		"Bearer " + strings.Repeat("=", 1<<20),
		"Bearer" + strings.Repeat(" ", 1<<20),
		strings.Repeat("Bearer", 1<<18),
		strings.Repeat("é", 1<<19),
	} {
		r := get(field)
		const runs = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			_, _ = guard.Authorize(http.Header{}, r, middleware.Policy{})
		}
		runtime.ReadMemStats(&after)
		if perRun := (after.TotalAlloc - before.TotalAlloc) / runs; perRun > 8<<10 {
			t.Errorf("%.12q and so on, %d bytes: %d bytes allocated for a refusal", field, len(field), perRun)
		}
	}
}

func TestOtherPlacesAreNotSearched(t *testing.T) {
	var asked []string
	guard := newGuard(t, record(&asked, honour(alice())), middleware.Config{AllowFormToken: true, AllowQueryToken: true})
	for name, fields := range map[string][]string{
		"cookie":              {"Cookie", "access_token=abc"},
		"bearer cookie":       {"Cookie", "Authorization=Bearer abc"},
		"own field":           {"Access-Token", "abc"},
		"proxy authorization": {"Proxy-Authorization", "Bearer abc"},
		"forwarded field":     {"X-Forwarded-Authorization", "Bearer abc"},
		"websocket protocol":  {"Sec-Websocket-Protocol", "access_token, abc"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := authorize(t, guard, with(get(), fields...), middleware.Policy{}); got != none {
				t.Errorf("got %s, want %s", got, none)
			}
		})
	}
	if len(asked) > 0 {
		t.Errorf("the validator was asked about %q", asked)
	}
}

func TestPreflight(t *testing.T) {
	preflight := func(method string, fields ...string) *http.Request {
		r := with(get(), fields...)
		r.Method = method
		return r
	}
	exact := []string{"Origin", "https://app.example", "Access-Control-Request-Method", "PUT"}
	tests := []struct {
		name  string
		allow bool
		r     *http.Request
		want  string
	}{
		{"exact", true, preflight("OPTIONS", exact...), "pass"},
		{"exact but not allowed", false, preflight("OPTIONS", exact...), none},
		{"with cookies", true, preflight("OPTIONS", append(exact, "Cookie", "a=b")...), "pass"},
		{"without Origin", true, preflight("OPTIONS", exact[2:]...), none},
		{"empty Origin", true, preflight("OPTIONS", append(exact[2:], "Origin", "")...), none},
		{"without Access-Control-Request-Method", true, preflight("OPTIONS", exact[:2]...), none},
		{"only Access-Control-Request-Headers", true, preflight("OPTIONS", append(exact[:2:2], "Access-Control-Request-Headers", "authorization")...), none},
		{"plain OPTIONS", true, preflight("OPTIONS"), none},
		{"GET", true, preflight("GET", exact...), none},
		{"HEAD", true, preflight("HEAD", exact...), none},
		{"lower-case method", true, preflight("options", exact...), none},
		{"method override", true, preflight("GET", append(exact, "X-Http-Method-Override", "OPTIONS")...), none},
		{"bad credentials", true, preflight("OPTIONS", append(exact, "Authorization", "Bearer")...), malformed},
		{"other credentials", true, preflight("OPTIONS", append(exact, "Authorization", "Basic dTpw")...), notOurs},
		{"empty credentials", true, preflight("OPTIONS", append(exact, "Authorization", "")...), notOurs},
		{"token", true, preflight("OPTIONS", append(exact, "Authorization", "Bearer abc")...), "401 bad_signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := fail(middleware.Reject(middleware.ReasonBadSignature, nil))
			guard := newGuard(t, bad, middleware.Config{AllowPreflight: tt.allow})
			if got := authorize(t, guard, tt.r, middleware.Policy{Scopes: []string{"orders:read"}}); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
