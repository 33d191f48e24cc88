package introspection_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/faultproxy"
	"github.com/bearergate/bearergate/introspection"
)

// A router forgets about all connections at once, as many as there may be. They are not found out one by one: as soon as a
// call was lost, the next ones connect anew.
func TestHalfOpenConnections(t *testing.T) {
	const limit, timeout = 32, time.Second
	var arrived sync.WaitGroup
	arrived.Add(limit)
	var crowded sync.Once
	full := make(chan struct{})
	as := newSocketServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-full: // they have all been here
		default:
			arrived.Done()
			crowded.Do(func() {
				go func() {
					arrived.Wait()
					close(full)
				}()
			})
			<-full
		}
		answer(w)
	})
	network, err := faultproxy.Listen("tcp", strings.TrimPrefix(as.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = network.Close() })
	v := newValidator(t, introspection.Config{
		Endpoint: "http://" + network.Addr(), AllowLoopbackHTTP: true, MaxConcurrent: limit, Timeout: timeout,
	})
	var c crowd
	for i := range limit {
		c.add(1, func() string { return outcome(v.Validate(t.Context(), fmt.Sprint("token-", i))) })
	}
	c.want(t, "active", limit)
	if n := network.Strand(); n != limit {
		t.Fatalf("%d connections, want %d", n, limit)
	}
	start, lost := time.Now(), 0
	for outcome(v.Validate(t.Context(), "another token")) != "active" {
		lost++
	}
	if took := time.Since(start); lost > 1 || took > 3*timeout {
		t.Errorf("%d requests in vain, %v until one passed", lost, took)
	}
}
