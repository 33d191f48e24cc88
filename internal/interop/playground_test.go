package interop_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// pick is one combination of what the page of the quickstart lets people choose from.
type pick struct{ token, route, framework string }

// playground is that page in a tab.
type playground struct {
	*harness.Tab
	sent int
}

func openPlayground(t *testing.T) *playground {
	t.Helper()
	return &playground{Tab: harness.OpenTab(t, harness.StartQuickstart(t))}
}

// choose clicks the choices.
func (p *playground) choose(t *testing.T, c pick) {
	t.Helper()
	p.Click(t, fmt.Sprintf(`[name=token][value=%q]`, c.token))
	p.Click(t, fmt.Sprintf(`[name=route][value=%q]`, c.route))
	p.Click(t, fmt.Sprintf(`[name=framework][value=%q]`, c.framework))
}

// send clicks the choices and the button, and returns what is drawn then.
func (p *playground) send(t *testing.T, c pick) drawing {
	t.Helper()
	p.choose(t, c)
	p.Click(t, "button")
	return p.drawn(t)
}

// drawn returns the answer to the next request once it is there.
func (p *playground) drawn(t *testing.T) drawing {
	t.Helper()
	p.sent++
	p.Await(t, fmt.Sprintf(`document.getElementById("summary").innerText.startsWith("Request %d:")`, p.sent))
	return harness.Evaluate[drawing](t, p.Tab, readDrawing)
}

// drawing is what somebody sees of an answer.
type drawing struct {
	Summary, Outcome      string
	Steps                 []drawnStep
	Reason, Code, Key     string
	Took, Fetches         string
	Request, ResponseText string
	// Trace is what the page got from the server, if noteTrace was there to see it.
	Trace *struct {
		Request, Response string
		Decision          struct{ Microseconds int64 }
		Keys              struct{ Fetches int }
	}
}

type drawnStep struct{ Mark, Name, Outcome, Detail string }

const readDrawing = `(() => {
	const text = id => document.getElementById(id).checkVisibility() ? document.getElementById(id).innerText : "";
	return {
		summary: text("summary"), outcome: document.getElementById("summary").dataset.outcome,
		steps: [...document.querySelectorAll("#steps > li")].map(item => ({
			mark: getComputedStyle(item, "::before").content[1],
			name: item.querySelector("b").innerText, outcome: item.querySelector("i").innerText,
			detail: item.querySelector("small")?.innerText ?? "",
		})),
		reason: text("reason"), code: text("code"), key: text("key"),
		took: text("took"), fetches: text("fetches"),
		request: text("request"), responseText: text("response"), trace: window.trace,
	};
})()`

// noteTrace keeps what the page gets from the server, for what cannot be known beforehand.
const noteTrace = `draw = (draw => trace => draw(window.trace = trace))(draw), true`

// TestPlayground clicks every combination and holds what is drawn against what has to be.
func TestPlayground(t *testing.T) {
	p := openPlayground(t)
	harness.Evaluate[bool](t, p.Tab, noteTrace)
	counted := map[string]map[string]int{}
	for _, c := range combinations() {
		row := expectations[c.token](c.route).counter()
		if counted[row] == nil {
			counted[row] = map[string]int{}
		}
		counted[row][c.framework]++
		good := t.Run(fmt.Sprint(c), func(t *testing.T) {
			p.compare(t, c, p.send(t, c))
			p.awaitCounters(t, counted)
		})
		if !good {
			t.Fatal("the rest would take long, and say the same")
		}
	}
	if p.sent != len(expectations)*3*3 {
		t.Errorf("%d requests sent", p.sent)
	}
	if choices := harness.Evaluate[int](t, p.Tab, `document.querySelectorAll("input").length`); choices != len(expectations)+3+3 {
		t.Errorf("%d choices, and not all were tried", choices)
	}
	for _, complaint := range p.Complaints() {
		t.Errorf("the console says %s", complaint)
	}
}

// combinations returns everything there is to pick.
func combinations() (all []pick) {
	for _, framework := range []string{"net/http", "Echo", "Gin"} {
		for _, token := range slices.Sorted(maps.Keys(expectations)) {
			for _, route := range []string{"read", "write", "public"} {
				all = append(all, pick{token, route, framework})
			}
		}
	}
	return all
}

