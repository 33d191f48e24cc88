package guides

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/oauthtest"
)

// go-redis writes to the standard error when it cannot connect, which it is not meant to here.
func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// deadRedis is a client of an address where nobody listens any more.
func deadRedis(t *testing.T) redis.UniversalClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	client := newRedis(address)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// A replica that cannot learn what was revoked lives, but is not ready, and answers good tokens with 503, not 401.
func TestReplicaWithoutRedis(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: "https://orders.example.com"})
	r, err := newReplica(deadRedis(t), jwks.Config{
		Issuer: as.Issuer(), Audience: "https://orders.example.com", HTTPClient: as.HTTPClient(),
	}, []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.validator.Close()
	defer r.stream.Close()
	service := r.routes(http.HandlerFunc(listOrders))
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/orders": http.StatusServiceUnavailable,
	} {
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Authorization", "Bearer "+as.Mint(oauthtest.Token{Scope: "orders:read"}))
		w := httptest.NewRecorder()
		service.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestSharedAnswers(t *testing.T) {
	client := deadRedis(t)
	if _, err := sharedAnswers(client, []byte("0123456789abcdef0123456789abcdef"), zitadel("s3cr3t")); err != nil {
		t.Error(err)
	}
	if _, err := sharedAnswers(client, []byte("short"), zitadel("s3cr3t")); err == nil {
		t.Error("a short secret was accepted")
	}
}
