package introspection_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// scene is an authorization server, a validator, and the request of a row of the behaviour table.
type scene struct {
	*testing.T
	as    *oauthtest.Server
	v     *introspection.Validator
	token string
	want  string
}

func (s *scene) expect(v middleware.Validator, token, scope string) {
	s.Helper()
	if got := through(s, v, token, middleware.Policy{Scopes: []string{scope}}); got != s.want {
		s.Errorf("%s, want %s", got, s.want)
	}
}

// admit lets the token pass once, so that it is cached.
func (s *scene) admit() {
	s.Helper()
	if got := through(s, s.v, s.token, middleware.Policy{}); got != "200" {
		s.Fatalf("%s at first", got)
	}
}

const held = "foo" // the scope of the scene's token

// rows plays the introspection rows of the table. Time is the bubble's.
var rows = map[string]func(*scene){
	"D01": func(s *scene) { s.expect(s.v, s.token, held) },
	"D02": func(s *scene) { s.expect(s.v, "unknown", held) },
	"D03": func(s *scene) {
		for _, fault := range []oauthtest.Fault{{Hang: true}, {Drop: true}, {Status: 500}, {Status: 503}, {Status: 429}} {
			s.as.Break(oauthtest.EndpointIntrospection, fault)
			s.expect(s.v, s.as.Mint(oauthtest.Token{Opaque: true, Scope: held}), held)
		}
	},
	"D06": func(s *scene) {
		past := map[string]any{"exp": time.Now().Add(-time.Second).Unix()}
		s.expect(s.v, s.as.Mint(oauthtest.Token{Opaque: true, Scope: held, Introspection: past}), held)
	},
	"D07": func(s *scene) {
		s.token = s.as.Mint(oauthtest.Token{Opaque: true, Scope: held, ExpiresIn: 5 * time.Second})
		s.admit()
		<-time.After(5 * time.Second)
		s.expect(s.v, s.token, held)
	},
	"D09": func(s *scene) { s.admit(); s.expect(s.v, s.token, "bar") },
	"D11": func(s *scene) { s.admit(); s.as.Revoke(s.token); s.expect(s.v, s.token, held) },
	"D12": func(s *scene) {
		s.admit()
		s.as.Revoke(s.token)
		s.v.Forget(s.token)
		s.expect(s.v, s.token, held)
	},
	"D13": func(s *scene) {
		s.admit()
		s.as.Revoke(s.token)
		before := s.as.Requests(oauthtest.EndpointIntrospection)
		for range 3 {
			s.expect(s.v.Uncached(), s.token, held)
		}
		if n := s.as.Requests(oauthtest.EndpointIntrospection) - before; n != 3 {
			s.Errorf("%d calls for 3 requests", n)
		}
	},
	"D14": func(s *scene) {
		s.as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Millisecond})
		var c crowd
		c.add(100, func() string { s.expect(s.v, s.token, held); return "" })
		c.group.Wait()
		wantCalls(s, s.as, 1)
	},
	"D15": func(s *scene) {
		s.admit()
		for i := range 2000 { // see TestFlood and BenchmarkFlood for more
			s.expect(s.v, fmt.Sprint("random-", i), held)
		}
		wantCalls(s, s.as, 2001)
		s.admit()
		wantCalls(s, s.as, 2001)
	},
}

func TestBehaviour(t *testing.T) {
	table, err := conformance.Behaviour()
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, row := range table {
		if !strings.HasPrefix(row.ID, "D") {
			continue
		}
		t.Run(row.ID, func(t *testing.T) {
			play := rows[row.ID]
			if play == nil {
				t.Fatal("nobody plays this row")
			}
			played++
			synctest.Test(t, func(t *testing.T) {
				as := server(t, nil)
				play(&scene{
					T: t, as: as, v: trusting(t, as, introspection.Config{}), want: answerOf(row),
					token: as.Mint(oauthtest.Token{Opaque: true, Scope: held}),
				})
			})
		})
	}
	if played != len(rows) {
		t.Errorf("%d rows played of %d", played, len(rows))
	}
}

// answerOf is the status and error code that a row asks for.
func answerOf(row conformance.BehaviourRow) string {
	code := ""
	if _, rest, ok := strings.Cut(row.ExpectChallenge, `error="`); ok {
		code, _, _ = strings.Cut(rest, `"`)
	}
	return strings.TrimSpace(fmt.Sprint(row.ExpectStatus, " ", code))
}
