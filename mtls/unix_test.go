package mtls_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/mtls"
)

// A peer on a Unix domain socket chooses the path that is its address, and that may look like a proxy's. Not parallel:
// the path is relative.
func TestUnixSockets(t *testing.T) {
	t.Chdir(t.TempDir())
	alice := anyClient(t)
	both := behindProxy
	both.AllowUnixSocketProxies = true
	for _, tt := range []struct {
		name string
		cfg  mtls.Config
		want string
	}{
		{"trusted", mtls.Config{AllowUnixSocketProxies: true}, "200"},
		{"trusted beside an address", both, "200"},
		{"not trusted", behindProxy, invalidToken},
		{"no field counts", mtls.Config{}, invalidToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			guard := newGuard(t, honour, newVerifier(t, tt.cfg))
			handler := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", "server")
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Peer", r.RemoteAddr)
				handler.ServeHTTP(w, r)
			}))
			_ = server.Listener.Close()
			server.Listener = listener
			server.Start()
			defer server.Close()
			for _, own := range []string{"", proxyAddr} {
				answer, peer := getOverUnix(t, own, alice)
				if answer != tt.want {
					t.Errorf("peer %q: %s, want %s", peer, answer, tt.want)
				}
				if own != "" && peer != own {
					t.Errorf("the server saw %q, want %q", peer, own)
				}
			}
		})
	}
	tcp := newVerifier(t, mtls.Config{AllowUnixSocketProxies: true})
	for _, peer := range []string{"", "@", "@proxy", "/run/proxy", internetAddr} {
		wantOutcome(t, tcp, from(peer, "Client-Cert", item(alice.leaf.Raw)), alice.thumbprint(), "untrusted_proxy")
	}
}

// getOverUnix requests from the socket "server", with a path of the client's own unless own is empty.
func getOverUnix(t testing.TB, own string, c *client) (answer, peer string) {
	t.Helper()
	dialer := net.Dialer{}
	if own != "" {
		defer func() { _ = os.Remove(own) }()
		dialer.LocalAddr = &net.UnixAddr{Name: own, Net: "unix"}
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", "server")
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dial}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Client-Cert", item(c.leaf.Raw))
	response, err := (&http.Client{Transport: transport}).Do(bearer(r, c.thumbprint()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer = strings.TrimSpace(response.Status[:3] + " " + response.Header.Get("WWW-Authenticate"))
	return answer, response.Header.Get("Peer")
}
