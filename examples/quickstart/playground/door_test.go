package playground_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/examples/quickstart/playground"
	"github.com/bearergate/bearergate/oauthtest"
)

// What a page of another origin can make a browser send is refused before anything is done.
func TestDoor(t *testing.T) {
	d := start(t)
	own := strings.TrimSuffix(d.URL(), "/")
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(own, "http://"))
	const choice = `{"token":"good","route":"read","framework":"Gin"}`
	tests := []struct {
		name, method, path, host string
		header                   map[string]string
		body                     string
		want                     int
	}{
		{"page", "GET", "", "", nil, "", 200},
		{"page by name", "GET", "", "localhost:" + port, nil, "", 200},
		{"page under another name", "GET", "", "attacker.example:" + port, nil, "", 421},
		{"page under another port", "GET", "", "127.0.0.1:1", nil, "", 421},
		{"counters under another name", "GET", "counters", "attacker.example", nil, "", 421},
		{"other page", "GET", "index.html", "", nil, "", 404},
		{"page by POST", "POST", "", "", nil, "", 405},

		{"send", "POST", "send", "", map[string]string{"Origin": own}, choice, 200},
		{"send from a browser", "POST", "send", "", map[string]string{"Origin": own, "Sec-Fetch-Site": "same-origin"}, choice, 200},
		{"send without a browser", "POST", "send", "", nil, choice, 200},
		{"send from elsewhere", "POST", "send", "", map[string]string{"Origin": "https://attacker.example"}, choice, 403},
		{"send from another port", "POST", "send", "", map[string]string{"Origin": "http://127.0.0.1:1"}, choice, 403},
		{"send from nowhere", "POST", "send", "", map[string]string{"Origin": "null"}, choice, 403},
		{"send from the same site", "POST", "send", "", map[string]string{"Sec-Fetch-Site": "same-site"}, choice, 403},
		{"send across sites", "POST", "send", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, choice, 403},
		{"send under another name", "POST", "send", "attacker.example", map[string]string{"Origin": "http://attacker.example"}, choice, 421},
		{"send by GET", "GET", "send", "", nil, "", 405},
		{"form", "POST", "send", "", map[string]string{"Content-Type": "text/plain"}, choice, 415},
		{"no JSON", "POST", "send", "", nil, "token=good", 400},
		{"unknown member", "POST", "send", "", nil, `{"url":"http://127.0.0.1/"}`, 400},
		{"unknown token", "POST", "send", "", nil, `{"token":"best","route":"read","framework":"Gin"}`, 400},
		{"unknown route", "POST", "send", "", nil, `{"token":"good","route":"all","framework":"Gin"}`, 400},
		{"unknown framework", "POST", "send", "", nil, `{"token":"good","route":"read","framework":""}`, 400},
		{"too much", "POST", "send", "", nil, `{"token":"` + strings.Repeat("x", 2000) + `"}`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := d.request(t, tt.method, tt.path, strings.NewReader(tt.body))
			r.Host = tt.host
			r.Header.Set("Content-Type", "application/json")
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			response := do(t, r)
			defer response.Body.Close()
			if response.StatusCode != tt.want {
				body, _ := io.ReadAll(response.Body)
				t.Errorf("status %d, want %d: %s", response.StatusCode, tt.want, body)
			}
			if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("policy %q", policy)
			}
			if len(response.Header["Access-Control-Allow-Origin"]) > 0 {
				t.Error("another origin may read this")
			}
		})
	}
	// Of the 24 requests above three were let through.
	if rows := readCounters(t, d.counters(t)); len(rows) != 1 || rows[0].Requests["Gin"] != 3 {
		t.Errorf("counted %+v", rows)
	}
}

// The page is for whoever sits at the machine.
func TestStartRefuses(t *testing.T) {
	as := oauthtest.NewServer(t, oauthtest.Config{Audience: audience, Algorithms: []string{"ES256"}})
	exposed := wildcard{listen(t, "127.0.0.1:0")}
	if _, err := playground.Start(as, audience, exposed); err == nil {
		t.Error("a playground for everybody")
	}
	if _, err := net.Dial("tcp", exposed.Listener.Addr().String()); err == nil {
		t.Error("the listener was left open")
	}
	unusable := listen(t, "127.0.0.1:0")
	if _, err := playground.Start(as, "http://orders.example.com", unusable); err == nil {
		t.Error("an audience that no DPoP proof can be for")
	}
}

// wildcard says of a listener that it is open to all.
type wildcard struct{ net.Listener }

func (wildcard) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8083} }

func TestClose(t *testing.T) {
	d := start(t)
	d.Close()
	if _, err := d.ask(t.Context(), order{"good", "read", "Gin"}); err == nil {
		t.Error("still there")
	}
}
