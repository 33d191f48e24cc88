package adaptertest

import (
	"maps"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

func TestParseChallenge(t *testing.T) {
	for _, tt := range []struct {
		line string
		want map[string]string // nil if the line is refused
	}{
		{`Bearer realm="api"`, map[string]string{"realm": "api"}},
		{`Bearer REALM="a, b", scope="x y"`, map[string]string{"realm": "a, b", "scope": "x y"}},
		{`Bearer realm="\"a\" \\"`, map[string]string{"realm": `"a" \`}},
		{`Bearer realm="" ,` + "\t" + `error="e"`, map[string]string{"realm": "", "error": "e"}},
		{``, nil},
		{`Bearer`, nil},
		{`Bearer `, nil},
		{`Bearer realm`, nil},
		{`Bearer  realm="api"`, nil},
		{`Bearer realm=api`, nil},
		{`Bearer realm="api`, nil},
		{`Bearer realm="api\`, nil},
		{`Bearer realm="api"x`, nil},
		{`Bearer realm="api",`, nil},
		{`Bearer realm="api", , error="e"`, nil},
		{`Bearer realm="a", Realm="b"`, nil},
		{`Bearer realm="a", DPoP algs="ES256"`, nil},
		{`Bearer error="\"e\""`, nil},
		{`Bearer error="a\\b"`, nil},
		{"Bearer realm=\"a\r\nb\"", nil},
		{"Bearer realm=\"\u00fc\"", nil},
		{"Bearer realm=\"a\\\x00\"", nil},
	} {
		got, err := parseChallenge(tt.line)
		switch {
		case tt.want == nil && err == nil:
			t.Errorf("%q is read as %v", tt.line, got)
		case tt.want != nil && (err != nil || got.scheme != "Bearer" || !maps.Equal(got.params, tt.want)):
			t.Errorf("%q is read as %v, %v", tt.line, got, err)
		}
	}
}

func TestMatchChallenges(t *testing.T) {
	const bearer, dpop = `Bearer realm="api", error="e", scope="a b"`, `DPoP algs="ES256"`
	for _, tt := range []struct {
		notation string
		lines    []string
		want     bool
	}{
		{`-`, nil, true},
		{`-`, []string{bearer}, false},
		{`Bearer`, []string{bearer}, true},
		{`Bearer`, nil, false},
		{`Bearer`, []string{dpop}, false},
		{`Bearer`, []string{bearer, dpop}, false},
		{`Bearer`, []string{"Bearer"}, false},
		{`Bearer error="e" scope="a b"`, []string{bearer}, true},
		{`Bearer scope="a"`, []string{bearer}, false},
		{`Bearer max_age=""`, []string{bearer}, false},
		{`Bearer realm=* !max_age`, []string{bearer}, true},
		{`Bearer max_age=*`, []string{bearer}, false},
		{`Bearer !error`, []string{bearer}, false},
		{`Bearer error="e" ; DPoP algs=* !error`, []string{dpop, bearer}, true},
		{`Bearer ; DPoP error=*`, []string{bearer, dpop}, false},
	} {
		if err := matchChallenges(tt.notation, tt.lines); (err == nil) != tt.want {
			t.Errorf("%q with %q: %v", tt.notation, tt.lines, err)
		}
	}
}

func TestParseNotation(t *testing.T) {
	rows, err := conformance.Behaviour()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if _, err := parseNotation(row.ExpectChallenge); err != nil {
			t.Errorf("row %s: %v", row.ID, err)
		}
	}
	for _, notation := range []string{
		``, ` Bearer`, `Bearer `, `Bearer  a=*`, `Bearer a`, `Bearer a=b`, `Bearer a="b`, `Bearer !`, `Bearer !a=*`,
		`Bearer ;`, `Bearer ; `, `Bearer;DPoP`, `Bearer "a"`,
	} {
		if got, err := parseNotation(notation); err == nil {
			t.Errorf("%q is read as %v", notation, got)
		}
	}
}
