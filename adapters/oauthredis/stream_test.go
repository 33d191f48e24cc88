package oauthredis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// What is revoked at one replica is refused by the others, those included that start later, whatever names it.
func TestStream(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	alice := middleware.Token{
		Issuer: issuer, Subject: "alice", ClientID: "shop", ID: "1", SessionID: "session-1",
		IssuedAt: time.Now().Add(-time.Minute), ExpiresAt: time.Now().Add(time.Minute), Fingerprint: middleware.FingerprintOf("a"),
	}
	bob := middleware.Token{
		Issuer: issuer, Subject: "bob", ClientID: "mail", ID: "2", SessionID: "session-2",
		IssuedAt: time.Now().Add(-time.Minute), ExpiresAt: time.Now().Add(time.Minute), Fingerprint: middleware.FingerprintOf("b"),
	}
	for i, r := range []revocation.Revocation{
		{Token: "a"},
		{Issuer: issuer, ID: "1"},
		{Issuer: issuer, SessionID: "session-1"},
		{Issuer: issuer, Subject: "alice"},
		{Issuer: issuer, ClientID: "shop"},
		{Issuer: issuer, Subject: "alice", ClientID: "shop"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			with := settings{stream: oauthredis.StreamConfig{Key: fmt.Sprint("revocations-", i)}}
			here, there := newReplica(t, s.client(), with), newReplica(t, s.client(), with)
			ready(t, here, there)
			if err := here.Revoke(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			late := newReplica(t, s.client(), with)
			ready(t, late)
			there.catchesUp()
			for name, replica := range map[string]*replica{"here": here, "there": there, "late": late} {
				if got := replica.verdictOn(&alice); got != "revoked" {
					t.Errorf("%s: the token is %s", name, got)
				}
				if got := replica.verdictOn(&bob); got != "good" {
					t.Errorf("%s: another token is %s", name, got)
				}
			}
		})
	}
}

// A request that goes on learns that its token was revoked at another replica.
func TestStreamEndsRequests(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	here, there := newReplica(t, s.client(), settings{}), newReplica(t, s.client(), settings{})
	ready(t, here, there)
	ended := make(chan error, 1)
	token := &middleware.Token{Fingerprint: middleware.FingerprintOf("open")}
	defer there.Watch(token, func(err error) { ended <- err })()
	here.revoke("another")
	there.learns("another")
	select {
	case err := <-ended:
		t.Fatalf("ended for another token: %v", err)
	default:
	}
	here.revoke("open")
	if err := <-ended; middleware.ReasonOf(err) != middleware.ReasonRevoked {
		t.Errorf("ended with %v", err)
	}
}

// Streams with different keys have nothing to do with each other.
func TestStreamKey(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	orders := settings{stream: oauthredis.StreamConfig{Key: "orders"}}
	here, there, other := newReplica(t, s.client(), orders), newReplica(t, s.client(), orders), newReplica(t, s.client(), settings{})
	ready(t, here, there, other)
	here.revoke("a")
	there.learns("a")
	other.catchesUp()
	other.want("a", "good")
}

