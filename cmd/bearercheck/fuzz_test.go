package main

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// FuzzView reads whatever may be piped in, and writes nothing that a terminal would obey.
func FuzzView(f *testing.F) {
	as := oauthtest.NewServer(f, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
	f.Add(as.Mint(oauthtest.Token{Claims: object{"cnf": object{"jkt": "x"}, "realm_access": object{"roles": []string{"a"}}}}))
	f.Add(encode(`{"alg":"none"}`) + "." + encode(`{"iss":"\u001b[31m","aud":[],"exp":1e400}`) + ".")
	f.Add(encode(`{"alg":"dir"}`) + "....")
	f.Add("eyJ..")
	f.Add("opaque")
	f.Fuzz(func(t *testing.T, token string) {
		v := view(token)
		c := &check{token: token, view: v, now: noon, issuer: &issuerView{}}
		lines := append(v.lines(), c.hereForm(), c.hereMalformed(), c.timeDetail(situation{}), c.whyNoAccessToken(), c.elsewhere([]string{"a"}))
		c.likelyProfiles()
		wantPlain(t, strings.Join(lines, "\n"))
	})
}

func FuzzParseChallenges(f *testing.F) {
	f.Add(`Bearer realm="a\"b", error=invalid_token, DPoP algs="ES256"`)
	f.Add(`Negotiate YWJj==, Basic`)
	f.Add("Bearer realm=\"\x1b[31m")
	f.Add(`=,"`)
	f.Fuzz(func(t *testing.T, field string) {
		for _, c := range parseChallenges([]string{field}) {
			wantPlain(t, c.String())
		}
	})
}

func wantPlain(t *testing.T, text string) {
	t.Helper()
	for _, c := range text {
		if c < ' ' && c != '\n' || c > '~' {
			t.Fatalf("%q holds %U", text, c)
		}
	}
}
