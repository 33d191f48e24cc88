package adaptertest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
)

// proofVector is a case of dpop-rfc9449.json.
type proofVector struct {
	ID      string `json:"id"`
	Proof   string `json:"proof"`
	Context struct {
		Method      string   `json:"method"`
		URI         string   `json:"uri"`
		AccessToken string   `json:"access_token"`
		Thumbprint  string   `json:"jkt"`
		Now         int64    `json:"now"`
		MaxAge      int      `json:"max_age"`
		Skew        int      `json:"skew"`
		Nonces      []string `json:"nonce"`
		Algorithms  []string `json:"algs"`
	} `json:"context"`
	Expect struct {
		Accept bool   `json:"accept"`
		Status int    `json:"status"`
		Error  string `json:"error"`
	} `json:"expect"`
}

// proofVectors returns the scenarios of RFC 9449. What a method in lower case does is left to package dpop: the routers of
// some frameworks know no such method.
func proofVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Cases []proofVector `json:"cases"`
	}
	load(t, "dpop-rfc9449.json", &file)
	var scenarios []scenario
	for _, v := range file.Cases {
		if v.Context.Method == strings.ToUpper(v.Context.Method) {
			scenarios = append(scenarios, scenario{"RFC 9449: " + v.ID, v.want(), v.play})
		}
	}
	return scenarios
}

func (v proofVector) want() want {
	if v.Expect.Accept {
		return ok
	}
	return want{v.Expect.Status, `DPoP error="` + v.Expect.Error + `" algs=*`}
}

// play has the authorization server say of every token that it is bound to the key of the vector. The last segment of the
// path is that of a route here; what comes before it is the rest of the URL.
func (v proofVector) play(s *scene) {
	c := v.Context
	s.clock.set(time.Unix(c.Now, 0))
	sent, err := url.Parse(c.URI)
	if err != nil {
		s.Fatal(err)
	}
	above, segment, _ := cutLast(sent.EscapedPath(), "/")
	base := sent.Scheme + "://" + sent.Host + above
	s.beside = map[string]middleware.Policy{"/" + segment: {}}
	s.introspect(introspection.Config{})
	s.fail(answerWith(http.StatusOK, "application/json", string(s.json(map[string]any{
		"active": true,
		"iss":    s.issuer.Issuer(),
		"aud":    audience,
		"exp":    s.in(time.Minute),
		"cnf":    map[string]any{"jkt": c.Thumbprint},
	}))))
	config := dpop.Config{
		URL:        func(r *http.Request) (string, error) { return base + r.URL.EscapedPath(), nil },
		MaxAge:     time.Duration(c.MaxAge) * time.Second,
		Skew:       time.Duration(c.Skew) * time.Second,
		Algorithms: c.Algorithms,
	}
	// The nonces of the vectors are not ours to make, so where one of them is good, none is asked for.
	if len(c.Nonces) > 0 && !v.Expect.Accept {
		config.RequireNonce, config.Nonces = true, s.nonces(1)
	}
	s.requireProofs(config)
	r := authorized("DPoP "+c.AccessToken).as(c.Method).to("/"+segment).asking(sent.RawQuery).with("Dpop", v.Proof)
	s.expect(r)
	if v.Expect.Accept {
		s.also("again", badProof, r)
	}
}
