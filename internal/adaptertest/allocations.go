package adaptertest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// RunAllocations holds a request with a token that was verified before to what it may allocate above one to the same handler
// without protection. One object is what it takes to hand on a request with another context.
func RunAllocations(t *testing.T, open http.Handler, protected Require, most alloctest.Cost) {
	t.Helper()
	as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Audience: audience, Algorithms: []string{"ES256"}})
	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: audience, HTTPClient: as.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = validator.Close() })
	guard, err := middleware.New(validator, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	handler := protected(guard, "orders:read")
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+as.Mint(oauthtest.Token{Scope: "openid orders:read"}))
	handler.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		t.Fatalf("refused: %d %s", w.Code, w.Body)
	}
	without := alloctest.Of(func() { open.ServeHTTP(w, r) })
	if more := alloctest.Of(func() { handler.ServeHTTP(w, r) }).Minus(without); more.Exceeds(most) {
		t.Errorf("a request takes %+v more than one without protection, want %+v at most", more, most)
	}
}