func TestStreamConfig(t *testing.T) {
	t.Parallel()
	obedient := newClient(t, &redis.Options{ContextTimeoutEnabled: true})
	for name, tt := range map[string]struct {
		client redis.UniversalClient
		config oauthredis.StreamConfig
		says   string
	}{
		"no client":    {client: nil, says: "a client is required"},
		"no deadlines": {client: newClient(t, &redis.Options{}), says: "ContextTimeoutEnabled"},
		"no deadlines in a cluster": {
			client: redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}), says: "ContextTimeoutEnabled",
		},
		"no deadlines with Sentinel": {
			client: redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}}),
			says:   "ContextTimeoutEnabled",
		},
		"reads from replicas": {
			client: redis.NewClusterClient(&redis.ClusterOptions{
				Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true, RouteRandomly: true,
			}),
			says: "ReadOnly",
		},
		"a ring":           {client: redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), says: "Ring"},
		"stale at once":    {client: obedient, config: oauthredis.StreamConfig{StaleAfter: time.Second - 1}, says: "StaleAfter"},
		"never stale":      {client: obedient, config: oauthredis.StreamConfig{StaleAfter: time.Hour + 1}, says: "StaleAfter"},
		"endless timeout":  {client: obedient, config: oauthredis.StreamConfig{Timeout: math.MaxInt64}, says: "Timeout must be between"},
		"no unit":          {client: obedient, config: oauthredis.StreamConfig{Timeout: 2}, says: "with its unit"},
		"negative timeout": {client: obedient, config: oauthredis.StreamConfig{Timeout: -1}, says: "Timeout"},
		"negative replicas": {
			client: obedient, config: oauthredis.StreamConfig{WaitReplicas: -1}, says: "WaitReplicas",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.client != nil {
				defer tt.client.Close()
			}
			if _, err := oauthredis.NewStream(tt.client, tt.config); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, nothing := range []redis.UniversalClient{(*redis.Client)(nil), (*redis.ClusterClient)(nil), (*redis.Ring)(nil)} {
		if _, err := oauthredis.NewStream(nothing, oauthredis.StreamConfig{}); err == nil || !strings.Contains(err.Error(), "a client is required") {
			t.Errorf("nil %T: %v", nothing, err)
		}
	}
	if _, err := revocation.NewList(revocation.Config{Replicator: &oauthredis.Stream{}}); err == nil ||
		!strings.Contains(err.Error(), "not made with NewStream") {
		t.Errorf("a Stream that NewStream did not make: %v", err)
	}
	if _, err := oauthredis.NewStream(obedient, oauthredis.StreamConfig{StaleAfter: time.Second}); err != nil {
		t.Error(err)
	}
}

func TestStreamIsForOneList(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	r := newReplica(t, s.client(), settings{})
	if _, err := revocation.NewList(revocation.Config{Replicator: r.stream}); err == nil {
		t.Error("a second list was taken")
	}
	_ = r.stream.Close()
	if err := r.stream.Ready(t.Context()); err != nil && !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("Ready after Close: %v", err)
	}
	closed := newStream(t, s.client(), oauthredis.StreamConfig{})
	_ = closed.Close()
	if _, err := revocation.NewList(revocation.Config{Replicator: closed}); err == nil {
		t.Error("a list was taken after Close")
	}
	if err := closed.Ready(t.Context()); !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("Ready after Close: %v", err)
	}
}

// Before the stream was read to its end for the first time, a replica that fails closed vouches for no token.
func TestStreamNotReplayed(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	p := newProxy(t, s)
	p.cut()
	strict := newReplica(t, newClient(t, p.options()), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	lenient := newReplica(t, newClient(t, p.options()), settings{})
	for _, r := range []*replica{strict, lenient} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.stream.Ready(ctx); !errors.Is(err, middleware.ErrUnavailable) {
			t.Errorf("Ready: %v", err)
		}
		if state := r.stream.State(); !state.Replaying || !state.Contact.IsZero() {
			t.Errorf("state %+v", state)
		}
	}
	strict.want("a", "unavailable")
	lenient.want("a", "good")
	p.heal(s)
	ready(t, strict, lenient)
	strict.want("a", "good")
	if state := strict.stream.State(); state.Replaying || state.LastID != "" {
		t.Errorf("state %+v", state)
	}
}

// A list that is full gets the record once there is room, and is not in contact until then.
func TestStreamWaitsForRoom(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	small := settings{
		stream: oauthredis.StreamConfig{FailClosed: true},
		list:   revocation.Config{MaxEntries: 1, MaxTokenLifetime: time.Hour},
	}
	here, there := newReplica(t, s.client(), settings{}), newReplica(t, s.client(), small)
	ready(t, here, there)
	here.revoke("a")
	there.learns("a")
	here.revoke("b")
	here.revoke("c")
	eventually(t, "the list is full", func() bool { return errors.Is(there.stream.State().Err, revocation.ErrFull) })
	there.want("x", "good")
	there.clock.advance(16 * time.Second)
	there.want("x", "unavailable")
	there.want("a", "revoked")
	// Room is made when the entry of a ends. Those of b and c end as well then, so that both fit.
	there.clock.advance(there.Retention())
	eventually(t, "contact", func() bool { return there.verdict("x") == "good" })
	if state := there.stream.State(); state.Applied != 3 {
		t.Errorf("state %+v", state)
	}
	eventually(t, "the fault is over", func() bool { return there.stream.State().Err == nil })
}

