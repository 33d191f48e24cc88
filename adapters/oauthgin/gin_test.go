package oauthgin_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/bearergate/bearergate/adapters/oauthgin"
	"github.com/bearergate/bearergate/internal/adaptertest"
	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/middleware"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

func TestBehaviour(t *testing.T) { adaptertest.Run(t, serve) }

func TestConformance(t *testing.T) { adaptertest.RunConformance(t, serve) }

// serve is the adapter under test.
func serve(routes ...adaptertest.Route) http.Handler {
	engine := gin.New()
	for _, route := range routes {
		if route.Open {
			engine.Any(route.Path, gin.WrapF(route.Handler))
			continue
		}
		group := engine.Group(route.Prefix)
		for _, policy := range route.Groups {
			group.Use(oauthgin.Enforce(route.Guard, policy))
		}
		path := strings.TrimPrefix(route.Path, route.Prefix)
		group.Any(path, oauthgin.Enforce(route.Guard, route.Policy), gin.WrapF(route.Handler))
	}
	return engine
}

func TestRequire(t *testing.T) {
	adaptertest.RunRequire(t,
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return serving(oauthgin.Require(guard, scopes...))
		},
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return serving(oauthgin.RequireAny(guard, scopes...))
		},
	)
}

func serving(handlers ...gin.HandlerFunc) *gin.Engine {
	engine := gin.New()
	engine.GET("/", handlers...)
	return engine
}

// TestAborts finds handlers that run after a refusal, and a refusal that those around it cannot see.
func TestAborts(t *testing.T) {
	var reason middleware.Reason
	var aborted, intact bool
	logger := func(c *gin.Context) {
		c.Next()
		aborted, intact = c.IsAborted(), c.Request != nil
		for _, recorded := range c.Errors {
			reason = middleware.ReasonOf(recorded)
		}
	}
	later := func(*gin.Context) { t.Error("a handler ran after the refusal") }
	engine := serving(logger, oauthgin.Require(adaptertest.Guard(t), "read"), later, later)
	if got := adaptertest.Get(engine, "/", "write"); got.Code != http.StatusForbidden {
		t.Errorf("status %d", got.Code)
	}
	if reason != middleware.ReasonInsufficientScope || !aborted || !intact {
		t.Errorf("the logger saw %q, aborted: %t, with a request: %t", reason, aborted, intact)
	}
}

// TestContext finds the token in the request's context, and in Gin's own only where the engine falls back to that.
func TestContext(t *testing.T) {
	for _, fallback := range []bool{false, true} {
		engine := serving(oauthgin.Require(adaptertest.Guard(t)), func(c *gin.Context) {
			if token, found := middleware.FromContext(c.Request.Context()); !found || !token.Scopes.Has("read") {
				t.Errorf("in the request's context: %v, %t", token, found)
			}
			if _, found := middleware.FromContext(c); found != fallback {
				t.Errorf("in Gin's context: %t, ContextWithFallback: %t", found, fallback)
			}
		})
		engine.ContextWithFallback = fallback
		if got := adaptertest.Get(engine, "/", "read"); got.Code != http.StatusOK {
			t.Errorf("status %d", got.Code)
		}
	}
}

func TestRememberedTokenAllocates(t *testing.T) {
	nothing := func(*gin.Context) {}
	adaptertest.RunAllocations(t, serving(nothing), func(guard *middleware.Guard, scopes ...string) http.Handler {
		return serving(oauthgin.Require(guard, scopes...), nothing)
	}, alloctest.Cost{Objects: 1, Bytes: 352})
}
