package peers_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/oauthtest"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

const audience = "https://orders.example.com"

// peer protects a handler that answers with 200.
type peer struct {
	name string
	url  string
	// lacks says why there is no answer to a kind of requests.
	lacks map[aspect]string
}

// aspect is what a request is about.
type aspect string

const (
	token  aspect = "token"
	header aspect = "header"
	keys   aspect = "keys"
)

// answers are what each peer said, by request and peer.
type answers map[string]map[string]string

func TestPeers(t *testing.T) {
	as := newIssuer(t)
	forger := newForger(t, as)
	peers := startPeers(t, as, forger.public)
	got := answers{}
	for _, r := range requests {
		got.ask(t, peers, forger, r)
	}
	as.Rotate()
	as.Retire()
	got.ask(t, peers, forger, newKey)
	got.ask(t, peers, forger, withdrawnKey)

	silent := newIssuer(t)
	forger = newForger(t, silent)
	silent.Break(oauthtest.EndpointAny, oauthtest.Fault{Status: http.StatusServiceUnavailable})
	got.ask(t, startPeers(t, silent, forger.public), forger, noKeys)

	if !t.Failed() {
		t.Run("documented", func(t *testing.T) { harness.Document(t, "peers", got.table(peers)) })
	}
}

func newIssuer(t *testing.T) *oauthtest.Server {
	t.Helper()
	return oauthtest.NewServer(t, oauthtest.Config{PlainHTTP: true, Audience: audience})
}

// ask sends a request to all peers. The kit is among them, of which it is known what it should answer.
func (a answers) ask(t *testing.T, peers []peer, f *forger, r request) {
	t.Helper()
	a[r.name] = map[string]string{}
	for i, p := range peers {
		if p.lacks[r.about] != "" {
			continue
		}
		t.Run(r.name+"/"+p.name, func(t *testing.T) {
			got := answer(t, p.url, f, r)
			if kit := i < len(harness.Adapters); kit && got != r.want {
				t.Errorf("answer %s, want %s", got, r.want)
			}
			a[r.name][p.name] = got
		})
	}
}

// answer sends a request and describes what comes back: the status, and of a refusal the error or else the scheme of the
// challenge.
func answer(t *testing.T, url string, f *forger, r request) string {
	t.Helper()
	message, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.prepare(f, message)
	response, err := http.DefaultClient.Do(message)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode < 400 || response.StatusCode >= 500 {
		return fmt.Sprint(response.StatusCode)
	}
	for scheme, parameters := range (harness.Answer{Header: response.Header}).Challenges() {
		if code := parameters["error"]; code != "" {
			return fmt.Sprintf("%d %s", response.StatusCode, code)
		}
		return fmt.Sprintf("%d %s", response.StatusCode, scheme)
	}
	return fmt.Sprintf("%d, no challenge", response.StatusCode)
}

// table is what docs/interop.md says of the answers. In bold are those with another status than the kit's.
func (a answers) table(peers []peer) string {
	var b strings.Builder
	others := peers[len(harness.Adapters):]
	b.WriteString("| request | kit |")
	for _, p := range others {
		fmt.Fprintf(&b, " %s |", p.name)
	}
	fmt.Fprintf(&b, " rule |\n|---|---|%s---|\n", strings.Repeat("---|", len(others)))
	for _, r := range slices.Concat(requests, []request{newKey, withdrawnKey, noKeys}) {
		fmt.Fprintf(&b, "| %s | %s |", r.name, a[r.name][peers[0].name])
		for _, p := range others {
			fmt.Fprintf(&b, " %s |", a.cell(p, r))
		}
		fmt.Fprintf(&b, " %s |\n", r.rule)
	}
	return b.String()
}

func (a answers) cell(p peer, r request) string {
	text := a[r.name][p.name]
	switch {
	case p.lacks[r.about] != "":
		return fmt.Sprintf("- (%s)", p.lacks[r.about])
	case text[:3] != r.want[:3]: // the status
		return fmt.Sprintf("**%s**", text)
	}
	return text
}
