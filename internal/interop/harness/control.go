package harness

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// ReplaceKey makes a server with a ControlURL sign with a new key, and publish no other.
func (s *AuthorizationServer) ReplaceKey(t testing.TB) {
	t.Helper()
	s.control(t, "/rotate")
}

// SetLifetime says for how long tokens of Glewlwyd are good that it issues from now on, in whole seconds.
func (s *AuthorizationServer) SetLifetime(t testing.TB, lifetime time.Duration) {
	t.Helper()
	s.control(t, "/lifetime?seconds="+strconv.Itoa(int(lifetime/time.Second)))
}

func (s *AuthorizationServer) control(t testing.TB, path string) {
	t.Helper()
	var done struct {
		KeyIDs []string `json:"kids"`
	}
	send(t, newRequest(t, http.MethodPost, s.ControlURL+path, http.NoBody)).Decode(t, &done)
}
