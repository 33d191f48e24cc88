package interop_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// operations is the directory of what operators get.
const operations = "../../docs/operations"

// TestAlertRules has promtool look at the rules, and at what fires them and what does not.
func TestAlertRules(t *testing.T) {
	tests, err := filepath.Glob(operations + "/tests/*.yml")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests of alerts: %v", err)
	}
	for _, args := range [][]string{
		{"check", "rules", "--lint-fatal", operations + "/alerts.yml"},
		append([]string{"test", "rules"}, tests...),
	} {
		if output, err := harness.PromTool(t, args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	rules := read(t, "alerts.yml")
	for _, match := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if !slices.ContainsFunc(tests, func(file string) bool {
			return strings.Contains(read(t, "tests/"+filepath.Base(file)), "alertname: "+match[1])
		}) {
			t.Errorf("%s has no test", match[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(operations, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// watched is a resource server with everything that has metrics, and the Prometheus that watches it.
type watched struct {
	*introspector
	as         *harness.OIDCProvider
	redis      *harness.Redis
	prometheus *harness.Prometheus
	series     map[string]map[string]bool // metrics with their labels, as the server has them
}

func startWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{as: harness.StartOIDCProvider(t), redis: harness.StartRedis(t)}
	everything := way{name: "everything", flags: []string{
		"-introspection-jwt", "-redis-url", w.redis.URL, "-set-issuer", w.as.Issuer, "-set-audience", audience,
		"-logout-client-id", harness.ClientID, "-status-list-prefix", w.as.Issuer + "/lists/", "-trusted-proxy", harness.ProxyAddr + "/32",
	}}
	rs := startIntrospector(t, w.as.AuthorizationServer, everything, "nethttp", harness.Secret(w.as.ResourceServer))
	obtain := func(t testing.TB, scope string) string {
		t.Helper()
		return w.as.Grant(t, audience+"/?format=opaque", scope)
	}
	w.introspector = &introspector{rs, "", w.as.AuthorizationServer, obtain}
	rules, err := filepath.Abs(operations + "/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	w.prometheus = harness.StartPrometheus(t, rs, rules)
	w.use(t)
	w.series = seriesOf(string(rs.Get(t, "/metrics", "").Body))
	return w
}

// use has something of every kind happen, which Prometheus sees begin.
func (w *watched) use(t *testing.T) {
	t.Helper()
	eventually(t, "the server is ready", func() bool { return w.Get(t, "/readyz", "").Status == http.StatusOK })
	w.await(t, "up == 1")
	ask := func() {
		jwt := w.as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "ES256", Scopes: []string{scope}})
		opaque := w.obtain(t, scope)
		wantStatus(t, w.Get(t, "/orders", jwt), http.StatusOK)
		wantStatus(t, w.Get(t, "/me", opaque), http.StatusOK)
		wantStatus(t, w.Get(t, "/me", opaque), http.StatusOK)
		wantStatus(t, w.Get(t, "/fresh", opaque), http.StatusOK)
		wantStatus(t, w.Get(t, "/reports", jwt), http.StatusForbidden)
		wantStatus(t, w.Get(t, "/me", "unknown"), http.StatusUnauthorized)
	}
	ask()
	const decided = `bearergate_decision_duration_seconds_count{bearergate_outcome="allowed", bearergate_guard="usual"}`
	w.await(t, decided)
	ask()
	w.await(t, "rate("+decided+"[1m]) > 0")
}

// await waits until an expression has a result.
func (w *watched) await(t *testing.T, expression string) {
	t.Helper()
	eventually(t, expression, func() bool { return len(w.prometheus.Query(t, expression)) > 0 })
}

var sample = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? `)

// seriesOf reads the text format of Prometheus.
func seriesOf(text string) map[string]map[string]bool {
	series := map[string]map[string]bool{}
	for _, match := range sample.FindAllStringSubmatch(text, -1) {
		if series[match[1]] == nil {
			series[match[1]] = map[string]bool{"job": true, "instance": true} // which Prometheus adds
		}
		for _, label := range labelName.FindAllStringSubmatch(match[2], -1) {
			series[match[1]][label[1]] = true
		}
	}
	return series
}

var labelName = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)

// check looks for metrics and labels of an expression that the server does not have. Recorded ones are the rules'.
func (w *watched) check(t *testing.T, where, expression string, recorded map[string]bool, labels ...string) {
	t.Helper()
	found, known := referencesOf(expression), map[string]bool{"le": true}
	if len(found.metrics) == 0 {
		t.Errorf("%s: no metric in %s", where, expression)
	}
	for metric := range found.metrics {
		switch {
		case recorded[metric]:
			known["job"] = true
		case w.series[metric] == nil:
			t.Errorf("%s: there is no metric %s", where, metric)
		}
		maps.Copy(known, w.series[metric])
	}
	for _, label := range append(labels, slices.Collect(maps.Keys(found.labels))...) {
		if !known[label] {
			t.Errorf("%s: no metric there has the label %s", where, label)
		}
	}
}

// Whatever the dashboard, the alerts and the list of metrics name is there, and nothing is left out of the list.
func TestOperations(t *testing.T) {
	w := startWatched(t)
	t.Run("dashboard", w.testDashboard)
	t.Run("rules", w.testRules)
	t.Run("list of metrics", w.testList)
	w.testAlerts(t)
}

// dashboard is what matters here of a Grafana dashboard.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

var (
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

func (w *watched) testDashboard(t *testing.T) {
	var board dashboard
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	expressions := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			expressions++
			var labels []string
			for _, match := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				labels = append(labels, match[1])
			}
			w.check(t, panel.Title, target.Expr, nil, labels...)
			filled := strings.NewReplacer("$__rate_interval", "1m", "$job", "api", "$instance", ".*").Replace(target.Expr)
			if len(w.prometheus.Query(t, filled)) == 0 {
				t.Errorf("%s: nothing to show for %s", panel.Title, filled)
			}
		}
	}
	if expressions < 20 {
		t.Errorf("%d expressions", expressions)
	}
	for _, variable := range board.Templating.List {
		if match := labelValues.FindStringSubmatch(variable.Definition); match != nil {
			w.check(t, variable.Name, match[1], nil, match[2])
		} else if variable.Type == "query" {
			t.Errorf("variable %s: %q", variable.Name, variable.Definition)
		}
	}
}

func (w *watched) testRules(t *testing.T) {
	rules, recorded := w.prometheus.Rules(t), map[string]bool{}
	alerts := 0
	for _, rule := range rules {
		recorded[rule.Name] = rule.Type == "recording"
	}
	for _, rule := range rules {
		if rule.Health == "err" {
			t.Errorf("%s: %s", rule.Name, rule.LastError)
		}
		if rule.Type == "alerting" {
			alerts++
			w.checkAnnotations(t, rule, recorded)
		} else {
			w.check(t, rule.Name, rule.Expression, recorded)
		}
	}
	if alerts != 5 {
		t.Errorf("%d alerts", alerts)
	}
}

var (
	template    = regexp.MustCompile(`\{\{.*?\}\}`)
	alertLabel  = regexp.MustCompile(`\$labels\.(\w+)`)
	ownMetric   = regexp.MustCompile(`bearergate_\w+`)
	runbookLink = regexp.MustCompile(`^docs/operations/(README\.md)#(\w+)$`)
)

// checkAnnotations looks at what an alert says, too, and at where it says to read on.
func (w *watched) checkAnnotations(t *testing.T, alert harness.Rule, recorded map[string]bool) {
	t.Helper()
	var labels []string
	for text := range maps.Values(alert.Annotations) {
		for _, match := range alertLabel.FindAllStringSubmatch(text, -1) {
			labels = append(labels, match[1])
		}
		for _, metric := range ownMetric.FindAllString(template.ReplaceAllString(text, ""), -1) {
			w.check(t, alert.Name, metric, nil)
		}
	}
	w.check(t, alert.Name, alert.Expression, recorded, labels...)
	link := runbookLink.FindStringSubmatch(alert.Annotations["runbook"])
	if link == nil {
		t.Fatalf("%s: runbook %q", alert.Name, alert.Annotations["runbook"])
	}
	text := read(t, link[1])
	if !strings.Contains(strings.ToLower(text), "\n## "+link[2]+"\n") || !strings.Contains(text, "**"+alert.Name+"**") {
		t.Errorf("%s: nothing to read there", alert.Name)
	}
}

// listed is a row of a table of metrics.
var listed = regexp.MustCompile("(?m)^\\| `(bearergate_\\w+)` \\| [^|]+ \\| ([^|]+) \\|")

// elsewhere are metrics of what this server does not use.
var elsewhere = map[string]bool{
	"bearergate_issuer_count": true, "bearergate_event_poll_staleness_seconds": true, "bearergate_event_poll_failing": true,
	"bearergate_event_poll_unacknowledged": true, "bearergate_issuer_fetch_failing": true, "bearergate_issuer_lookups_total": true,
	"bearergate_dpop_replays_usage": true, "bearergate_dpop_replays_limit": true,
}

func (w *watched) testList(t *testing.T) {
	list := map[string]bool{}
	for _, row := range listed.FindAllStringSubmatch(read(t, "README.md"), -1) {
		metric, labels := row[1], strings.FieldsFunc(row[2], func(c rune) bool { return strings.ContainsRune("`, ", c) })
		list[metric] = true
		has := w.series[metric]
		if has == nil {
			has = w.series[metric+"_count"]
		}
		if has == nil && !elsewhere[metric] {
			t.Errorf("there is no metric %s", metric)
		}
		for label := range has {
			if !slices.Contains(append(labels, "job", "instance", "le"), label) {
				t.Errorf("%s: label %s is not listed", metric, label)
			}
		}
		for _, label := range labels {
			nameless := label == "bearergate_source" // which a server that has one of a kind leaves out
			if has != nil && !has[label] && !nameless {
				t.Errorf("%s has no label %s", metric, label)
			}
		}
	}
	for metric := range w.series {
		if name, ok := strings.CutSuffix(metric, "_bucket"); ok {
			metric = name
		}
		histogram := strings.HasSuffix(metric, "_sum") || strings.HasSuffix(metric, "_count") && !list[metric]
		if metric != "target_info" && !histogram && !list[metric] {
			t.Errorf("%s is not listed", metric)
		}
	}
}

// testAlerts takes away what requests rely on, and waits until each alert is about to fire: its expression holds.
func (w *watched) testAlerts(t *testing.T) {
	for _, rule := range w.prometheus.Rules(t) {
		if rule.State == "pending" || rule.State == "firing" {
			t.Errorf("%s although all is well", rule.Name)
		}
	}
	w.as.Rotate(t, harness.Replace)
	unknown := w.as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: "ES256", Scopes: []string{scope}})
	w.as.Stop()
	wantStatus(t, w.Get(t, "/orders", unknown), http.StatusServiceUnavailable)
	for range 6 {
		wantStatus(t, w.Get(t, "/orders", "known-to-no-cache"), http.StatusServiceUnavailable)
	}
	w.redis.Stop()
	for _, alert := range []string{
		"BearergateKeyFetchFailing", "BearergateUnavailable", "BearergateIntrospectionBreakerOpen", "BearergateRevocationsLagging",
	} {
		w.await(t, `ALERTS{alertname="`+alert+`", job="api"}`)
	}
}
