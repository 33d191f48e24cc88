package soak

import (
	"net/http"
	"runtime"
	"time"
)

// Plan says how long the phases of the script last, and how the replicas are configured.
type Plan struct {
	// Rate is how many requests a second are sent.
	Rate int
	// Scale is what the phases' durations are multiplied by. Those of the short script are counted in seconds.
	Scale float64
	// RedisCut is how long one replica cannot reach Redis.
	RedisCut time.Duration

	Cooldown, FetchTimeout, CacheTTL time.Duration
	// KeysMaxAge is how long the authorization server lets its key set be cached; less than a minute counts as one.
	KeysMaxAge time.Duration
}

// Short is a plan of about half a minute.
func Short() Plan {
	return Plan{
		Rate: 150, Scale: 0.6, RedisCut: 2 * time.Second,
		Cooldown: time.Second / 2, FetchTimeout: 2 * time.Second, CacheTTL: 2 * time.Second,
		KeysMaxAge: time.Minute,
	}
}

// Long is a plan of about so long. With ten minutes, keys grow stale while the authorization server is cut off. A replica is
// without Redis until it refuses to guess.
func Long(d time.Duration) Plan {
	scale := max((d-unscaled).Seconds()/scripted.Seconds(), 1)
	return Plan{
		Rate: 300, Scale: scale, RedisCut: longCut,
		Cooldown: 5 * time.Second, FetchTimeout: 3 * time.Second, CacheTTL: 10 * time.Second,
		KeysMaxAge: time.Minute,
	}
}

const (
	longCut = staleAfter + 10*time.Second
	// scripted is how long the phases last at a Scale of 1, besides what is unscaled: RedisCut, recoveries, what replicas
	// wait for.
	scripted = 21500 * time.Millisecond
	unscaled = longCut + 45*time.Second
)

// What examples/resourceserver leaves at the kit's defaults.
const (
	introspectionTimeout = 3 * time.Second        // introspection.Config.Timeout
	probePause           = 100 * time.Millisecond // between the probes of an introspection endpoint that is down
	staleAfter           = 15 * time.Second       // oauthredis.StreamConfig.StaleAfter
	redisTimeout         = 2 * time.Second        // oauthredis.StreamConfig.Timeout
	replayTimeout        = time.Second            // oauthredis.ReplaysConfig.Timeout
	redisBlock           = time.Second            // contact is renewed that often
	redisPause           = time.Second            // between attempts to reach Redis, at most
)

const (
	introspectionPool = 64                              // introspection.Config.MaxConcurrent
	keysPool          = http.DefaultMaxIdleConnsPerHost // fetches are one at a time
)

// redisPool is how many connections go-redis keeps, in a process that sees as many processors as this one: those of
// PoolSize, and those of PipelinePoolSize for transactions.
func redisPool() int { return 10*runtime.GOMAXPROCS(0) + 10 }

// margin is what processes on a busy machine may be late.
const margin = time.Second

func (p Plan) bounds() Bounds {
	return Bounds{CacheTTL: p.CacheTTL, Prompt: redisBlock + margin, Stale: staleAfter + margin}
}
