package reasons_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

var proofScenarios = map[middleware.Reason]func(*world) error{
	dpop.ReasonNoProof:        sending(),
	dpop.ReasonMultipleProofs: sending("a.b.c", "a.b.c"),
	dpop.ReasonProofTooLarge:  sending(strings.Repeat("a", 17<<10)),
	dpop.ReasonMalformedProof: sending("no proof"),

	dpop.ReasonWrongType:           with(object{"typ": "JWT"}, nil),
	dpop.ReasonAlgorithmNotAllowed: with(object{"alg": "none"}, nil),
	dpop.ReasonUnusableKey:         with(object{"jwk": object{"kty": "oct", "k": "AA"}}, nil),

	dpop.ReasonMalformedClaim: with(nil, object{"jti": ""}),
	dpop.ReasonWrongMethod:    with(nil, object{"htm": http.MethodPost}),
	dpop.ReasonWrongURL:       with(nil, object{"htu": "https://api.example.com/others"}),
	dpop.ReasonExpired:        with(nil, object{"iat": now().Add(-time.Hour).Unix()}),
	dpop.ReasonNotYetValid:    with(nil, object{"iat": now().Add(time.Hour).Unix()}),
	dpop.ReasonWrongToken:     with(nil, object{"ath": "of another"}),

	dpop.ReasonBadSignature: func(w *world) error {
		token := w.as.Mint(oauthtest.Token{Claims: w.bound()})
		return w.proven(dpop.Config{}, token, w.proof(w.signer(jose.ES256, ""), token, nil, nil))
	},
	dpop.ReasonWrongKey: func(w *world) error {
		other := w.signer(jose.ES256, "")
		token := w.as.Mint(oauthtest.Token{Claims: object{"cnf": object{"jkt": other.Key().Thumbprint()}}})
		return w.proven(dpop.Config{}, token, w.proof(w.holder, token, nil, nil))
	},
	dpop.ReasonReplayed: func(w *world) error {
		replays, err := dpop.NewReplays(dpop.MemoryConfig{})
		if err != nil {
			w.Fatal(err)
		}
		token := w.as.Mint(oauthtest.Token{Claims: w.bound()})
		proof := w.proof(w.holder, token, nil, nil)
		if err := w.proven(dpop.Config{Replays: replays}, token, proof); err != nil {
			w.Fatal(err)
		}
		return w.proven(dpop.Config{Replays: replays}, token, proof)
	},
	dpop.ReasonReplaysUnavailable: func(w *world) error {
		return w.proving(dpop.Config{Replays: broken{}}, nil, nil)
	},
	dpop.ReasonURLUnavailable: func(w *world) error {
		unknown := func(*http.Request) (string, error) { return "", errors.New("no such proxy") }
		return w.proving(dpop.Config{URL: unknown}, nil, nil)
	},
}

// with sends a proof that differs from a good one.
func with(header, claims object) func(*world) error {
	return func(w *world) error { return w.proving(dpop.Config{}, header, claims) }
}

// sending sends proofs as they are.
func sending(proofs ...string) func(*world) error {
	return func(w *world) error {
		return w.proven(dpop.Config{}, w.as.Mint(oauthtest.Token{Claims: w.bound()}), proofs...)
	}
}

// broken is a store that is down.
type broken struct{}

func (broken) Add(context.Context, [32]byte, time.Duration) (bool, error) {
	return false, errors.New("no connection")
}

var certificateScenarios = map[middleware.Reason]func(*world) error{
	mtls.ReasonNoCertificate: func(w *world) error { return w.presenting(mtls.Config{}, "") },
	mtls.ReasonWrongCertificate: func(w *world) error {
		return w.presenting(mtls.Config{TrustedProxies: here}, ":"+base64.StdEncoding.EncodeToString(w.certificate())+":")
	},
	mtls.ReasonMalformedCertificate: func(w *world) error {
		return w.presenting(mtls.Config{TrustedProxies: here}, "PEM")
	},
	mtls.ReasonUntrustedProxy: func(w *world) error {
		elsewhere := []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}
		return w.presenting(mtls.Config{TrustedProxies: elsewhere}, ":AA==:")
	},
}

// here is where the requests of net/http/httptest come from.
var here = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}

// presenting returns what becomes of a token that is bound to some certificate, with a Client-Cert field.
func (w *world) presenting(cfg mtls.Config, field string) error {
	w.Helper()
	verifier, err := mtls.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	thumbprint := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	r := bearer(w.as.Mint(oauthtest.Token{Claims: object{"cnf": object{"x5t#S256": thumbprint}}}))
	if field != "" {
		r.Header.Set("Client-Cert", field)
	}
	return w.meet(w.keys(), middleware.Config{Bindings: []middleware.Binding{verifier}}, middleware.Policy{}, r)
}

// certificate returns a new self-signed certificate.
func (w *world) certificate() []byte {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		w.Fatal(err)
	}
	return der
}

const listURI = "https://as.example.com/statuslists/1"

var statusListScenarios = map[middleware.Reason]func(*world) error{
	statuslist.ReasonUntrustedList: func(w *world) error { return w.listed("https://as.example.com/others") },
	statuslist.ReasonBadList:       func(w *world) error { return w.listed("https://as.example.com/statuslists") },
}

// listed returns what becomes of a token that names a list below a prefix, where there is none.
func (w *world) listed(prefix string) error {
	w.Helper()
	keys := w.keys()
	verifier, err := keys.Verifier(jwks.VerifierConfig{Type: "statuslist+jwt", AnyAudience: true})
	if err != nil {
		w.Fatal(err)
	}
	checker, err := statuslist.New(statuslist.Config{
		Validator: keys, Verify: verifier.Verify, Prefixes: []string{prefix}, HTTPClient: &http.Client{Transport: page("no list")},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = checker.Close() })
	token := w.as.Mint(oauthtest.Token{Claims: object{"status": object{"status_list": object{"idx": 0, "uri": listURI}}}})
	return w.meet(checker, middleware.Config{}, middleware.Policy{}, bearer(token))
}

// page answers everything with itself.
type page string

func (p page) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/statuslist+jwt"}},
		Body:       io.NopCloser(strings.NewReader(string(p))),
		Request:    r,
	}, nil
}

func payloadOf(w *world, token string) []byte {
	w.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		w.Fatal(err)
	}
	return payload
}
