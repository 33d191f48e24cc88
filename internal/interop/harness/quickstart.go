package harness

import (
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"
)

// StartQuickstart starts examples/quickstart and returns the URL of its page. The first start of a test run builds it.
func StartQuickstart(t testing.TB) (page string) {
	t.Helper()
	binary, err := buildQuickstart()
	if err != nil {
		t.Fatalf("build the quickstart: %v", err)
	}
	stdout := &search{pattern: regexp.MustCompile(`(?m)^(http://127\.0\.0\.1:\d+/)\n`), found: make(chan string, 1)}
	process := launch(t, func(cmd *exec.Cmd) { cmd.Stdout = stdout }, binary)
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case page = <-stdout.found:
	case <-process.done:
		t.Fatalf("the quickstart ended before it named its page: %v", process.err)
	case <-timeout.C:
		t.Fatalf("the quickstart named no page in %s", readyTimeout)
	}
	return page
}

// search hands over the first match of its pattern in what is written to it.
type search struct {
	pattern *regexp.Regexp
	found   chan string

	mu   sync.Mutex
	text []byte
	done bool
}

func (s *search) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return len(b), nil
	}
	s.text = append(s.text, b...)
	if match := s.pattern.FindSubmatch(s.text); match != nil {
		s.done, s.text = true, nil
		s.found <- string(match[1])
	}
	return len(b), nil
}