// rawAdd adds an entry as it stands.
func rawAdd(t testing.TB, client redis.UniversalClient, id string, values ...any) {
	t.Helper()
	do(t, client, append([]any{"XADD", defaultKey, id}, values...)...)
}

func recordOf(accessToken string, at time.Time) string {
	text, err := revocation.Record{Fingerprint: middleware.FingerprintOf(accessToken), RevokedAt: at}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return string(text)
}

// What is not understood is counted as missed, until it does not matter any more, and does not stop the rest.
func TestStreamUnreadable(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	client := s.client()
	strict := newReplica(t, client, settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	lenient := newReplica(t, client, settings{})
	ready(t, strict, lenient)
	good := recordOf("a", time.Now())
	unreadable := [][]any{
		{"record", "garbage"},
		{"record", `{"iss":"a","jti":"b","at":1,"device":"newer"}`},
		{"record2", good},
		{"record", good, "more", "1"},
	}
	for _, values := range unreadable {
		rawAdd(t, client, "*", values...)
	}
	lenient.revoke("b")
	strict.learns("b")
	strict.want("a", "unavailable")
	lenient.catchesUp()
	lenient.want("a", "good")
	for _, r := range []*replica{strict, lenient} {
		if state := r.stream.State(); state.Unreadable != 4 || state.Applied != 1 || state.MissedUntil.Before(time.Now()) {
			t.Errorf("state %+v", state)
		}
		if lines := r.log.lines("level=ERROR"); len(lines) != 1 {
			t.Errorf("logged %q", lines)
		}
	}
	if err := strict.stream.Ready(t.Context()); !errors.Is(err, middleware.ErrUnavailable) {
		t.Errorf("Ready of a replica that refuses: %v", err)
	}
	if err := lenient.stream.Ready(t.Context()); err != nil {
		t.Errorf("Ready of a replica that does not: %v", err)
	}
	late := newReplica(t, client, settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	eventually(t, "the replay", func() bool { return !late.stream.State().Replaying })
	late.want("a", "unavailable")
	strict.clock.advance(strict.Retention())
	eventually(t, "the record that was missed is over", func() bool { return strict.verdict("a") == "good" })
}

// A record that says it is old, and came with the present, is remembered from now on: the clock where it was made is slow.
func TestStreamSlowClock(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	client := s.client()
	r := newReplica(t, client, settings{list: revocation.Config{MaxTokenLifetime: time.Hour}})
	ready(t, r)
	rawAdd(t, client, "*", "record", recordOf("slow", time.Now().Add(-2*time.Hour)))
	r.learns("slow")
	r.clock.advance(r.Retention() - time.Minute)
	r.want("slow", "revoked")
	r.clock.advance(2 * time.Minute)
	r.want("slow", "good")
}

// An ID from the far future, which anybody who may write can make up, keeps nothing for ever.
func TestStreamFastRedis(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	client := s.client()
	r := newReplica(t, client, settings{list: revocation.Config{MaxTokenLifetime: time.Hour}})
	ready(t, r)
	rawAdd(t, client, fmt.Sprint(uint64(1)<<63), "record", recordOf("a", time.Now()))
	r.learns("a")
	r.revoke("b")
	r.clock.advance(r.Retention() + time.Minute)
	r.want("a", "good")
	r.want("b", "good")
}

// Close ends what Follow started.
func TestStreamClose(t *testing.T) {
	s := startRedis(t)
	p := newProxy(t, s)
	replicas := []*replica{
		newReplica(t, s.client(), settings{}),
		newReplica(t, newClient(t, p.options()), settings{stream: oauthredis.StreamConfig{Timeout: 100 * time.Millisecond}}),
	}
	ready(t, replicas...)
	p.cut()
	eventually(t, "contact is lost", func() bool { return replicas[1].stream.State().Err != nil })
	if n := goroutines(); n != 2 {
		t.Errorf("%d goroutines for two streams", n)
	}
	for _, r := range replicas {
		start := time.Now()
		_ = r.stream.Close()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Close took %v", took)
		}
	}
	if n := goroutines(); n != 0 {
		t.Errorf("%d goroutines are left", n)
	}
	replicas[0].revoke("after")
}

// goroutines counts those of this package.
func goroutines() (n int) {
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "adapters/oauthredis.(") {
			n++
		}
	}
	return n
}

