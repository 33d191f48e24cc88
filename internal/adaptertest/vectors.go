package adaptertest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// vector is an answer of an introspection endpoint, and what it means.
type vector struct {
	id     string
	answer oauthtest.Fault
	expect verdict
}

// verdict is how the vectors say what an answer means.
type verdict struct {
	Outcome string  `json:"outcome"`
	Status  int     `json:"status"`
	Error   *string `json:"error"`
}

// want returns the answer to the client; no answer matches that of a verdict which makes no sense.
func (v verdict) want() want {
	switch {
	case v.Outcome == "active":
		return ok
	case v.Outcome == "inactive" && v.Error != nil:
		return want{v.Status, `Bearer error="` + *v.Error + `"`}
	case v.Outcome == "unavailable" && v.Error == nil:
		return want{v.Status, noChallenge}
	}
	return want{}
}

// play asks twice: a verdict is kept, everything else is not, and neither is that a token is not valid yet.
func (v vector) play(s *scene) {
	s.fail(v.answer)
	token := bearer(rand.Text())
	s.expect(token, token)
	questions := 1
	if s.want == unavailable || v.id == "nbf-future" {
		questions = 2
	}
	s.wantQuestions(0, questions)
	if sent := int(s.outbound.Load()); sent != questions {
		s.Errorf("%d requests in all, want %d", sent, questions)
	}
}

// scenario plays the vector at a time and with a Validator of that configuration.
func (v vector) scenario(kind string, now int64, config introspection.Config) scenario {
	expected := v.expect.want()
	if v.id == "token-type-dpop-bearer-scheme" {
		expected = invalidToken // the answer is fine, but nothing here verifies the binding
	}
	return scenario{kind + ": " + v.id, expected, func(s *scene) {
		s.clock.set(time.Unix(now, 0))
		s.introspect(config)
		v.play(s)
	}}
}

// answerWith returns the answer of an endpoint that sends exactly that.
func answerWith(status int, contentType, body string) oauthtest.Fault {
	header := http.Header{"Content-Type": nil}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	if status/100 == 3 {
		header.Set("Location", "https://attacker.example/")
	}
	return oauthtest.Fault{Status: status, Header: header, Body: body}
}

// vectors returns the scenarios of RFC 7662.
func vectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Settings struct {
			Now      int64  `json:"now"`
			Issuer   string `json:"issuer"`
			Audience string `json:"audience"`
		} `json:"settings"`
		Cases []struct {
			ID       string `json:"id"`
			Response struct {
				Status      int     `json:"status"`
				ContentType string  `json:"content_type"`
				Body        *string `json:"body"`
			} `json:"response"`
			Expect verdict `json:"expect"`
		} `json:"cases"`
	}
	load(t, "introspection-rfc7662.json", &file)
	config := introspection.Config{Issuer: file.Settings.Issuer, Audience: file.Settings.Audience}
	scenarios := make([]scenario, len(file.Cases))
	for i, c := range file.Cases {
		body := `{"active":true,"x":"` + strings.Repeat("A", 10_000_000) + `"}` // too long for the file
		if c.Response.Body != nil {
			body = *c.Response.Body
		}
		answer := answerWith(c.Response.Status, c.Response.ContentType, body)
		scenarios[i] = vector{c.ID, answer, c.Expect}.scenario("RFC 7662", file.Settings.Now, config)
	}
	return scenarios
}

// signedVectors returns the scenarios of RFC 9701.
func signedVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Settings struct {
			Now        int64           `json:"now"`
			Issuer     string          `json:"issuer"`
			Identifier string          `json:"rs_identifier"`
			JWKS       json.RawMessage `json:"jwks"`
		} `json:"settings"`
		Cases []struct {
			ID          string  `json:"id"`
			Token       string  `json:"token"`
			ContentType string  `json:"content_type"`
			Expect      verdict `json:"expect"`
		} `json:"cases"`
	}
	load(t, "introspection-rfc9701.json", &file)
	keys, err := jwks.ParseKeys(file.Settings.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := jwks.NewVerifier("token-introspection+jwt", jwks.Config{
		Issuer:   file.Settings.Issuer,
		Audience: file.Settings.Identifier,
		Keys:     keys,
		Now:      func() time.Time { return time.Unix(file.Settings.Now, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	config := introspection.Config{
		Issuer:         file.Settings.Issuer,
		Audience:       file.Settings.Identifier,
		VerifyResponse: verifier.Verify,
	}
	scenarios := make([]scenario, len(file.Cases))
	for i, c := range file.Cases {
		if c.ID == "rfc9701-5-sample" { // signed by a key that is nowhere published
			c.ContentType, c.Expect = "application/token-introspection+jwt", verdict{"unavailable", 503, nil}
		}
		answer := answerWith(http.StatusOK, c.ContentType, c.Token)
		scenarios[i] = vector{c.ID, answer, c.Expect}.scenario("RFC 9701", file.Settings.Now, config)
	}
	return scenarios
}

// load decodes a file of vectors.
func load(t *testing.T, name string, into any) {
	t.Helper()
	if err := conformance.Vectors(name, into); err != nil {
		t.Fatal(err)
	}
}
