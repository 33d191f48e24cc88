package peers

import (
	"context"
	"fmt"
	"net/http"

	ginjwt "github.com/appleboy/gin-jwt/v3"
	jwtmiddlewarev2 "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v3"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/jwtauth/v5"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	jwxjwa "github.com/lestrrat-go/jwx/v2/jwa"
	jwtv2 "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/modelcontextprotocol/go-sdk/auth"
)

// The frameworks.
const (
	NetHTTP = "net/http"
	Chi     = "chi"
	Echo    = "Echo"
	Gin     = "Gin"
)

// Handler is a handler behind a peer's middleware. All answer GET /orders with 200 and nothing else.
type Handler struct {
	Name, Framework string
	// Lacks is what it cannot check.
	Lacks string
	// New returns it. Key is what verifies Source.Algorithm.
	New func(ctx context.Context, s Source, key any) (http.Handler, error)
}

// Handlers are the peers that protect handlers.
var Handlers = []Handler{
	{Name: "MCP go-sdk + golang-jwt", Framework: NetHTTP, New: mcpHandler},
	{Name: "auth0 v2", Framework: NetHTTP, New: auth0v2Handler},
	{Name: "auth0 v3", Framework: NetHTTP, New: auth0v3Handler},
	{Name: "jwtauth", Framework: Chi, Lacks: LacksKeyID, New: jwtauthHandler},
	{Name: "echo-jwt", Framework: Echo, New: echoHandler},
	{Name: "gin-jwt", Framework: Gin, New: ginHandler},
}

// Nothing answers with 200.
func Nothing(http.ResponseWriter, *http.Request) {}

// OnChi returns a router of Chi with the middleware.
func OnChi(use ...func(http.Handler) http.Handler) http.Handler {
	router := chi.NewRouter()
	router.With(use...).Get("/orders", Nothing)
	return router
}

// OnEcho returns an Echo with the middleware.
func OnEcho(use ...echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	e.GET("/orders", func(echo.Context) error { return nil }, use...)
	return e
}

// OnGin returns an engine of Gin with the middleware.
func OnGin(use ...gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/orders", append(use, func(*gin.Context) {})...)
	return engine
}

func mcpHandler(ctx context.Context, s Source, _ any) (http.Handler, error) {
	parse, err := golangJWTParser(ctx, s)
	if err != nil {
		return nil, err
	}
	verify := func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		parsed, err := parse(token)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidToken, err)
		}
		claims, _ := parsed.Claims.(*accessClaims)
		return &auth.TokenInfo{UserID: claims.Subject, Expiration: claims.ExpiresAt.Time}, nil
	}
	return auth.RequireBearerToken(verify, nil)(http.HandlerFunc(Nothing)), nil
}

func auth0v2Handler(_ context.Context, s Source, _ any) (http.Handler, error) {
	v, err := auth0v2Validator(s)
	if err != nil {
		return nil, err
	}
	return jwtmiddlewarev2.New(v.ValidateToken).CheckJWT(http.HandlerFunc(Nothing)), nil
}

func auth0v3Handler(_ context.Context, s Source, _ any) (http.Handler, error) {
	v, err := auth0v3Validator(s)
	if err != nil {
		return nil, err
	}
	m, err := jwtmiddleware.New(jwtmiddleware.WithValidator(v))
	if err != nil {
		return nil, err
	}
	return m.CheckJWT(http.HandlerFunc(Nothing)), nil
}

// jwtauthHandler has one key, since that is all jwtauth takes.
func jwtauthHandler(_ context.Context, s Source, key any) (http.Handler, error) {
	ja := jwtauth.New(jwxjwa.SignatureAlgorithm(s.Algorithm).String(), nil, key,
		jwtv2.WithIssuer(s.Issuer), jwtv2.WithAudience(s.Audience))
	return OnChi(jwtauth.Verifier(ja), jwtauth.Authenticator(ja)), nil
}

// echoHandler has its own parser, because that of echo-jwt takes neither issuer nor audience.
func echoHandler(ctx context.Context, s Source, _ any) (http.Handler, error) {
	parse, err := golangJWTParser(ctx, s)
	if err != nil {
		return nil, err
	}
	return OnEcho(echojwt.WithConfig(echojwt.Config{
		ParseTokenFunc: func(_ echo.Context, token string) (any, error) { return parse(token) },
	})), nil
}

func ginHandler(ctx context.Context, s Source, _ any) (http.Handler, error) {
	key, err := keyFunc(ctx, s)
	if err != nil {
		return nil, err
	}
	m := &ginjwt.GinJWTMiddleware{
		KeyFunc: key, IdentityKey: "sub",
		ParseOptions: []jwt.ParserOption{
			jwt.WithValidMethods([]string{s.Algorithm}), jwt.WithIssuer(s.Issuer), jwt.WithAudience(s.Audience),
		},
	}
	if err := m.MiddlewareInit(); err != nil {
		return nil, err
	}
	return OnGin(m.MiddlewareFunc()), nil
}
