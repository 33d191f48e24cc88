package adaptertest

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// protected is the path of the protected route.
const protected = "/protected"

// request is a request to a server of the adapter under test. Its methods return changed copies.
type request struct {
	method string
	path   string
	query  string
	header http.Header
	body   string
	// certificate is what the client presents in the handshake, if it is asked; nil for none.
	certificate *tls.Certificate
}

// get is a request without credentials.
func get() request {
	return request{method: http.MethodGet, path: protected, header: http.Header{}}
}

// authorized sends the Authorization fields as they are.
func authorized(fields ...string) request {
	r := get()
	r.header["Authorization"] = fields
	return r
}

func bearer(token string) request { return authorized("Bearer " + token) }

// form posts a form with exactly those octets.
func form(body string) request {
	return get().as(http.MethodPost).with("Content-Type", "application/x-www-form-urlencoded").sending(body)
}

func (r request) as(method string) request {
	r.method = method
	return r
}

func (r request) to(path string) request {
	r.path = path
	return r
}

func (r request) asking(query string) request {
	r.query = query
	return r
}

func (r request) sending(body string) request {
	r.body = body
	return r
}

// with sets a header field; Host too.
func (r request) with(name string, values ...string) request {
	r.header = r.header.Clone()
	r.header[http.CanonicalHeaderKey(name)] = values
	return r
}

// presenting has the client present a certificate.
func (r request) presenting(certificate tls.Certificate) request {
	r.certificate = &certificate
	return r
}

// secrets returns the parts of the credentials that must never be seen again.
func (r request) secrets() []string {
	sent := strings.Join(slices.Concat(
		r.header["Authorization"], r.header["Dpop"], r.header["Client-Cert"], []string{r.query, r.body},
	), " ")
	parts := strings.FieldsFunc(sent, func(c rune) bool { return strings.ContainsRune(` ."&=,:`, c) })
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < 16 })
}

// over sends the request to a server over a socket.
func (r request) over(t *testing.T, server *httptest.Server) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	r.fill(req)
	resp, err := r.client(server).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

// client returns an HTTP client for the request; one that presents a certificate has a connection of its own.
func (r request) client(server *httptest.Server) *http.Client {
	shared := server.Client()
	transport, ok := shared.Transport.(*http.Transport)
	if r.certificate == nil || !ok {
		return shared
	}
	transport = transport.Clone()
	transport.TLSClientConfig.Certificates = []tls.Certificate{*r.certificate}
	transport.DisableKeepAlives = true
	return &http.Client{Transport: transport}
}

// direct hands the request to a handler.
func (r request) direct(t *testing.T, handler http.Handler) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r.inMemory(t, strings.NewReader(r.body)))
	return read(t, recorder.Result())
}

// inMemory returns the request as a handler receives it.
func (r request) inMemory(t *testing.T, body io.Reader) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), r.method, "http://server.example"+r.path, body)
	r.fill(req)
	return req
}

func (r request) fill(req *http.Request) {
	req.URL.RawQuery = r.query
	req.Header = r.header.Clone()
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
}

// answer is what a client sees of an answer, but for the fields that net/http adds: Date and Content-Length.
type answer struct {
	Status int `json:"status"`
	// Header holds the lines in the order in which net/http writes them: by name, then as they were added.
	Header []string `json:"header"`
	Body   string   `json:"body"`
}

func read(t *testing.T, resp *http.Response) answer {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	a := answer{Status: resp.StatusCode, Body: string(body)}
	for name, values := range resp.Header {
		if name == "Date" || name == "Content-Length" {
			continue
		}
		for _, value := range values {
			a.Header = append(a.Header, name+": "+value)
		}
	}
	slices.SortStableFunc(a.Header, func(a, b string) int {
		nameOfA, _, _ := strings.Cut(a, ":")
		nameOfB, _, _ := strings.Cut(b, ":")
		return strings.Compare(nameOfA, nameOfB)
	})
	return a
}

// field returns the values of a header field, whose name is in canonical form.
func (a answer) field(name string) []string {
	var values []string
	for _, line := range a.Header {
		if value, found := strings.CutPrefix(line, name+": "); found {
			values = append(values, value)
		}
	}
	return values
}

func (a answer) equal(b answer) bool {
	return a.Status == b.Status && slices.Equal(a.Header, b.Header) && a.Body == b.Body
}
