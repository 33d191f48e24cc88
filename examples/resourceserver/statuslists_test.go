package main

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// listHost serves one status list token.
type listHost struct {
	*httptest.Server
	token atomic.Pointer[string]
}

func newListHost(t *testing.T) *listHost {
	h := &listHost{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/statuslist+jwt")
		_, _ = w.Write([]byte(*h.token.Load()))
	}))
	t.Cleanup(h.Close)
	return h
}

// publish has as sign a list of one-bit statuses.
func (h *listHost) publish(t *testing.T, as *oauthtest.Server, octets ...byte) {
	t.Helper()
	var compressed bytes.Buffer
	w := zlib.NewWriter(&compressed)
	_, _ = w.Write(octets)
	_ = w.Close()
	claims, err := json.Marshal(map[string]any{
		"sub":         h.uri(),
		"iat":         time.Now().Unix(),
		"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(compressed.Bytes())},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := as.Sign(map[string]any{"typ": "statuslist+jwt"}, claims)
	h.token.Store(&token)
}

func (h *listHost) uri() string { return h.URL + "/lists/1" }

func (h *listHost) mint(as *oauthtest.Server, index int, uri string) string {
	status := map[string]any{"status_list": map[string]any{"idx": index, "uri": uri}}
	return as.Mint(oauthtest.Token{Claims: map[string]any{"status": status}})
}

// A token is as good as the issuer's list says, and lists are fetched from nowhere else.
func TestStatusLists(t *testing.T) {
	as, lists := newIssuer(t, oauthtest.Config{}), newListHost(t)
	lists.publish(t, as, 1<<1)
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter, "-status-list-prefix", lists.URL+"/lists")
		s.wantStatus(as.Mint(oauthtest.Token{}), 200)
		s.wantStatus(lists.mint(as, 0, lists.uri()), 200)
		s.wantStatus(lists.mint(as, 1, lists.uri()), 401)
		s.wantStatus(lists.mint(as, 8, lists.uri()), 401)
		s.wantStatus(lists.mint(as, 0, lists.URL+"/elsewhere"), 401)
		wantStatus(t, s.get("/readyz", ""), 200)
	})
}
