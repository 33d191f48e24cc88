package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bearergate/bearergate/oauthtest"
)

// asProgram makes the test binary behave as the program it tests.
const asProgram = "RESOURCESERVER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	// The race detector would hold up the end of each process for a second.
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// server is the program at work.
type server struct {
	t      *testing.T
	url    string
	ready  string // the line it printed
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer // readable once the program has ended
	ended  bool
}

// start runs the program on a free port until the test ends.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: program(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(syscall.SIGTERM) })
	s.stdout = bufio.NewReader(stdout)
	s.ready, _ = s.stdout.ReadString('\n')
	var line readyLine
	if err := json.Unmarshal([]byte(s.ready), &line); err != nil {
		t.Fatalf("ready line %q: %v", s.ready, err)
	}
	s.url = "http://" + line.Addr
	return s
}

// stop ends the program with a signal.
func (s *server) stop(signal os.Signal) {
	s.t.Helper()
	if s.ended {
		return
	}
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Error(err)
	}
	s.wait()
}

// wait requires that the program ends well and prints nothing more.
func (s *server) wait() {
	s.t.Helper()
	s.ended = true
	if rest, _ := io.ReadAll(s.stdout); len(rest) > 0 {
		s.t.Errorf("printed %q after the ready line", rest)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("%v\n%s", err, &s.stderr)
	}
}

// answer is a response, read to its end.
type answer struct {
	status    int
	header    http.Header
	challenge string
	body      string
}

func (s *server) get(path, token string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, token)
}

func (s *server) do(method, path, token string) answer {
	s.t.Helper()
	return s.send(s.request(method, path, token))
}

// post sends a body.
func (s *server) post(path, token, mediaType, body string) answer {
	s.t.Helper()
	r := s.request(http.MethodPost, path, token)
	r.Header.Set("Content-Type", mediaType)
	r.Body = io.NopCloser(strings.NewReader(body))
	return s.send(r)
}

func (s *server) send(r *http.Request) answer {
	s.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	challenge := strings.Join(response.Header.Values("WWW-Authenticate"), "\n")
	return answer{response.StatusCode, response.Header, challenge, string(body)}
}

func (s *server) request(method, path, token string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// wantStatus requests /me.
func (s *server) wantStatus(token string, want int) {
	s.t.Helper()
	wantStatus(s.t, s.get("/me", token), want)
}

func wantStatus(t *testing.T, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Errorf("status %d, want %d; %s", got.status, want, got.body)
	}
}

const audience = "https://api.example.com"

func newIssuer(t *testing.T, cfg oauthtest.Config) *oauthtest.Server {
	t.Helper()
	cfg.PlainHTTP = true
	return oauthtest.NewServer(t, cfg)
}

// trusting starts the program with as for its issuer.
func trusting(t *testing.T, as *oauthtest.Server, args ...string) *server {
	t.Helper()
	return start(t, slices.Concat([]string{"-insecure-http", "-issuer", as.Issuer(), "-audience", audience}, args)...)
}

func eachAdapter(t *testing.T, test func(*testing.T, string)) {
	t.Helper()
	for _, adapter := range []string{"nethttp", "echo", "gin"} {
		t.Run(adapter, func(t *testing.T) {
			t.Parallel()
			test(t, adapter)
		})
	}
}
