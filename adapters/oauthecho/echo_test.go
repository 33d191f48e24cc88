package oauthecho_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/bearergate/bearergate/adapters/oauthecho"
	"github.com/bearergate/bearergate/internal/adaptertest"
	"github.com/bearergate/bearergate/internal/alloctest"
	"github.com/bearergate/bearergate/middleware"
)

func TestBehaviour(t *testing.T) { adaptertest.Run(t, serve) }

func TestConformance(t *testing.T) { adaptertest.RunConformance(t, serve) }

// serve is the adapter under test.
func serve(routes ...adaptertest.Route) http.Handler {
	e := echo.New()
	for _, route := range routes {
		if route.Open {
			e.Any(route.Path, echo.WrapHandler(route.Handler))
			continue
		}
		group := e.Group(route.Prefix)
		for _, policy := range route.Groups {
			group.Use(oauthecho.Enforce(route.Guard, policy))
		}
		path := strings.TrimPrefix(route.Path, route.Prefix)
		group.Any(path, echo.WrapHandler(route.Handler), oauthecho.Enforce(route.Guard, route.Policy))
	}
	return e
}

func TestRequire(t *testing.T) {
	adaptertest.RunRequire(t,
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return protecting(oauthecho.Require(guard, scopes...))
		},
		func(guard *middleware.Guard, scopes ...string) http.Handler {
			return protecting(oauthecho.RequireAny(guard, scopes...))
		},
	)
}

func protecting(layers ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) }, layers...)
	return e
}

// TestErrorHandler has the application format refusals: it sees what they are, and the challenge stays.
func TestErrorHandler(t *testing.T) {
	e := protecting(oauthecho.Require(adaptertest.Guard(t), "read"))
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		var httpError *echo.HTTPError
		var refusal *middleware.Error
		if !errors.As(err, &httpError) || !errors.As(err, &refusal) || !errors.Is(err, middleware.ErrInsufficientScope) {
			t.Errorf("the error handler got %v", err)
			return
		}
		c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextPlain)
		if err := c.String(httpError.Code, "no: "+string(refusal.Reason)); err != nil {
			t.Error(err)
		}
	}
	got := adaptertest.Get(e, "/", "write")
	if got.Code != http.StatusForbidden || got.Body.String() != "no: insufficient_scope" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got.Header().Get("Content-Type") != "text/plain" || got.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("header %v", got.Header())
	}
}

// TestOuterMiddleware shows that what wraps the route, such as a logger, sees the refusal, and may still change its mind
// about the answer.
func TestOuterMiddleware(t *testing.T) {
	var seen error
	logger := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			seen = next(c)
			if c.Response().Committed {
				t.Error("the answer was written before anybody could see the error")
			}
			return seen
		}
	}
	e := protecting(logger, oauthecho.Require(adaptertest.Guard(t)))
	if got := adaptertest.Get(e, "/", "expired"); got.Code != http.StatusUnauthorized {
		t.Errorf("status %d", got.Code)
	}
	if middleware.ReasonOf(seen) != middleware.ReasonExpired {
		t.Errorf("the logger saw %v", seen)
	}
}

// TestOtherErrors leaves the errors of the handler alone.
func TestOtherErrors(t *testing.T) {
	e := echo.New()
	e.GET("/", func(echo.Context) error { return echo.ErrTeapot }, oauthecho.Require(adaptertest.Guard(t)))
	got := adaptertest.Get(e, "/", "read")
	if got.Code != http.StatusTeapot || got.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

// Echo adds a closure of its own for each middleware.
func TestRememberedTokenAllocates(t *testing.T) {
	adaptertest.RunAllocations(t, protecting(), func(guard *middleware.Guard, scopes ...string) http.Handler {
		return protecting(oauthecho.Require(guard, scopes...))
	}, alloctest.Cost{Objects: 2, Bytes: 352 + 128})
}
