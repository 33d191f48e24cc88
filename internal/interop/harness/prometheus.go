package harness

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Prometheus is a running Prometheus that collects the metrics of one server and evaluates rules.
type Prometheus struct{ url string }

const prometheusConfig = `
global:
  scrape_interval: 250ms
  evaluation_interval: 250ms
rule_files: [%q]
scrape_configs:
  - job_name: api
    static_configs:
      - targets: [%q]
`

// StartPrometheus starts Prometheus on a free loopback port. It collects from a resource server at once, and then four
// times a second.
func StartPrometheus(t testing.TB, rs *ResourceServer, rules string) *Prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("%v; the interop suites need the Debian packages that scripts/setup installs", err)
	}
	dir, addr := t.TempDir(), FreeAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(prometheusConfig, rules, strings.TrimPrefix(rs.URL, "http://"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, func(*exec.Cmd) {}, program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+addr, "--log.level=warn")
	p := &Prometheus{"http://" + addr}
	deadline := time.Now().Add(readyTimeout)
	for !p.answers() {
		if time.Now().After(deadline) {
			t.Fatal("Prometheus does not answer")
		}
		<-time.After(20 * time.Millisecond)
	}
	return p
}

func (p *Prometheus) answers() bool {
	response, err := client.Get(p.url + "/-/ready")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Sample is a series that an expression has as its result.
type Sample struct {
	Labels map[string]string `json:"metric"`
}

// Query evaluates an expression and returns its result, a vector.
func (p *Prometheus) Query(t testing.TB, expression string) []Sample {
	t.Helper()
	var answer struct {
		Data struct {
			Type   string   `json:"resultType"`
			Result []Sample `json:"result"`
		} `json:"data"`
	}
	p.get(t, "/api/v1/query?"+url.Values{"query": {expression}}.Encode(), &answer)
	if answer.Data.Type != "vector" {
		t.Fatalf("%s: a %s, want a vector", expression, answer.Data.Type)
	}
	return answer.Data.Result
}

// Rule is an alert, or a metric that is recorded.
type Rule struct {
	Name        string            `json:"name"`
	Type        string            `json:"type"` // alerting or recording
	Expression  string            `json:"query"`
	Annotations map[string]string `json:"annotations"`
	Health      string            `json:"health"`
	LastError   string            `json:"lastError"`
	State       string            `json:"state"` // of an alert: inactive, pending or firing
}

// Rules returns the rules with how they fare.
func (p *Prometheus) Rules(t testing.TB) []Rule {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []Rule `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	p.get(t, "/api/v1/rules", &answer)
	var rules []Rule
	for _, group := range answer.Data.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

func (p *Prometheus) get(t testing.TB, path string, answer any) {
	t.Helper()
	send(t, newRequest(t, http.MethodGet, p.url+path, http.NoBody)).Decode(t, answer)
}

// PromTool runs promtool and returns what it says, and an error unless it is content.
func PromTool(t testing.TB, args ...string) (string, error) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
	return string(output), err
}
