package adaptertest

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// resourceVectors returns the scenarios of RFC 9728 in wellknown.json. What is no resource gets no Guard.
func resourceVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Cases []struct {
			ID     string `json:"id"`
			Kind   string `json:"kind"`
			Input  string `json:"input"`
			Expect struct {
				URL   string `json:"url"`
				Error bool   `json:"error"`
			} `json:"expect"`
		} `json:"cases"`
	}
	load(t, "wellknown.json", &file)
	var scenarios []scenario
	for _, v := range file.Cases {
		if v.Kind != "rfc9728" {
			continue
		}
		name := "RFC 9728: " + v.ID
		if v.Expect.Error {
			scenarios = append(scenarios, scenario{name, noToken, func(s *scene) { s.playNoResource(v.Input) }})
			continue
		}
		scenarios = append(scenarios, scenario{name, ok, func(s *scene) { s.playResource(v.Input, v.Expect.URL) }})
	}
	return scenarios
}

func (s *scene) playNoResource(resource string) {
	s.Helper()
	config := middleware.Config{Metadata: middleware.Metadata{Resource: resource}}
	if _, err := middleware.New(s.validator(), config); err == nil {
		s.Errorf("a Guard for the resource %q", resource)
	}
	s.expect(get())
}

// playResource follows the challenge to the metadata, and finds the resource there that it began with.
func (s *scene) playResource(resource, located string) {
	s.Helper()
	s.guard.Metadata = middleware.Metadata{Resource: resource}
	s.also("named", want{noToken.status, `Bearer resource_metadata="` + located + `" !error`}, get())
	_, path, _ := strings.Cut(strings.TrimPrefix(located, "https://"), "/")
	path, query, _ := strings.Cut("/"+path, "?")
	document := get().to(path).asking(query)
	s.expect(document)
	s.wantDocument(document, map[string]any{
		"resource":                 resource,
		"authorization_servers":    []any{s.issuer.Issuer()},
		"bearer_methods_supported": []any{"header"},
	})
}
