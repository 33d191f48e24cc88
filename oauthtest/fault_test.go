package oauthtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

func TestFaultAnswers(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		own := get(t, as, oauthtest.EndpointJWKS).body
		tests := []struct {
			name        string
			fault       oauthtest.Fault
			status      int
			contentType string
			body        string
		}{
			{"none", oauthtest.Fault{}, 200, "application/json", own},
			{"status", oauthtest.Fault{Status: 503}, 503, "application/json", ""},
			{"body", oauthtest.Fault{Body: "<html>"}, 200, "application/json", "<html>"},
			{"status and body", oauthtest.Fault{Status: 500, Body: "no"}, 500, "application/json", "no"},
			{"status without body", oauthtest.Fault{Status: 204}, 204, "", ""},
			{"status that allows no body", oauthtest.Fault{Status: 304, Body: "x"}, 304, "", ""},
			{"media type", oauthtest.Fault{Header: http.Header{"content-type": {"text/html"}}}, 200, "text/html", own},
			{"no media type", oauthtest.Fault{Header: http.Header{"Content-Type": nil}}, 200, "", own},
		}
		for _, test := range tests {
			as.Break(oauthtest.EndpointJWKS, test.fault)
			got := get(t, as, oauthtest.EndpointJWKS)
			if got.status != test.status || got.body != test.body || got.header.Get("Content-Type") != test.contentType {
				t.Errorf("%s: %d %q %q", test.name, got.status, got.header.Get("Content-Type"), got.body)
			}
			as.Heal()
			if got := get(t, as, oauthtest.EndpointJWKS); got.status != 200 || got.body != own {
				t.Errorf("%s, healed: %d %s", test.name, got.status, got.body)
			}
		}
	})
}

func TestFaultHeader(t *testing.T) {
	everyWay(t, oauthtest.Config{CacheControl: "no-store"}, func(t *testing.T, as *oauthtest.Server) {
		header := http.Header{"ETag": {`"x"`}, "Retry-After": {"7"}, "Cache-Control": {}}
		as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Header: header})
		header["Retry-After"][0] = "changed"
		for range 2 {
			got := get(t, as, oauthtest.EndpointJWKS).header
			if got.Get("ETag") != `"x"` || got.Get("Retry-After") != "7" || got.Get("Cache-Control") != "" {
				t.Errorf("header %v", got)
			}
			got["Retry-After"][0] = "changed" // by a caller that owns the answer
		}
	})
}

func TestFaultScope(t *testing.T) {
	as := memoryServer(t)
	statuses := func() [2]int {
		return [2]int{get(t, as, oauthtest.EndpointMetadata).status, get(t, as, oauthtest.EndpointJWKS).status}
	}
	steps := []struct {
		name string
		step func()
		want [2]int
	}{
		{"everything is broken", func() { as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: 500}) }, [2]int{500, 500}},
		{"one in another way", func() { as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503}) }, [2]int{500, 503}},
		{"one works", func() { as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{}) }, [2]int{500, 200}},
		{"all work", as.Heal, [2]int{200, 200}},
	}
	for _, step := range steps {
		step.step()
		if got := statuses(); got != step.want {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestFaultTimes(t *testing.T) {
	as := memoryServer(t)
	as.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: 500})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Status: 503, Times: 2})
	for i, want := range []int{503, 503, 200, 200} {
		if got := get(t, as, oauthtest.EndpointJWKS).status; got != want {
			t.Errorf("request %d: %d, want %d", i+1, got, want)
		}
	}
}

func TestFaultDrop(t *testing.T) {
	everyWay(t, oauthtest.Config{}, func(t *testing.T, as *oauthtest.Server) {
		as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Drop: true})
		answer, err := as.HTTPClient().Get(as.URL(oauthtest.EndpointJWKS))
		if err == nil {
			answer.Body.Close()
			t.Error("got an answer")
		}
		as.Heal()
		if got := get(t, as, oauthtest.EndpointJWKS); got.status != http.StatusOK {
			t.Errorf("healed: %d", got.status)
		}
	})
}

