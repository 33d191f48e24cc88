package migrating_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/internal/bench/migrating"
)

var (
	issuer   = &url.URL{Scheme: "https", Host: "login.example.com", Path: "/"}
	audience = "https://orders.example.com"
	secret   = []byte("a secret of the tests, 32 bytes long")
)

// TestWithoutCredentials has each of them answer a request without a token, for the table of the guide: "401 or 400, often
// without a challenge".
func TestWithoutCredentials(t *testing.T) {
	tests := []struct {
		name      string
		make      func() (http.Handler, error)
		status    int
		challenge string
	}{
		{"auth0 v2", auth0v2, 400, ""},
		{"auth0 v3", auth0v3, 401, `Bearer realm="api"`},
		{"echo", echoJWT, 401, ""},
		{"gin", ginJWT, 401, `Bearer realm="orders"`},
		{"chi", chiJWT, 401, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			handler, err := tt.make()
			if err != nil {
				t.Fatal(err)
			}
			got := httptest.NewRecorder()
			handler.ServeHTTP(got, httptest.NewRequest(http.MethodGet, "/orders", nil))
			if challenge := got.Header().Get("WWW-Authenticate"); got.Code != tt.status || challenge != tt.challenge {
				t.Errorf("status %d, challenge %q; want %d, %q", got.Code, challenge, tt.status, tt.challenge)
			}
		})
	}
}

// go-oidc does not start while the authorization server is down.
func TestOIDC(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := migrating.OIDC(ctx, nil); err == nil {
		t.Error("started without metadata")
	}
}

func auth0v2() (http.Handler, error) {
	mux := http.NewServeMux()
	return mux, migrating.Auth0V2(mux, issuer, audience, http.NotFoundHandler())
}

func auth0v3() (http.Handler, error) {
	mux := http.NewServeMux()
	return mux, migrating.Auth0V3(mux, issuer, audience, http.NotFoundHandler())
}

func echoJWT() (http.Handler, error) {
	keys, err := keyfunc.NewJWKSetJSON([]byte(`{"keys":[]}`))
	if err != nil {
		return nil, err
	}
	e := echo.New()
	migrating.Echo(e, keys)
	return e, nil
}

func ginJWT() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	login := func(*gin.Context) (any, error) { return nil, nil }
	return r, migrating.Gin(r, secret, login, func(*gin.Context, any) bool { return true })
}

func chiJWT() (http.Handler, error) {
	r := chi.NewRouter()
	migrating.Chi(r, secret)
	return r, nil
}
