package jwks_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/oauthtest"
)

// keyVectors is jwks.json.
type keyVectors struct {
	Cases []struct {
		ID     string          `json:"id"`
		JWK    json.RawMessage `json:"jwk"`
		Expect struct {
			Key string `json:"key"`
		} `json:"expect"`
	} `json:"cases"`
	Documents []struct {
		ID          string `json:"id"`
		Status      int    `json:"status"`
		ContentType string `json:"content_type"`
		Body        string `json:"body"`
		Expect      struct {
			UsableKIDs []string `json:"usable_kids"`
			Error      bool     `json:"error"`
		} `json:"expect"`
	} `json:"documents"`
}

// TestKeyVectors publishes each key next to a good one: whatever it is, the good one stays usable.
func TestKeyVectors(t *testing.T) {
	var file keyVectors
	vectors(t, "jwks.json", &file)
	good := signerOf(t, jose.EdDSA)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			s := &stub{}
			s.put(keysURL, page{body: string(encode(t, object{"keys": []any{tt.JWK, good.JWK()}}))})
			v := fromURL(t, s)
			accepted(t, v, sign(t, good, atJWT, accessClaims(nil)))
			keys, skipped := 2, 0
			if tt.Expect.Key == "ignore" {
				keys, skipped = 1, 1
			}
			if state := v.State(); state.Keys != keys || len(state.Skipped) != skipped {
				t.Errorf("%d keys, skipped %v; want %d and %d", state.Keys, state.Skipped, keys, skipped)
			}
		})
	}
}

// TestDocumentVectors serves each document to a validator without keys and to one with good keys.
func TestDocumentVectors(t *testing.T) {
	var file keyVectors
	vectors(t, "jwks.json", &file)
	for _, tt := range file.Documents {
		document := oauthtest.Fault{
			Status: tt.Status, Body: tt.Body, Header: http.Header{"Content-Type": {tt.ContentType}},
		}
		t.Run(tt.ID, func(t *testing.T) {
			t.Run("first", func(t *testing.T) {
				run(t, nil, func(f *fixture) {
					f.breakKeys(document)
					err, state := f.v.Ready(f.Context()), f.v.State()
					switch {
					case tt.Expect.Error && (err == nil || state.Usable || state.Err == nil):
						f.Errorf("ready: %v, %+v; want an error", err, state)
					case !tt.Expect.Error && (err != nil || state.Keys < len(tt.Expect.UsableKIDs)):
						f.Errorf("ready: %v, %+v; want keys %q", err, state, tt.Expect.UsableKIDs)
					}
				})
			})
			if tt.Expect.Error {
				t.Run("later", func(t *testing.T) { run(t, nil, keepsGoodKeys(document)) })
			}
		})
	}
}

// keepsGoodKeys checks that an answer does not replace good keys, neither before nor after these are out of date.
func keepsGoodKeys(fault oauthtest.Fault) func(*fixture) {
	return func(f *fixture) {
		token := f.mintLong()
		f.accepts(token)
		f.breakKeys(fault)
		for range 3 {
			elapse(9 * time.Minute)
			f.accepts(token)
		}
		elapse(10 * time.Second)
		if state := f.v.State(); state.Err == nil || !state.Usable || state.Keys != 1 {
			f.Errorf("state: %+v, want the good key and an error", state)
		}
		f.as.Heal()
		elapse(time.Minute)
		f.accepts(token)
		synctest.Wait()
		if state := f.v.State(); state.Err != nil || !state.StaleAt.After(time.Now()) {
			f.Errorf("state after recovery: %+v", state)
		}
	}
}

// TestLifetimeVectors checks how long a key set stays fresh under the header fields it comes with.
func TestLifetimeVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			ID      string            `json:"id"`
			Headers map[string]string `json:"headers"`
			Expect  struct {
				Seconds int `json:"refresh_after_seconds"`
			} `json:"expect"`
		} `json:"cases"`
	}
	vectors(t, "jwks-cache-rfc9111.json", &file)
	for _, tt := range file.Cases {
		t.Run(tt.ID, func(t *testing.T) {
			h := http.Header{}
			for name, value := range tt.Headers {
				h.Set(name, value)
			}
			if got, want := lifetime(t, h), time.Duration(tt.Expect.Seconds)*time.Second; got != want {
				t.Errorf("fresh for %v, want %v", got, want)
			}
		})
	}
}

// lifetime returns how long a key set with those header fields is fresh.
func lifetime(t testing.TB, h http.Header) time.Duration {
	t.Helper()
	s := &stub{}
	s.put(keysURL, page{header: h, body: keySet(t, signerOf(t, jose.EdDSA))})
	v := fromURL(t, s)
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	state := v.State()
	return state.StaleAt.Sub(state.FetchedAt)
}
