package playground_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The policy allows the style and the script of the page by their hashes, and nothing else could be loaded.
func TestPage(t *testing.T) {
	d := start(t)
	response := do(t, d.request(t, http.MethodGet, "", nil))
	defer response.Body.Close()
	octets, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	html, policy := string(octets), response.Header.Get("Content-Security-Policy")
	for element, directive := range map[string]string{"style": "style-src", "script": "script-src"} {
		content := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(html, -1)
		if len(content) != 1 {
			t.Fatalf("%d elements %s", len(content), element)
		}
		sum := sha256.Sum256([]byte(content[0][1]))
		allowed := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(policy+";", allowed+";") {
			t.Errorf("policy %s, want %s and nothing else", policy, allowed)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	for _, external := range []string{`\ssrc=`, `https?:`, `url\(`, `@import`, `\sstyle=`, `\son\w+=`, `innerHTML`, `insertAdjacent`, `document\.write`} {
		if found := regexp.MustCompile(external).FindString(html); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	for token := range matrix {
		if !strings.Contains(html, `name="token" value="`+token+`"`) {
			t.Errorf("no choice of token %s", token)
		}
	}
	if choices := strings.Count(html, `type="radio"`); choices != len(matrix)+len(routes)+len(frameworks) {
		t.Errorf("%d choices", choices)
	}
}
