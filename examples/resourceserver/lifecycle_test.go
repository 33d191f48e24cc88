package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

func TestReadyLine(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		want := fmt.Sprintf(`{"ready":true,"addr":%q,"adapter":%q}`, strings.TrimPrefix(s.url, "http://"), adapter)
		if s.ready != want+"\n" {
			t.Errorf("got %s, want %s", s.ready, want)
		}
	})
}

func TestProbes(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	as.Break(oauthtest.EndpointAny, oauthtest.Fault{Drop: true})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		for _, test := range []struct {
			path string
			want int
			body string
		}{
			{"/healthz", 200, `{"healthy":true}`},
			{"/readyz", 503, `{"ready":false,"reason":"keys_unavailable"}`},
		} {
			got := s.get(test.path, "")
			if got.status != test.want || got.body != test.body+"\n" {
				t.Errorf("%s: %d %s, want %d %s", test.path, got.status, got.body, test.want, test.body)
			}
		}
	})
}

func TestReady(t *testing.T) {
	s := trusting(t, newIssuer(t, oauthtest.Config{}))
	if got := s.get("/readyz", ""); got.status != 200 || got.body != `{"ready":true}`+"\n" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A probe is answered although the issuer never does.
func TestReadyDeadline(t *testing.T) {
	t.Parallel()
	as := newIssuer(t, oauthtest.Config{})
	as.Break(oauthtest.EndpointAny, oauthtest.Fault{Hang: true})
	s := trusting(t, as, "-fetch-timeout", "1m")
	if got := s.get("/readyz", ""); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestLog(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	token := as.Mint(oauthtest.Token{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		s.get("/orders", token)
		s.stop(syscall.SIGINT)

		if strings.Contains(s.stderr.String(), token[:len(token)/2]) {
			t.Error("the log contains the token")
		}
		var start struct {
			Msg   string
			Guard map[string]any
		}
		var decision struct{ Level, Msg, Reason string }
		lines := json.NewDecoder(bytes.NewReader(s.stderr.Bytes()))
		if err := errors.Join(lines.Decode(&start), lines.Decode(&decision)); err != nil || lines.More() {
			t.Fatalf("%s: %v", s.stderr.String(), err)
		}
		if first, _ := start.Guard["route_1"].(string); start.Msg != "protected" || !strings.Contains(first, ": ") {
			t.Errorf("logged %+v", start)
		}
		if decision.Level != "INFO" || decision.Reason != "insufficient_scope" {
			t.Errorf("logged %+v", decision)
		}
	})
}

// stream begins a stream and returns it after its first event. A stream that does not end is cut off.
func stream(t *testing.T, s *server, token string) (rest *bufio.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	response, err := http.DefaultClient.Do(s.request(http.MethodGet, "/stream", token).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if media := response.Header.Get("Content-Type"); response.StatusCode != 200 || media != "text/event-stream" {
		t.Fatalf("%d, Content-Type %q", response.StatusCode, media)
	}
	rest = bufio.NewReader(response.Body)
	event, err := rest.ReadString('\n')
	if err != nil || !strings.HasPrefix(event, `data: {"handler":"stream","iss":`) {
		t.Fatalf("event %q: %v", event, err)
	}
	return rest
}

func TestStreamEndsWithToken(t *testing.T) {
	as := newIssuer(t, oauthtest.Config{})
	eachAdapter(t, func(t *testing.T, adapter string) {
		s := trusting(t, as, "-adapter", adapter)
		token := as.Mint(oauthtest.Token{ExpiresIn: 3 * time.Second})
		earliest := time.Now().Add(time.Second) // exp has no fractions
		events, err := io.ReadAll(stream(t, s, token))
		if err != nil {
			t.Error(err)
		}
		if early := time.Until(earliest); early > 0 {
			t.Errorf("ended %s too early", early)
		}
		if strings.Count(string(events), "data: ") == 0 {
			t.Error("one event, want one a second")
		}
	})
}

// On a signal streams end, and requests in flight are answered.
func TestStop(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		eachAdapter(t, func(t *testing.T, adapter string) {
			asked := make(chan struct{}, 2)
			as := newIssuer(t, oauthtest.Config{OnRequest: func(e oauthtest.Endpoint, _ *http.Request) {
				if e == oauthtest.EndpointJWKS {
					asked <- struct{}{}
				}
			}})
			s := trusting(t, as, "-adapter", adapter)
			events := stream(t, s, as.Mint(oauthtest.Token{}))
			<-asked

			as.Rotate()
			as.Break(oauthtest.EndpointJWKS, oauthtest.Fault{Hang: true})
			status := make(chan int, 1)
			go func() { status <- statusOf(s.request(http.MethodGet, "/me", as.Mint(oauthtest.Token{}))) }()
			<-asked

			if err := s.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(events); err != nil {
				t.Error("the stream was cut off:", err)
			}
			as.Heal()
			if got := <-status; got != 200 {
				t.Errorf("the request in flight got %d, want 200", got)
			}
			s.wait()
		})
	}
}

// statusOf is 0 if there is no answer.
func statusOf(r *http.Request) int {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}
