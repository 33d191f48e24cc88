package guides

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/oauthtest"
)

// mux is a router whose middlewares come before its routes, as chi has it.
type mux struct {
	*http.ServeMux
	around []func(http.Handler) http.Handler
}

func (m *mux) Use(middlewares ...func(http.Handler) http.Handler) {
	m.around = append(m.around, middlewares...)
}

func (m *mux) Get(pattern string, handler http.HandlerFunc) {
	var wrapped http.Handler = handler
	for _, middleware := range m.around {
		wrapped = middleware(wrapped)
	}
	m.Handle("GET "+pattern, wrapped)
}

// Whatever a service came from, clients see the same answers afterwards.
func TestAfterMove(t *testing.T) {
	t.Parallel()
	as := oauthtest.NewServer(t, oauthtest.Config{
		InMemory: true, Host: "login.example.com", Audience: "https://orders.example.com",
	})
	guard, err := newGuard(as.HTTPClient())
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e, g, chi := echo.New(), gin.New(), &mux{ServeMux: http.NewServeMux()}
	afterEcho(guard, e)
	afterGin(guard, g)
	afterChi(guard, chi)
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

	const needsScope = `Bearer realm="api", error="insufficient_scope", ` +
		`error_description="The access token does not grant what this request needs", scope="orders:read"`
	const bad = `Bearer realm="api", error="invalid_token", error_description="The access token is not valid here"`
	for name, handler := range map[string]http.Handler{"auth0": afterAuth0(guard, ok), "echo": e, "gin": g, "chi": chi} {
		for _, tt := range []struct {
			token     string
			status    int
			challenge string
		}{
			{"", http.StatusUnauthorized, `Bearer realm="api"`},
			{"rubbish", http.StatusUnauthorized, bad},
			{as.Mint(oauthtest.Token{}), http.StatusForbidden, needsScope},
			{as.Mint(oauthtest.Token{Scope: "orders:read"}), http.StatusOK, ""},
		} {
			w := send(handler, tt.token)
			if challenge := w.Header().Get("WWW-Authenticate"); w.Code != tt.status || challenge != tt.challenge {
				t.Errorf("%s: %d %s, want %d %s", name, w.Code, challenge, tt.status, tt.challenge)
			}
		}
	}
}

func send(handler http.Handler, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestAfterMovePrivateClaims(t *testing.T) {
	t.Parallel()
	as := oauthtest.NewServer(t, oauthtest.Config{
		InMemory: true, Host: "login.example.com", Audience: "https://orders.example.com",
	})
	guard, err := newGuard(as.HTTPClient())
	if err != nil {
		t.Fatal(err)
	}
	var seen order
	handler := afterOIDC(guard, func(_ http.ResponseWriter, o order) { seen = o })
	w := send(handler, as.Mint(oauthtest.Token{Claims: claims{"tenant": "acme"}}))
	if want := (order{"acme", "alice"}); w.Code != http.StatusOK || seen != want {
		t.Errorf("%d %v, want 200 %v", w.Code, seen, want)
	}

	admins := reportRoles(guard, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for status, roles := range map[int][]string{http.StatusOK: {"user", "admin"}, http.StatusForbidden: {"user"}} {
		if w := send(admins, as.Mint(oauthtest.Token{Claims: claims{"roles": roles}})); w.Code != status {
			t.Errorf("roles %v: %d, want %d", roles, w.Code, status)
		}
	}
	if _, err := sharedSecret([]byte("0123456789abcdef0123456789abcdef")); err != nil {
		t.Error(err)
	}
	if _, err := sharedSecret([]byte("password")); err == nil {
		t.Error("a secret that can be guessed was accepted")
	}
}
