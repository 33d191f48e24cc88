package jwks_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// lastInstant is the last second of which 64 bits have some nanoseconds, but not all, in the year 2262.
const lastInstant = math.MaxInt64 / int64(time.Second)

// period is the time of a token as its claims say it, zero for what they do not say.
type period struct{ notBefore, issued, expires time.Time }

func randomPeriod(random *rand.Rand) period {
	bases := []int64{3600, noon.Unix(), lastInstant, 250_000_000_000}
	date := func() time.Time {
		from := bases[random.IntN(len(bases))]
		within := []int64{2, 1200}[random.IntN(2)]
		return time.Unix(from+random.Int64N(within)-within/2, []int64{0, 0, 500_000_000, 875_000_000}[random.IntN(4)]) // no fraction is rounded
	}
	p := period{expires: date()}
	if random.IntN(3) > 0 {
		p.issued = date()
	}
	if random.IntN(3) > 0 {
		p.notBefore = date()
	}
	return p
}

func (p period) claims() string {
	claims := fmt.Sprintf(`{"iss":%q,"aud":%q,"exp":%s`, issuer, audience, numeric(p.expires))
	if !p.issued.IsZero() {
		claims += `,"iat":` + numeric(p.issued)
	}
	if !p.notBefore.IsZero() {
		claims += `,"nbf":` + numeric(p.notBefore)
	}
	return claims + "}"
}

func numeric(t time.Time) string {
	return fmt.Sprintf("%d.%03d", t.Unix(), t.Nanosecond()/int(time.Millisecond))
}

// reason is why the token is refused at a time, none if it is good.
func (p period) reason(at time.Time, leeway time.Duration) middleware.Reason {
	switch {
	case !at.Before(p.expires.Add(leeway)):
		return middleware.ReasonExpired
	case at.Before(p.notBefore.Add(-leeway)), at.Before(p.issued.Add(-max(leeway, time.Minute))):
		return middleware.ReasonNotYetValid
	}
	return ""
}

// reading is what a clock shows: something around one of the bounds of a token, or something far away.
func (p period) reading(random *rand.Rand, leeway time.Duration) time.Time {
	bounds := []time.Time{
		p.expires.Add(leeway), p.notBefore.Add(-leeway), p.issued.Add(-max(leeway, time.Minute)),
		p.expires, noon, time.Unix(lastInstant, 0), time.Unix(-lastInstant, 0), {}, time.Unix(maxUnix, 0),
	}
	steps := []time.Duration{0, 1, time.Nanosecond * 999_999_999, time.Second, time.Minute, time.Hour}
	step := steps[random.IntN(len(steps))]
	if random.IntN(2) == 0 {
		step = -step
	}
	return bounds[random.IntN(len(bounds))].Add(step)
}

const maxUnix = 300_000_000_000 // in the year 11476

// Whether it is a token's time does not depend on whether the token is remembered, whatever the clock shows next.
func TestRememberedTokenHasTheSameTime(t *testing.T) {
	const tokens, readings = 500, 20
	secret := []byte("0123456789abcdef0123456789abcdef")
	signer, err := jose.NewSecretSigner(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	random, hits, now := rand.New(rand.NewPCG(1, 2)), 0, noon
	for _, leeway := range []time.Duration{-1, time.Second - 1, 10 * time.Second, 5 * time.Minute} {
		config := jwks.Config{
			Issuer: issuer, Audience: audience, Profile: jwks.Generic, Secret: secret, Leeway: leeway,
			Now: func() time.Time { return now },
		}
		remembering := newValidator(t, config)
		config.CacheBytes = -1
		judging := newValidator(t, config)
		for range tokens / 4 {
			p := randomPeriod(random)
			token := signRaw(t, signer, p.claims())
			for range readings {
				now = p.expires.Add(max(leeway, 0) - 1)
				known, _ := remembering.Validate(t.Context(), token)
				now = p.reading(random, max(leeway, 0))
				want := p.reason(now, max(leeway, 0))
				got, gotErr := remembering.Validate(t.Context(), token)
				_, err := judging.Validate(t.Context(), token)
				for how, err := range map[string]error{"remembered": gotErr, "judged anew": err} {
					if middleware.ReasonOf(err) != want || (err == nil) != (want == "") {
						t.Fatalf("%s at %v with leeway %v, %s: %v, want %q", p.claims(), now, leeway, how, err, want)
					}
				}
				if got != nil && got == known {
					hits++
				}
			}
		}
	}
	if hits < tokens*readings/20 {
		t.Errorf("only %d remembered", hits)
	}
}
