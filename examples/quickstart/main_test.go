package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// asProgram makes the test binary behave as the program it tests.
const asProgram = "QUICKSTART_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
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
	cmd.Stderr = os.Stderr
	return cmd
}

func TestWalk(t *testing.T) {
	out, err := program(t, "-once").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, match := range regexp.MustCompile(`< HTTP/1.1 (\d+) `).FindAllStringSubmatch(string(out), -1) {
		got = append(got, match[1])
	}
	// One exchange for each step: had a framework answered otherwise, there would be more.
	if want := []string{"401", "403", "200", "200", "401"}; !slices.Equal(got, want) {
		t.Errorf("statuses %q, want %q", got, want)
	}
	for _, want := range []string{
		"5. Expired token\n",
		"  < Www-Authenticate: Bearer realm=\"api\"\n",
		`error="insufficient_scope"`, `scope="orders:read"`, `error="invalid_token"`,
		`{"customer":"alice"`,
		"The keys were fetched 2 times",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if page.Match(out) {
		t.Error("a page that nobody can visit was named")
	}
	if regexp.MustCompile(`eyJ[\w-]+\.`).Match(out) {
		t.Error("a token was printed at full length")
	}
}

var (
	expected = regexp.MustCompile(`, (\d{3})$`)
	curl     = regexp.MustCompile(`^curl -i (?:-H 'Authorization: (Bearer [^']+)' )?(http://\S+)$`)
	page     = regexp.MustCompile(`(?m)^http://127\.0\.0\.1:\d+/$`)
)

// offer is a command that the program prints, and the status that it says this gets.
type offer struct{ want, authorization, url string }

// start runs the program until the test ends, and returns what it offers to try: commands and pages.
func start(t *testing.T) (cmd *exec.Cmd, commands []offer, pages []string) {
	t.Helper()
	cmd = program(t)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var want string
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "Ctrl-C ends it."; {
		line := lines.Text()
		if match := expected.FindStringSubmatch(line); match != nil {
			want = match[1]
		}
		if page.MatchString(line) {
			pages = append(pages, line)
		}
		if match := curl.FindStringSubmatch(line); match != nil {
			commands = append(commands, offer{want, match[1], match[2]})
		}
	}
	return cmd, commands, pages
}

func TestCurl(t *testing.T) {
	cmd, commands, pages := start(t)
	for _, page := range pages {
		if got := ask(t, page, "").status; got != "200 OK" {
			t.Errorf("%s: %s", page, got)
		}
	}
	for _, c := range commands {
		if got := ask(t, c.url, c.authorization).status; !strings.HasPrefix(got, c.want+" ") {
			t.Errorf("%s: %s, want %s", c.url, got, c.want)
		}
	}
	if len(commands) != 5 || len(pages) != 1 {
		t.Errorf("%d commands and %d pages, want 5 and 1", len(commands), len(pages))
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// answer is a response without its body.
type answer struct {
	proto, status string
	header        http.Header
}

func ask(t *testing.T, url, authorization string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return answer{response.Proto, response.Status, response.Header}
}