// awaitCounters returns once the page shows these counts, by outcome and framework, and no others.
func (p *playground) awaitCounters(t *testing.T, counted map[string]map[string]int) {
	t.Helper()
	var rows []string
	for outcome, by := range counted {
		rows = append(rows, fmt.Sprintf("%s %d %d %d", outcome, by["net/http"], by["Echo"], by["Gin"]))
	}
	slices.Sort(rows)
	want, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	p.Await(t, fmt.Sprintf(`JSON.stringify([...document.querySelectorAll("#counters > tr")]
		.map(row => [...row.cells].map(cell => cell.textContent).join(" ")).sort()) === %q`, want))
}

// Everything can be reached and sent without a mouse.
func TestPlaygroundKeyboard(t *testing.T) {
	p := openPlayground(t)
	focused := func() string {
		return harness.Evaluate[string](t, p.Tab, `document.activeElement.value || document.activeElement.innerText`)
	}
	var stops []string
	for range 4 {
		p.Press(t, kb.Tab)
		stops = append(stops, focused())
	}
	if want := []string{"good", "read", "net/http", "Send request"}; !slices.Equal(stops, want) {
		t.Errorf("the tab key stops at %q, want %q", stops, want)
	}
	p.Press(t, kb.Enter)
	p.compare(t, pick{"good", "read", "net/http"}, p.drawn(t))
	p.Press(t, " ")
	p.compare(t, pick{"good", "read", "net/http"}, p.drawn(t))

	harness.Evaluate[bool](t, p.Tab, `document.querySelector("input").focus(), true`)
	p.Press(t, kb.ArrowDown+kb.ArrowDown) // expired
	p.Press(t, kb.Tab+kb.ArrowDown)       // write
	p.Press(t, kb.Tab+kb.ArrowUp)         // from the first around to the last, Gin
	p.Press(t, kb.Enter)
	p.compare(t, pick{"expired", "write", "Gin"}, p.drawn(t))
	if got := focused(); got != "Gin" {
		t.Errorf("after an answer the focus is at %q", got)
	}
	shown := harness.Evaluate[string](t, p.Tab, `getComputedStyle(document.activeElement.closest("label")).outlineStyle`)
	if shown != "solid" {
		t.Errorf("the outline of what has the focus is %s", shown)
	}
}

func (p *playground) compare(t *testing.T, c pick, got drawing) {
	t.Helper()
	for _, difference := range expectations[c.token](c.route).differences(c, got) {
		t.Error(difference)
	}
}

// Two tabs send at once; each gets its own answers, and the counts of both.
func TestPlaygroundTabs(t *testing.T) {
	p := openPlayground(t)
	url := harness.Evaluate[string](t, p.Tab, `location.href`)
	other := &playground{Tab: p.OpenTab(t, url)}
	first, second := pick{"revoked", "read", "Echo"}, pick{"dpop", "write", "Gin"}
	p.choose(t, first)
	other.choose(t, second)
	const rounds = 10
	for range rounds {
		// The clicks return before the answers are there.
		p.Click(t, "button")
		other.Click(t, "button")
		p.compare(t, first, p.drawn(t))
		p.compare(t, second, other.drawn(t))
	}
	counted := map[string]map[string]int{"401 revoked": {"Echo": rounds}, "allowed": {"Gin": rounds}}
	p.awaitCounters(t, counted)
	other.awaitCounters(t, counted)
}