// fetch asks for the key set with a deadline of its own, 0 for none.
func fetch(as *oauthtest.Server, deadline time.Duration) (string, error) {
	client := as.HTTPClient()
	client.Timeout = deadline
	answer, err := client.Get(as.URL(oauthtest.EndpointJWKS))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestFaultTiming(t *testing.T) {
	const never = 0
	tests := []struct {
		name     string
		fault    oauthtest.Fault
		deadline time.Duration
		took     time.Duration
		fails    bool
	}{
		{"latency", oauthtest.Fault{Latency: time.Hour}, never, time.Hour, false},
		{"latency beyond the deadline", oauthtest.Fault{Latency: time.Hour}, time.Minute, time.Minute, true},
		{"latency before a drop", oauthtest.Fault{Latency: time.Hour, Drop: true}, never, time.Hour, true},
		{"hang until the deadline", oauthtest.Fault{Hang: true}, time.Minute, time.Minute, true},
		{"drip", oauthtest.Fault{Body: "12345", Drip: time.Second}, never, 5 * time.Second, false},
		{"drip beyond the deadline", oauthtest.Fault{Drip: time.Minute}, 90 * time.Second, 90 * time.Second, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
				as.Break(oauthtest.EndpointJWKS, test.fault)
				start := time.Now()
				_, err := fetch(as, test.deadline)
				if (err != nil) != test.fails || time.Since(start) != test.took {
					t.Errorf("took %v: %v", time.Since(start), err)
				}
				if test.deadline != never && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error is %v", err)
				}
			})
		})
	}
}

func TestWhatEndsAWait(t *testing.T) {
	holds := map[string]oauthtest.Fault{
		"latency": {Status: 503, Latency: time.Hour},
		"hang":    {Status: 503, Hang: true},
		"drip":    {Drip: time.Hour},
	}
	replace := func(as *oauthtest.Server) { as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Drop: true}) }
	ends := map[string]struct {
		end   func(*oauthtest.Server)
		fails bool
	}{
		"heal":          {(*oauthtest.Server).Heal, false},
		"another fault": {replace, false},
		"close":         {func(as *oauthtest.Server) { _ = as.Close() }, true},
	}
	for hold, fault := range holds {
		for end, test := range ends {
			t.Run(hold+" until "+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
					want, err := fetch(as, 0)
					if err != nil {
						t.Fatal(err)
					}
					as.Break(oauthtest.EndpointJWKS, fault)
					start := time.Now()
					done := make(chan struct{})
					go func() {
						defer close(done)
						got, err := fetch(as, 0)
						if (err != nil) != test.fails || err == nil && got != want {
							t.Errorf("got %q, %v", got, err)
						}
					}()
					synctest.Wait()
					test.end(as)
					<-done
					if took := time.Since(start); took != 0 {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
}

// On sockets a hung request must end with its client and with the server, or neither would ever stop.
func TestHangOnSockets(t *testing.T) {
	arrived := make(chan struct{})
	cfg := oauthtest.Config{
		PlainHTTP: true, Algorithms: []string{"ES256"},
		OnRequest: func(oauthtest.Endpoint, *http.Request) { arrived <- struct{}{} },
	}
	ends := map[string]func(context.CancelFunc, *oauthtest.Server){
		"client leaves": func(cancel context.CancelFunc, _ *oauthtest.Server) { cancel() },
		"close":         func(_ context.CancelFunc, as *oauthtest.Server) { _ = as.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			as := oauthtest.NewServer(t, cfg)
			as.Break(oauthtest.EndpointAny, oauthtest.Fault{Hang: true})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := formRequest(t, as, oauthtest.EndpointIntrospection, url.Values{"token": {"x"}}).WithContext(ctx)
			failed := make(chan error)
			go func() {
				answer, err := as.HTTPClient().Do(r)
				if err == nil {
					answer.Body.Close()
				}
				failed <- err
			}()
			<-arrived
			end(cancel, as)
			if err := <-failed; err == nil {
				t.Error("got an answer")
			}
		})
	}
}

func TestDripOnSockets(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Algorithms: []string{"ES256"}})
	as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Body: "12345", Drip: time.Millisecond})
	if got, err := fetch(as, 0); got != "12345" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// An answer on its way does not learn of what happens meanwhile: that is the race a cache has to survive.
func TestAnswerIsSettledOnArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as := oauthtest.NewServer(t, oauthtest.Config{InMemory: true, Algorithms: []string{"ES256"}})
		token := as.Mint(oauthtest.Token{Opaque: true})
		as.Break(oauthtest.EndpointIntrospection, oauthtest.Fault{Latency: time.Second, Times: 1})
		late := make(chan any)
		go func() { late <- introspect(t, as, token)["active"] }()
		synctest.Wait()
		as.Revoke(token)
		if got := introspect(t, as, token)["active"]; got != false {
			t.Errorf("active is %v after the revocation", got)
		}
		if got := <-late; got != true {
			t.Errorf("the late answer says %v", got)
		}
	})
}
