package archtest

const module = "github.com/bearergate/bearergate"

// rule says what the packages in a directory and below it may import besides the standard library and each other. Test
// files may import forTests too.
type rule struct {
	imports  []string
	anything bool
}

// rules is the map of docs/architecture.md as a table. A new directory needs a row.
var rules = map[string]rule{
	"middleware": {},

	"jwks":          {imports: aroundMiddleware},
	"introspection": {imports: append([]string{otter, breaker}, aroundMiddleware...)},
	"revocation":    {imports: aroundMiddleware},
	"authdetails":   {imports: aroundMiddleware},
	"dpop":          {imports: aroundMiddleware},
	"mtls":          {imports: aroundMiddleware},
	"oauthtest":     {imports: aroundMiddleware},

	"adapters/oauthhttp": {imports: []string{module + "/middleware"}},
	"adapters/oauthecho": {imports: []string{module + "/middleware", echo}},
	"adapters/oauthgin":  {imports: []string{module + "/middleware", gin}},
	"adapters/oauthredis": {imports: []string{
		module + "/middleware", module + "/revocation", module + "/introspection", module + "/dpop", module + "/internal/sanity", goRedis,
	}},
	"adapters/oauthotel": {imports: []string{
		module + "/middleware", module + "/jwks", module + "/introspection", module + "/revocation", module + "/mtls",
		module + "/internal/sanity", otel,
	}},

	"cmd": {imports: []string{module}},

	"internal":            {imports: []string{module}},
	"internal/jose":       {imports: []string{module + "/internal", jwx}},
	"internal/strictjson": {imports: []string{module + "/internal", strictJSON}},

	"examples":         {anything: true},
	"internal/interop": {anything: true},
	"internal/bench":   {anything: true},
}

var (
	aroundMiddleware = []string{module + "/middleware", module + "/internal"}
	forTests         = []string{module}
)

const (
	breaker    = "github.com/sony/gobreaker"
	echo       = "github.com/labstack/echo"
	gin        = "github.com/gin-gonic/gin"
	goRedis    = "github.com/redis/go-redis"
	jwx        = "github.com/lestrrat-go/jwx"
	otel       = "go.opentelemetry.io/otel"
	otter      = "github.com/maypok86/otter"
	strictJSON = "github.com/go-json-experiment/json"
)

// homes names the directories outside of which a library is not imported, not even by a test: replacing the library is
// a change to its home. Benchmarks may compare with it.
var homes = map[string][]string{
	jwx:        {"internal/jose", "internal/bench"},
	strictJSON: {"internal/strictjson"},
}

// private lists what no exported signature of the root module mentions, internal packages included: frameworks belong
// to the signatures of their own adapters, and jwx to nobody's.
var private = []string{jwx, echo, gin, goRedis, otel}
