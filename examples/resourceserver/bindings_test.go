package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/oauthtest"
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// holder is a client with a key of its own.
type holder struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	jwk map[string]any
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes() // 4, then both coordinates
	if err != nil {
		t.Fatal(err)
	}
	return &holder{t, key, map[string]any{"crv": "P-256", "kty": "EC", "x": encode(public[1:33]), "y": encode(public[33:])}}
}

// mint returns a token that is bound to the key.
func (h *holder) mint(as *oauthtest.Server) string {
	text, err := json.Marshal(h.jwk) // the members in the order of RFC 7638
	if err != nil {
		h.t.Fatal(err)
	}
	thumbprint := sha256.Sum256(text)
	return as.Mint(oauthtest.Token{Claims: map[string]any{"cnf": map[string]any{"jkt": encode(thumbprint[:])}}})
}

// prove returns a proof for GET url.
func (h *holder) prove(url, token, nonce string) string {
	hash := sha256.Sum256([]byte(token))
	claims := map[string]any{"jti": rand.Text(), "htm": "GET", "htu": url, "iat": time.Now().Unix(), "ath": encode(hash[:])}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	var parts []string
	for _, part := range []any{map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": h.jwk}, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			h.t.Fatal(err)
		}
		parts = append(parts, encode(text))
	}
	digest := sha256.Sum256([]byte(strings.Join(parts, ".")))
	r, s, err := ecdsa.Sign(rand.Reader, h.key, digest[:])
	if err != nil {
		h.t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return strings.Join(append(parts, encode(signature)), ".")
}

// getProving requests /me with a token and, unless it is empty, a proof.
func (s *server) getProving(scheme, token, proof string) answer {
	s.t.Helper()
	r := s.request(http.MethodGet, "/me", "")
	r.Header.Set("Authorization", scheme+" "+token)
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	return s.send(r)
}

const proven = audience + "/me"

func TestDPoP(t *testing.T) {
	as, client := newIssuer(t, oauthtest.Config{}), newHolder(t)
	bound := client.mint(as)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter, "-dpop", "allowed", "-resource", audience)
		proof := client.prove(proven, bound, "")
		wantStatus(t, s.getProving("DPoP", bound, proof), 200)
		wantStatus(t, s.getProving("DPoP", bound, proof), 401)
		wantStatus(t, s.getProving("DPoP", bound, client.prove(audience+"/orders", bound, "")), 401)
		wantStatus(t, s.getProving("Bearer", bound, ""), 401)
		s.wantStatus(as.Mint(oauthtest.Token{}), 200)
	})
}

// With nonces the first answer says which, and the nonces of one replica are good at another with the same key.
func TestDPoPNonce(t *testing.T) {
	as, client := newIssuer(t, oauthtest.Config{}), newHolder(t)
	bound := client.mint(as)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(rand.Text()+rand.Text()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-dpop", "required", "-resource", audience, "-dpop-nonce"}
	shared := append(flags, "-dpop-nonce-key-file", key)
	one, two, stranger := trusting(t, as, shared...), trusting(t, as, shared...), trusting(t, as, flags...)
	asked := one.getProving("DPoP", bound, client.prove(proven, bound, ""))
	wantStatus(t, asked, 401)
	nonce := asked.header.Get("DPoP-Nonce")
	if !strings.Contains(asked.challenge, "use_dpop_nonce") || nonce == "" {
		t.Fatalf("challenge %q, nonce %q", asked.challenge, nonce)
	}
	wantStatus(t, two.getProving("DPoP", bound, client.prove(proven, bound, nonce)), 200)
	wantStatus(t, stranger.getProving("DPoP", bound, client.prove(proven, bound, nonce)), 401)
	if refused := one.getProving("Bearer", as.Mint(oauthtest.Token{}), ""); refused.status != 401 || strings.Contains(refused.challenge, "Bearer") {
		t.Errorf("a bearer token: %d %s", refused.status, refused.challenge)
	}
}

// certificate returns a new self-signed certificate, and the files it and its key are in.
func certificate(t *testing.T) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if pair.Leaf, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pair.Certificate, pair.PrivateKey = [][]byte{der}, key
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pair, certFile, keyFile
}

func mintFor(as *oauthtest.Server, pair tls.Certificate) string {
	cnf := map[string]any{"x5t#S256": mtls.Thumbprint(pair.Leaf)}
	return as.Mint(oauthtest.Token{Claims: map[string]any{"cnf": cnf}})
}

func TestCertificateBoundTokens(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	own, certFile, keyFile := certificate(t)
	mine, _, _ := certificate(t)
	others, _, _ := certificate(t)
	bound := mintFor(as, mine)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter, "-tls-cert", certFile, "-tls-key", keyFile)
		roots := x509.NewCertPool()
		roots.AddCert(own.Leaf)
		for _, tt := range []struct {
			name    string
			present []tls.Certificate
			token   string
			want    int
		}{
			{"its certificate", []tls.Certificate{mine}, bound, 200},
			{"another certificate", []tls.Certificate{others}, bound, 401},
			{"no certificate", nil, bound, 401},
			{"bound to nothing", nil, as.Mint(oauthtest.Token{}), 200},
		} {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: tt.present}}
			r := s.request(http.MethodGet, "/me", tt.token)
			r.URL.Scheme = "https"
			resp, err := (&http.Client{Transport: transport}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			transport.CloseIdleConnections()
			if resp.StatusCode != tt.want {
				t.Errorf("%s: %d, want %d", tt.name, resp.StatusCode, tt.want)
			}
		}
	})
}

// What a header field says of a certificate counts only if it comes from the proxy.
func TestTrustedProxy(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	mine, _, _ := certificate(t)
	for network, want := range map[string]int{"127.0.0.1/32": 200, "192.0.2.0/24": 401} {
		s := trusting(t, as, "-trusted-proxy", network)
		r := s.request(http.MethodGet, "/me", mintFor(as, mine))
		r.Header.Set("Client-Cert", fmt.Sprintf(":%s:", base64.StdEncoding.EncodeToString(mine.Certificate[0])))
		wantStatus(t, s.send(r), want)
	}
}
