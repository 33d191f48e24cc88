package discovery_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/discovery"
	"github.com/bearergate/bearergate/internal/upstream"
)

// server serves documents by path and records the requests.
type server struct {
	*httptest.Server
	documents map[string]string
	asked     []string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{documents: map[string]string{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.URL.Path)
		document, ok := s.documents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(document))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) find(t *testing.T, path string) (string, error) {
	t.Helper()
	c := discovery.Client{HTTP: upstream.Client(s.Client()), AllowLoopback: true}
	return c.Endpoint(t.Context(), s.URL+path, "introspection_endpoint")
}

func TestEndpoint(t *testing.T) {
	const oauth, openID = "/.well-known/oauth-authorization-server/a", "/a/.well-known/openid-configuration"
	s := newServer(t)
	document := func(issuer, endpoint string) string {
		return fmt.Sprintf(`{"issuer":%q,"introspection_endpoint":%q}`, issuer, endpoint)
	}
	right := document(s.URL+"/a", s.URL+"/introspect")
	tests := []struct {
		name          string
		oauth, openID string
		ok            bool
		asked         int
	}{
		{"RFC 8414", right, "", true, 1},
		{"OpenID Connect", "", right, true, 2},
		{"both", right, right, true, 1},
		{"neither", "", "", false, 2},
		{"of another issuer", document(s.URL, s.URL+"/introspect"), "", false, 2},
		{"of another issuer, then right", document("https://evil.example", s.URL), right, true, 2},
		{"without the member", fmt.Sprintf(`{"issuer":%q}`, s.URL+"/a"), "", false, 2},
		{"member that is no URL", document(s.URL+"/a", "introspect"), "", false, 2},
		{"member in plain http", document(s.URL+"/a", "http://as.example.com/"), "", false, 2},
		{"member twice", fmt.Sprintf(`{"issuer":%q,"introspection_endpoint":%q,"introspection_endpoint":%[2]q}`, s.URL+"/a", s.URL), "", false, 2},
		{"no JSON", "<html>", "", false, 2},
		{"too large", right + string(make([]byte, 600<<10)), "", false, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.documents, s.asked = map[string]string{}, nil
			for path, document := range map[string]string{oauth: tt.oauth, openID: tt.openID} {
				if document != "" {
					s.documents[path] = document
				}
			}
			found, err := s.find(t, "/a")
			if (err == nil) != tt.ok || tt.ok && found != s.URL+"/introspect" {
				t.Errorf("%s, %v", found, err)
			}
			if len(s.asked) != tt.asked {
				t.Errorf("asked for %q", s.asked)
			}
		})
	}
}

func TestCheckIssuer(t *testing.T) {
	var file struct {
		Cases []struct {
			ID     string `json:"id"`
			Kind   string `json:"kind"`
			Input  string `json:"input"`
			Expect struct {
				Error bool `json:"error"`
			} `json:"expect"`
		} `json:"cases"`
	}
	if err := conformance.Vectors("wellknown.json", &file); err != nil {
		t.Fatal(err)
	}
	for _, tt := range file.Cases {
		if tt.Kind != "issuer" {
			continue
		}
		if err := discovery.CheckIssuer(tt.Input, false); (err != nil) != tt.Expect.Error {
			t.Errorf("%s: %v", tt.ID, err)
		}
	}
}

// TestCheckIssuerOfMetadata: the URL of a document is easily taken for the issuer it speaks of.
func TestCheckIssuerOfMetadata(t *testing.T) {
	const issuer = "https://as.example.com/a"
	found, err := discovery.Locations(issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range append(found, issuer+"/.well-known/jwks.json") {
		if err := discovery.CheckIssuer(location, false); err == nil || !strings.Contains(err.Error(), "member issuer") {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	s := newServer(t)
	s.Close()
	if found, err := s.find(t, ""); err == nil {
		t.Errorf("found %s", found)
	}
	c := discovery.Client{HTTP: http.DefaultClient}
	if _, err := c.Endpoint(t.Context(), "https://%zz", "jwks_uri"); err == nil {
		t.Error("an issuer that is no URL")
	}
}
