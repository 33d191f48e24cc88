package oauthredis_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/oauthtest"
)

var _ introspection.AnswerStore = (*oauthredis.Answers)(nil)

func secret() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return key
}

func newAnswers(t testing.TB, s *server, keys ...[]byte) *oauthredis.Answers {
	t.Helper()
	answers, err := oauthredis.NewAnswers(s.client(), oauthredis.AnswersConfig{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// What one replica puts, others with a key in common get, for that key and that long.
func TestAnswers(t *testing.T) {
	s := startRedis(t)
	old, next := secret(), secret()
	one, two, rotated := newAnswers(t, s, old), newAnswers(t, s, old, next), newAnswers(t, s, next, old)
	key, answer := [32]byte{1}, []byte(`{"active":true,"sub":"alice"}`)
	get := func(a *oauthredis.Answers, key [32]byte) []byte {
		t.Helper()
		got, err := a.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := get(one, key); got != nil {
		t.Errorf("got %s from nowhere", got)
	}
	if err := one.Put(t.Context(), key, answer, time.Hour); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*oauthredis.Answers{"itself": one, "another replica": two, "one with a new key": rotated} {
		if got := get(a, key); !bytes.Equal(got, answer) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := rotated.Put(t.Context(), key, answer, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got := get(two, key); !bytes.Equal(got, answer) {
		t.Errorf("sealed with the new key: %s", got)
	}
	eventually(t, "the answer is forgotten", func() bool { return get(two, key) == nil })
	if err := one.Put(t.Context(), key, answer, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := two.Drop(t.Context(), key); err != nil || get(one, key) != nil {
		t.Errorf("dropped, and still there (%v)", err)
	}
}

// Nothing in Redis tells who a token is about, and nothing that is written there by others makes one active.
func TestAnswersAreSealed(t *testing.T) {
	s := startRedis(t)
	client := s.client()
	answers := newAnswers(t, s, secret())
	mine, others := [32]byte{1}, [32]byte{2}
	if err := answers.Put(t.Context(), mine, []byte(`{"active":true,"sub":"alice"}`), time.Hour); err != nil {
		t.Fatal(err)
	}
	names, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(names) != 1 {
		t.Fatalf("keys %q, %v", names, err)
	}
	sealed, err := client.Get(t.Context(), names[0]).Bytes()
	if err != nil || bytes.Contains(sealed, []byte("alice")) {
		t.Errorf("Redis holds %q (%v)", sealed, err)
	}
	// The answer about one token in the place of another's.
	if err := answers.Put(t.Context(), others, []byte("x"), time.Hour); err != nil {
		t.Fatal(err)
	}
	names, _ = client.Keys(t.Context(), "*").Result()
	for _, name := range names {
		if err := client.Set(t.Context(), name, sealed, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := answers.Get(t.Context(), others); err == nil || got != nil {
		t.Errorf("moved: got %s", got)
	}
	if got, err := newAnswers(t, s, secret()).Get(t.Context(), mine); err == nil || got != nil {
		t.Errorf("without the key: got %s", got)
	}
	for _, forged := range []string{"", `{"active":true}`, strings.Repeat("x", 100), string(sealed[:len(sealed)-1]), string(sealed) + "x"} {
		for _, name := range names {
			if err := client.Set(t.Context(), name, forged, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := answers.Get(t.Context(), mine); err == nil || got != nil {
			t.Errorf("%q: got %s", forged, got)
		}
	}
}

func TestAnswersUnavailable(t *testing.T) {
	s := startRedis(t)
	answers := newAnswers(t, s, secret())
	s.kill()
	if _, err := answers.Get(t.Context(), [32]byte{1}); err == nil {
		t.Error("Get: no error")
	}
	if err := answers.Put(t.Context(), [32]byte{1}, nil, time.Hour); err == nil {
		t.Error("Put: no error")
	}
	if err := answers.Drop(t.Context(), [32]byte{1}); err == nil {
		t.Error("Drop: no error")
	}
}

func TestNewAnswersRefuses(t *testing.T) {
	s := startRedis(t)
	for name, cfg := range map[string]oauthredis.AnswersConfig{
		"no key":     {},
		"short":      {Keys: [][]byte{make([]byte, 16)}},
		"not filled": {Keys: [][]byte{secret(), make([]byte, 32)}},
		"of a file":  {Keys: [][]byte{[]byte("0123456789abcdef0123456789abcde\n")}},
		"too many":   {Keys: [][]byte{secret(), secret(), secret(), secret(), secret()}},
		"timeout":    {Keys: [][]byte{secret()}, Timeout: -1},
	} {
		if _, err := oauthredis.NewAnswers(s.client(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := oauthredis.NewAnswers((*redis.Client)(nil), oauthredis.AnswersConfig{Keys: [][]byte{secret()}}); err == nil {
		t.Error("nil pointer: no error")
	}
	if _, err := oauthredis.NewAnswers(nil, oauthredis.AnswersConfig{Keys: [][]byte{secret()}}); err == nil {
		t.Error("no client: no error")
	}
}

// Two replicas ask the authorization server about a token once, and without Redis once each.
func TestAnswersForValidators(t *testing.T) {
	s, as, key := startRedis(t), oauthtest.NewServer(t, oauthtest.Config{}), secret()
	replica := func() *introspection.Validator {
		v, err := introspection.New(introspection.Config{
			Issuer: as.Issuer(), ClientAuth: introspection.SecretBasic("api", "secret"), HTTPClient: as.HTTPClient(),
			Answers: newAnswers(t, s, key),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = v.Close() })
		return v
	}
	validate := func(v *introspection.Validator, accessToken string) {
		t.Helper()
		if _, err := v.Validate(t.Context(), accessToken); err != nil {
			t.Error(err)
		}
	}
	one, two := replica(), replica()
	shared := as.Mint(oauthtest.Token{Opaque: true})
	validate(one, shared)
	eventually(t, "the answer is in Redis", func() bool {
		names, err := s.client().Keys(t.Context(), "*").Result()
		return err == nil && len(names) == 1
	})
	validate(two, shared)
	if n := as.Requests(oauthtest.EndpointIntrospection); n != 1 {
		t.Errorf("%d calls", n)
	}
	s.kill()
	alone := as.Mint(oauthtest.Token{Opaque: true})
	validate(one, alone)
	validate(two, alone)
	if n := as.Requests(oauthtest.EndpointIntrospection); n != 3 {
		t.Errorf("%d calls without Redis", n)
	}
}
