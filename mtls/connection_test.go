package mtls_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
)

// connectionField is the field of the response in which the handler says what it saw of the connection.
const connectionField = "Connection-Seen"

// newServer serves behind guard over TLS and asks for client certificates.
func newServer(t testing.TB, guard *middleware.Guard, base *tls.Config) *httptest.Server {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := fmt.Sprintf("%s %s resumed=%t", r.Proto, tls.VersionName(r.TLS.Version), r.TLS.DidResume)
		w.Header().Set(connectionField, seen)
	})
	server := httptest.NewUnstartedServer(oauthhttp.Require(guard)(handler))
	server.EnableHTTP2 = true
	server.TLS = mtls.TLSConfig(base)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// httpClient returns an HTTP client of c, who may be nil, with connections of its own.
func httpClient(t testing.TB, server *httptest.Server, c *client, change func(*http.Transport)) *http.Client {
	t.Helper()
	transport := server.Client().Transport.(*http.Transport).Clone()
	if c != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{c.certificate()}
	}
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get returns the status and the challenge of an answer, and what the handler saw.
func get(t testing.TB, c *http.Client, url, accessToken string) (answer, connection string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(bearer(r, accessToken))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer = strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", response.Header.Get("WWW-Authenticate")))
	return answer, response.Header.Get(connectionField)
}

// Two clients and one without a certificate, on every kind of connection.
func TestM8705_1(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), nil)
	for _, tt := range []struct {
		name      string
		configure func(*http.Transport)
		want      string
	}{
		{"HTTP/1.1, TLS 1.2", func(tr *http.Transport) {
			tr.TLSClientConfig.MaxVersion, tr.TLSClientConfig.NextProtos, tr.ForceAttemptHTTP2 = tls.VersionTLS12, nil, false
		}, "HTTP/1.1 TLS 1.2 resumed=false"},
		{"HTTP/1.1, TLS 1.3", func(tr *http.Transport) {
			tr.TLSClientConfig.NextProtos, tr.ForceAttemptHTTP2 = nil, false
		}, "HTTP/1.1 TLS 1.3 resumed=false"},
		{"HTTP/2, TLS 1.2", func(tr *http.Transport) {
			tr.TLSClientConfig.MaxVersion = tls.VersionTLS12
		}, "HTTP/2.0 TLS 1.2 resumed=false"},
		{"HTTP/2, TLS 1.3", nil, "HTTP/2.0 TLS 1.3 resumed=false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				name   string
				client *client
				token  string
				want   string
			}{
				{"right certificate", alice, alice.thumbprint(), "200"},
				{"other certificate", mallory, alice.thumbprint(), invalidToken},
				{"no certificate", nil, alice.thumbprint(), invalidToken},
				{"certificate, but the token is bound to none", mallory, "unbound", "200"},
			} {
				answer, connection := get(t, httpClient(t, server, c.client, tt.configure), server.URL, c.token)
				if answer != c.want {
					t.Errorf("%s: %s, want %s", c.name, answer, c.want)
				}
				if answer == "200" && connection != tt.want {
					t.Errorf("%s: the test went over %s, want %s", c.name, connection, tt.want)
				}
			}
		})
	}
}

// One connection may carry tokens of any kind: each is held against the certificate of the handshake.
func TestManyRequestsOnOneConnection(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), nil)
	c := httpClient(t, server, alice, nil)
	for range 2 {
		for token, want := range map[string]string{alice.thumbprint(): "200", mallory.thumbprint(): invalidToken} {
			if answer, _ := get(t, c, server.URL, token); answer != want {
				t.Errorf("%s, want %s", answer, want)
			}
		}
	}
}

// Only the leaf counts, not what else a client presents.
func TestOnlyTheLeafCounts(t *testing.T) {
	t.Parallel()
	alice, mallory := anyClient(t), anyClient(t)
	server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), nil)
	c := httpClient(t, server, mallory, func(tr *http.Transport) {
		tr.TLSClientConfig.Certificates[0].Certificate = [][]byte{mallory.leaf.Raw, alice.leaf.Raw}
	})
	for token, want := range map[string]string{alice.thumbprint(): invalidToken, mallory.thumbprint(): "200"} {
		if answer, _ := get(t, c, server.URL, token); answer != want {
			t.Errorf("%s, want %s", answer, want)
		}
	}
}

