package upstream_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
)

func TestCheckURL(t *testing.T) {
	for _, tt := range []struct {
		url             string
		public, atLocal bool // accepted without and with loopback allowed
	}{
		{"https://as.example.com", true, true},
		{"https://as.example.com:8443/realms/a?b=c", true, true},
		{"https://127.0.0.1/keys", true, true}, // configured by hand, and not by a document
		{"HTTPS://as.example.com", true, true},
		{"http://127.0.0.1:9000/keys", false, true},
		{"http://127.8.9.10/", false, true},
		{"http://[::1]:9000", false, true},
		{"http://[::ffff:127.0.0.1]", false, true},
		{"http://localhost", false, true},
		{"http://LocalHost.:9000", false, true},
		{"http://as.example.com", false, false},
		{"http://localhost.example.com", false, false},
		{"http://127.0.0.1.example.com", false, false},
		{"http://10.0.0.1", false, false},
		{"https://user@as.example.com", false, false},
		{"https://user:pw@as.example.com", false, false},
		{"https://as.example.com/#", false, false},
		{"https://as.example.com/#f", false, false},
		{"ftp://as.example.com", false, false},
		{"file:///etc/passwd", false, false},
		{"as.example.com", false, false},
		{"//as.example.com", false, false},
		{"https:as.example.com", false, false},
		{"https:///keys", false, false},
		{"https://:443/keys", false, false},
		{"https://as.example.com/\n", false, false},
		{"https://as.example.com:port", false, false},
		{"https://as.example.com:65535", true, true},
		{"https://as.example.com:65536", false, false},
		{"https://[2001:db8::1]:99999", false, false},
		{"https://as.example.com:0", false, false},
		{"https://as.example.com:/keys", false, false},
		{"https://as.example.com/ ", false, false},
		{"https://as.example.com/a b", false, false},
		{"https://as.example.com/a\u00a0b", false, false},
		{"https://as.example.com/café", true, true},
		{" https://as.example.com", false, false},
		{"", false, false},
	} {
		for allow, want := range map[bool]bool{false: tt.public, true: tt.atLocal} {
			err := upstream.CheckURL(tt.url, allow)
			if (err == nil) != want {
				t.Errorf("%q, loopback %t: %v, want acceptance: %t", tt.url, allow, err, want)
			}
			if err != nil && tt.url != "" && strings.Contains(err.Error(), tt.url) {
				t.Errorf("the error repeats the URL: %v", err)
			}
		}
	}
}

// TestCheckURLSays: what is easily overlooked is named.
func TestCheckURLSays(t *testing.T) {
	for url, want := range map[string]string{
		"https://as.example.com/\n":    "white space or a control character",
		"https://as.example.com ":      "white space or a control character",
		"https://as.example.com:99999": "port",
	} {
		if err := upstream.CheckURL(url, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
	}
}

func TestCheckClient(t *testing.T) {
	var nothing *http.Transport
	for name, tt := range map[string]struct {
		client *http.Client
		good   bool
	}{
		"none":         {nil, true},
		"default":      {&http.Client{}, true},
		"transport":    {&http.Client{Transport: &http.Transport{}}, true},
		"nil pointer":  {&http.Client{Transport: nothing}, false},
		"nil function": {&http.Client{Transport: roundTrip(nil)}, false},
	} {
		if err := upstream.CheckClient(tt.client); (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCheckDiscovered(t *testing.T) {
	const issuer = "https://as.example.com/a"
	for _, tt := range []struct {
		url, issuer string
		allow       bool
		want        bool
	}{
		{"https://as.example.com/keys", issuer, false, true},
		{"https://cdn.example.net/keys", issuer, false, true},
		{"https://192.0.2.1/keys", issuer, false, true},
		{"http://cdn.example.net/keys", issuer, false, false},
		{"http://cdn.example.net/keys", issuer, true, false},

		{"https://127.0.0.1/keys", issuer, false, false},
		{"https://127.0.0.1/keys", issuer, true, true},
		{"https://localhost/keys", issuer, false, false},
		{"https://LOCALHOST/keys", issuer, false, false},
		{"https://localhost./keys", issuer, false, false},
		{"https://127.0.0.1./keys", issuer, false, false},
		{"https://[::1]/keys", issuer, false, false},
		{"https://0.0.0.0/keys", issuer, false, false},
		{"https://[::]/keys", issuer, false, false},
		{"https://10.1.2.3/keys", issuer, true, false},
		{"https://172.16.0.1/keys", issuer, false, false},
		{"https://192.168.0.1/keys", issuer, false, false},
		{"https://[fd00::1]/keys", issuer, false, false},
		{"https://169.254.169.254/latest", issuer, false, false},
		{"https://[::ffff:169.254.169.254]/latest", issuer, false, false},
		{"https://[fe80::1%25eth0]/keys", issuer, false, false},
		{"https://224.0.0.1/keys", issuer, false, false},

		{"https://10.1.2.3:8443/keys", "https://10.1.2.3", false, true},
		{"https://10.1.2.4/keys", "https://10.1.2.3", false, false},
		{"https://127.0.0.1:8443/keys", "https://127.0.0.1", false, true},
		{"", issuer, false, false},
	} {
		err := upstream.CheckDiscovered(tt.url, tt.issuer, tt.allow)
		if (err == nil) != tt.want {
			t.Errorf("%q of %q, loopback %t: %v, want acceptance: %t", tt.url, tt.issuer, tt.allow, err, tt.want)
		}
	}
}

func TestReadBody(t *testing.T) {
	for _, tt := range []struct {
		body string
		want error
	}{
		{"", nil},
		{"12345678", nil},
		{"123456789", upstream.ErrTooLarge},
		{strings.Repeat("x", 1<<20), upstream.ErrTooLarge},
	} {
		data, err := upstream.ReadBody(strings.NewReader(tt.body), 8)
		if !errors.Is(err, tt.want) || (err == nil && string(data) != tt.body) {
			t.Errorf("%d octets: %q, %v; want %v", len(tt.body), data, err, tt.want)
		}
	}
	broken := io.MultiReader(strings.NewReader("1234"), brokenReader{})
	if data, err := upstream.ReadBody(broken, 8); !errors.Is(err, io.ErrUnexpectedEOF) || data != nil {
		t.Errorf("a body cut short: %q, %v", data, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestClientFollowsNoRedirect(t *testing.T) {
	moved := &moved{}
	base := &http.Client{Transport: moved, Timeout: time.Minute}
	client := upstream.Client(base)
	if base.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
	if client.Timeout != time.Minute {
		t.Error("the caller's settings were lost")
	}
	resp, err := client.Get("https://as.example.com/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusFound || moved.requests != 1 {
		t.Errorf("status %d after %d requests", resp.StatusCode, moved.requests)
	}
}

// moved answers every request with a redirect.
type moved struct{ requests int }

func (m *moved) RoundTrip(r *http.Request) (*http.Response, error) {
	m.requests++
	return &http.Response{
		StatusCode: http.StatusFound,
		Header:     http.Header{"Location": {"https://evil.example/"}},
		Body:       http.NoBody,
		Request:    r,
	}, nil
}

func TestDefaultClient(t *testing.T) {
	transport, ok := upstream.Client(nil).Transport.(*http.Transport)
	switch {
	case !ok || transport == http.DefaultTransport:
		t.Error("the default transport is shared")
	case transport.Proxy == nil:
		t.Error("the proxy environment is ignored")
	case transport.MaxResponseHeaderBytes == 0 || transport.MaxResponseHeaderBytes > 1<<20:
		t.Errorf("header limit %d", transport.MaxResponseHeaderBytes)
	}
}