// A panic of the caller's clock or logger is a failure like others.
func TestStreamPanics(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	var broken atomic.Bool
	stream := newStream(t, s.client(), oauthredis.StreamConfig{
		Now: func() time.Time {
			if broken.Load() {
				panic("no time")
			}
			return time.Now()
		},
		Logger: slog.New(panicker{}),
	})
	list, err := revocation.NewList(revocation.Config{Replicator: stream})
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	eventually(t, "the panic shows", func() bool { return stream.State().Err != nil })
	broken.Store(false)
	rawAdd(t, s.client(), "*", "record", "garbage")
	eventually(t, "all is well", func() bool { return stream.State().Err == nil && stream.State().Unreadable > 0 })
	rawAdd(t, s.client(), "*", "record", recordOf("a", time.Now()))
	eventually(t, "the next record arrives", func() bool { return list.Len() == 1 })
}

type panicker struct{ slog.Handler }

func (panicker) Enabled(context.Context, slog.Level) bool { panic("no log") }

// What goes wrong is said in words of our own: those of others may contain addresses, users and passwords.
func TestStreamErrorsCarryNoSecrets(t *testing.T) {
	t.Parallel()
	locked := startRedis(t)
	do(t, locked.client(), "ACL", "SETUSER", "limited", "on", ">hunter2", "~*", "+@all", "-xinfo")
	do(t, locked.client(), "CONFIG", "SET", "requirepass", "hunter1")
	taken := startRedis(t)
	do(t, taken.client(), "SET", defaultKey, "hunter2")
	full := startRedis(t, "--maxmemory", "1")
	gone := startRedis(t)
	gone.stop()
	with := func(s *server, user, password string) *redis.Options {
		o := s.options()
		o.Username, o.Password = user, password
		return o
	}
	for name, tt := range map[string]struct {
		options *redis.Options
		says    string
		writes  string
	}{
		"no password":    {with(locked, "", ""), "wants a password", "wants a password"},
		"wrong password": {with(locked, "limited", "hunter3"), "refuses our password", "refuses our password"},
		"no permission":  {with(locked, "limited", "hunter2"), "does not permit", ""},
		"another type":   {with(taken, "", ""), "holds something else", "holds something else"},
		"out of memory":  {with(full, "", ""), "", "out of memory"},
		"not there":      {with(gone, "", ""), "no connection", "no connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patient := settings{stream: oauthredis.StreamConfig{Timeout: patience}} // go-redis tries for a while
			r := newReplica(t, newClient(t, tt.options), patient)
			var said []string
			if tt.says != "" {
				eventually(t, "a failure", func() bool { return r.stream.State().Err != nil })
				err := r.stream.State().Err
				if !strings.Contains(err.Error(), tt.says) {
					t.Errorf("State: %v", err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				said = append(said, err.Error(), r.stream.Ready(ctx).Error())
				eventually(t, "a line", func() bool { return len(r.log.lines("out of reach")) == 1 })
			}
			err := r.Revoke(t.Context(), revocation.Revocation{Token: "hunter4"})
			if tt.writes != "" {
				if !errors.Is(err, revocation.ErrNotShared) || !strings.Contains(err.Error(), tt.writes) {
					t.Errorf("Revoke: %v", err)
				}
				said = append(said, err.Error())
			} else if err != nil {
				t.Errorf("Revoke: %v", err)
			}
			for _, text := range append(said, r.log.lines("")...) {
				for _, secret := range []string{"hunter", "limited", "/tmp", "redis2", "127.0.0.1"} {
					if strings.Contains(text, secret) {
						t.Errorf("%q contains %q", text, secret)
					}
				}
			}
		})
	}
}