// A resumed session has the certificate of its first handshake.
func TestResumption(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			alice, mallory := anyClient(t), anyClient(t)
			server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), nil)
			c := httpClient(t, server, alice, func(tr *http.Transport) {
				tr.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				tr.TLSClientConfig.MinVersion, tr.TLSClientConfig.MaxVersion = version, version
				tr.DisableKeepAlives = true
				tr.TLSClientConfig.NextProtos, tr.ForceAttemptHTTP2 = nil, false
			})
			for _, want := range []string{"resumed=false", "resumed=true", "resumed=true"} {
				answer, connection := get(t, c, server.URL, alice.thumbprint())
				if answer != "200" || !strings.HasSuffix(connection, want) {
					t.Errorf("%s over %s, want 200 and %s", answer, connection, want)
				}
			}
			if answer, _ := get(t, c, server.URL, mallory.thumbprint()); answer != invalidToken {
				t.Errorf("another token on a resumed session: %s", answer)
			}
		})
	}
}

// The session of a certificate that has expired since is not resumed: the client has to prove its key again.
func TestResumptionEndsWithTheCertificate(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	var ahead atomic.Int64
	serverTime := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), &tls.Config{Time: serverTime})
	c := httpClient(t, server, alice, func(tr *http.Transport) {
		tr.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		tr.DisableKeepAlives = true
		tr.TLSClientConfig.NextProtos, tr.ForceAttemptHTTP2 = nil, false
	})
	for _, want := range []string{"resumed=false", "resumed=true"} {
		if _, connection := get(t, c, server.URL, alice.thumbprint()); !strings.HasSuffix(connection, want) {
			t.Fatalf("over %s, want %s", connection, want)
		}
	}
	ahead.Store(int64(time.Until(alice.leaf.NotAfter) + time.Second))
	answer, connection := get(t, c, server.URL, alice.thumbprint())
	if answer != "200" || !strings.HasSuffix(connection, "resumed=false") {
		t.Errorf("%s over %s", answer, connection)
	}
}

// The chain need not be valid, and the certificate need not be either: self-signed, expired, of an unknown authority.
func TestM8705_5(t *testing.T) {
	t.Parallel()
	selfSigned := anyClient(t)
	authorities := x509.NewCertPool()
	authorities.AddCert(anyClient(t).leaf)
	for _, tt := range []struct {
		name   string
		client *client
		base   *tls.Config
	}{
		{"self-signed", selfSigned, nil},
		{"expired", newClient(t, nil, time.Now().Add(-time.Hour)), nil},
		{"any certificate required", selfSigned, &tls.Config{ClientAuth: tls.RequireAnyClientCert}},
	} {
		server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), tt.base)
		if answer, _ := get(t, httpClient(t, server, tt.client, nil), server.URL, tt.client.thumbprint()); answer != "200" {
			t.Errorf("%s: %s", tt.name, answer)
		}
	}
	server := newServer(t, newGuard(t, honour, newVerifier(t, mtls.Config{})), &tls.Config{ClientCAs: authorities})
	whoever := httpClient(t, server, nil, func(tr *http.Transport) {
		tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			certificate := selfSigned.certificate()
			return &certificate, nil
		}
	})
	if answer, _ := get(t, whoever, server.URL, selfSigned.thumbprint()); answer != "200" {
		t.Errorf("unknown authority: %s", answer)
	}
}

func TestTLSConfig(t *testing.T) {
	t.Parallel()
	if got := mtls.TLSConfig(nil); got.ClientAuth != tls.RequestClientCert {
		t.Errorf("nil: %v", got.ClientAuth)
	}
	for base, want := range map[tls.ClientAuthType]tls.ClientAuthType{
		tls.NoClientCert:               tls.RequestClientCert,
		tls.RequestClientCert:          tls.RequestClientCert,
		tls.RequireAnyClientCert:       tls.RequireAnyClientCert,
		tls.VerifyClientCertIfGiven:    tls.VerifyClientCertIfGiven,
		tls.RequireAndVerifyClientCert: tls.RequireAndVerifyClientCert,
	} {
		cfg := &tls.Config{ClientAuth: base, ServerName: "kept"}
		got := mtls.TLSConfig(cfg)
		if got == cfg || cfg.ClientAuth != base || got.ClientAuth != want || got.ServerName != "kept" {
			t.Errorf("%v becomes %v, want %v in a copy", base, got.ClientAuth, want)
		}
	}
}
