package statuslist_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// bomb is the lst of 32 MiB of zeros, in 32 KiB.
var bomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	for range 32 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
})

// TestT11: lists are bounded in size, as they come and when they are unpacked (section 11.1).
func TestT11(t *testing.T) {
	for name, tt := range map[string]struct {
		limit, size int
		good        bool
	}{
		"default":        {0, 4 << 20, true},
		"one octet more": {0, 4<<20 + 1, false},
		"configured":     {1 << 10, 1 << 10, true},
		"more than that": {1 << 10, 1<<10 + 1, false},
	} {
		t.Run("T-11 "+name, func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.MaxListBytes = tt.limit }, func(f *fixture) {
				f.serve(object{"status_list": object{"bits": 1, "lst": deflate(t, make([]byte, tt.size))}})
				if !tt.good {
					f.refuses(token(listURI, 0), statuslist.ReasonBadList)
					return
				}
				f.accepts(token(listURI, 8*tt.size-1))
				f.refuses(token(listURI, 8*tt.size), statuslist.ReasonBadList)
			})
		})
	}
	for _, limit := range []int{0, 1 << 10} {
		t.Run("T-11 bomb", func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.MaxListBytes = limit }, func(f *fixture) {
				f.serve(object{"status_list": object{"bits": 1, "lst": bomb()}})
				f.refuses(token(listURI, 0), statuslist.ReasonBadList)
			})
		})
	}
	t.Run("T-11 as it comes", func(t *testing.T) {
		run(t, func(c *statuslist.Config) { c.MaxListBytes = 1 << 10 }, func(f *fixture) {
			claims := f.claims(nil)
			f.misbehave(page{body: claims + strings.Repeat(" ", 2<<10-len(claims))})
			f.accepts(token(listURI, 0))
		})
		run(t, func(c *statuslist.Config) { c.MaxListBytes = 1 << 10 }, func(f *fixture) {
			claims := f.claims(nil)
			f.misbehave(page{body: claims + strings.Repeat(" ", 2<<10-len(claims)+1)})
			f.refuses(token(listURI, 0), statuslist.ReasonBadList)
			if err := f.checker.State().Lists[listURI].Err; !errors.Is(err, upstream.ErrTooLarge) {
				f.Errorf("the state says %v", err)
			}
		})
	})
}

// TestT11Memory: unpacking ends at the bound, so a bomb takes hardly more memory than the largest list does.
func TestT11Memory(t *testing.T) {
	run(t, nil, func(f *fixture) {
		takes := func(lst string) uint64 {
			f.serve(object{"status_list": object{"bits": 1, "lst": lst}})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = f.validate(token(listURI, 0))
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		bad := takes(bomb())
		if good := takes(deflate(t, make([]byte, 4<<20))); bad > good+1<<20 {
			f.Errorf("the bomb took %d octets, the largest list %d", bad, good)
		}
	})
}

// TestCompressedAnswer fetches lists under Content-Encoding over real connections, where the transport unpacks them; a
// bomb, which ends its connection, and a good one, whose connection ends with the Checker.
func TestCompressedAnswer(t *testing.T) {
	answers := map[string][]byte{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/statuslist+jwt")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(answers[r.URL.Path])
	}))
	closed := make(chan struct{}, 2)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	zip := func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
	for path, padding := range map[string]int{"/good": 0, "/bomb": 16 << 20} {
		claims := encode(t, object{"sub": server.URL + path, "iat": time.Now().Unix(), "status_list": oneBit(t, 1)})
		answers[path] = compress(t, []byte(claims+strings.Repeat(" ", padding)), zip)
	}
	c := newChecker(t, statuslist.Config{
		Validator: honour, Verify: trusting, Prefixes: []string{server.URL}, AllowLoopbackHTTP: true,
	})
	_, err := c.Validate(t.Context(), token(server.URL+"/bomb", 0))
	wantOutcome(t, err, middleware.ErrInvalidToken, statuslist.ReasonBadList)
	<-closed
	if _, err := c.Validate(t.Context(), token(server.URL+"/good", 0)); err != nil {
		t.Errorf("refused: %v", err)
	}
	_ = c.Close()
	<-closed
}
