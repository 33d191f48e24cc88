package playground

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var document string

// page is the page with what there is to choose from, and the policy that lets its own style and script run, and no other.
type page struct {
	html   []byte
	policy string
}

func newPage(handlers []handler) (*page, error) {
	parsed, err := template.New("page").Parse(document)
	if err != nil {
		return nil, err
	}
	var frameworks []choice
	for _, h := range handlers {
		frameworks = append(frameworks, choice{ID: h.framework, Label: h.framework})
	}
	var html bytes.Buffer
	if err := parsed.Execute(&html, map[string]any{"Tokens": kinds, "Routes": routes, "Frameworks": frameworks}); err != nil {
		return nil, err
	}
	style, styled := contentOf(html.String(), "style")
	script, scripted := contentOf(html.String(), "script")
	if !styled || !scripted {
		return nil, fmt.Errorf("the page has no style or no script")
	}
	return &page{html.Bytes(), strings.Join([]string{
		"default-src 'none'", "connect-src 'self'", "img-src data:",
		"style-src '" + hashOf(style) + "'", "script-src '" + hashOf(script) + "'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")}, nil
}

// contentOf returns what stands in the only element of that name, which has no attributes.
func contentOf(html, element string) (content string, found bool) {
	_, rest, opened := strings.Cut(html, "<"+element+">")
	content, _, closed := strings.Cut(rest, "</"+element+">")
	return content, opened && closed
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p *page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(p.html) // nobody to tell if the client has gone
}