// What comes from outside is text, whatever it looks like.
func TestPlaygroundEscapes(t *testing.T) {
	p := openPlayground(t)
	const hostile = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`
	trace, err := json.Marshal(map[string]any{
		"framework": hostile, "status": hostile, "request": hostile + "\r\nA: " + hostile + "\r\n\r\n" + hostile, "response": hostile,
		"decision": map[string]any{
			"reason": hostile, "code": hostile, "microseconds": hostile,
			"steps": []any{map[string]string{"name": hostile, "outcome": hostile, "detail": hostile}},
		},
		"keys": map[string]string{"id": hostile, "fetches": hostile},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := json.Marshal([]any{map[string]any{"status": hostile, "reason": hostile, "requests": map[string]string{"Gin": hostile}}})
	if err != nil {
		t.Fatal(err)
	}
	harness.Evaluate[bool](t, p.Tab, fmt.Sprintf(`stream.close(), draw(%s), drawCounters(%s), true`, trace, rows))
	p.sent++
	shown := harness.Evaluate[string](t, p.Tab, `document.querySelector("main").textContent`)
	if count := strings.Count(shown, hostile); count != 17 {
		t.Errorf("shown %d times in %s", count, shown)
	}
	made := harness.Evaluate[int](t, p.Tab, `document.querySelectorAll("main img, main script").length`)
	if title := harness.Evaluate[string](t, p.Tab, `document.title`); made != 0 || title != "bearergate playground" {
		t.Errorf("%d elements made, title %s", made, title)
	}
	// Were there a way to make them, the policy of the page would still be there.
	p.Complaints()
	blocked := harness.Evaluate[bool](t, p.Tab, `(() => {
		try { document.body.innerHTML = "<p>"; return false } catch { return true }
	})()`)
	harness.Evaluate[bool](t, p.Tab, `document.head.append(document.createElement("style")), document.querySelector("style:last-of-type").append("p { color: red }"), true`)
	if complaints := strings.Join(p.Complaints(), "\n"); !blocked || !strings.Contains(complaints, "Content Security Policy") {
		t.Errorf("markup blocked: %t; the console says %s", blocked, complaints)
	}
}

// A page of somebody else can neither send nor read, although the browser that shows it could reach the playground.
func TestPlaygroundStrangers(t *testing.T) {
	p := openPlayground(t)
	page := harness.Evaluate[string](t, p.Tab, `location.href`)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>elsewhere</title>"))
	}))
	defer elsewhere.Close()
	stranger := p.OpenTab(t, elsewhere.URL)
	const attack = `fetch("%ssend", {method: "POST", mode: %q, headers: {"Content-Type": %q},
		body: '{"token":"good","route":"read","framework":"Gin"}'}).then(answer => answer.type, () => "blocked")`
	for _, mode := range []string{"cors", "no-cors"} {
		for _, kind := range []string{"text/plain", "application/json"} {
			if got := harness.Evaluate[string](t, stranger, fmt.Sprintf(attack, page, mode, kind)); got != "blocked" {
				t.Errorf("%s with %s: %s", mode, kind, got)
			}
		}
	}
	read := fmt.Sprintf(`fetch("%scounters").then(() => "read", () => "blocked")`, page)
	if got := harness.Evaluate[string](t, stranger, read); got != "blocked" {
		t.Errorf("the counters can be %s", got)
	}
	// Only what is sent from here is carried out and counted.
	p.send(t, pick{"none", "read", "Echo"})
	p.awaitCounters(t, map[string]map[string]int{"401 no_credentials": {"Echo": 1}})
}

// What is no decision shows as that, and nothing is left of the answer before.
func TestPlaygroundAlone(t *testing.T) {
	p := openPlayground(t)
	for _, tt := range []struct{ name, fetch, want string }{
		{"ended", `() => Promise.reject(new TypeError("Failed to fetch"))`, "the demo does not answer. Is it still running?"},
		{"refused", `async () => Response.json({error: "a reason"}, {status: 400})`, "a reason"},
		{"no JSON", `async () => new Response("<p>Bad gateway", {status: 502})`, "the demo answers 502, and no decision."},
		{"no decision", `async () => Response.json({})`, "the demo answers 200, and no decision."},
	} {
		harness.Evaluate[bool](t, p.Tab, `window.real ??= fetch, window.fetch = real, true`)
		if before := p.send(t, pick{"good", "read", "Gin"}); before.Outcome != "allowed" || before.ResponseText == "" {
			t.Fatalf("%s: drawn %+v before", tt.name, before)
		}
		harness.Evaluate[bool](t, p.Tab, `window.fetch = `+tt.fetch+`, true`)
		got := p.send(t, pick{"good", "read", "Gin"})
		if got.Outcome != "refused" || !strings.HasSuffix(got.Summary, ": "+tt.want) || got.ResponseText != "" || got.Reason != "" {
			t.Errorf("%s: drawn %+v", tt.name, got)
		}
	}
}
