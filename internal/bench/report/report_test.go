package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/bench/report"
)

func row(name string, peer bool, ns ...float64) report.Row {
	return report.Row{Name: name, Peer: peer, Nanos: ns, Bytes: 2048, Allocs: 11}
}

// sample has a machine that was twice as slow in the second round.
func sample() *report.Data {
	return &report.Data{
		Rounds: 3, Tokens: 4096, Live: 200_000, Modules: map[string]string{"github.com/a/b": "v1.2.3"},
		Missing: []report.Missing{{Name: "github.com/c/d", Reason: "not to be had"}},
		Sections: []report.Section{{
			Name: "subject", About: "What it is.",
			Comparisons: []report.Comparison{
				{Name: report.New("RS256"), Rows: []report.Row{
					row(report.Raw, false, 100, 200, 100), row(report.Kit, false, 105, 210, 105),
					row("slow & <odd>", true, 400, 800, 400), row("golang-jwt + keyfunc", true, 150, 300, 150),
				}},
				{Name: report.New("ES256"), Rows: []report.Row{
					row(report.Raw, false, 100), row(report.RawBigInt, false, 80), row(report.Kit, false, 88),
				}},
				{Name: report.Same, Rows: []report.Row{row(report.Kit, false, 1), row("other", true, 200)}},
			},
			Tables: []report.Table{{Name: report.Asked, Columns: report.AskedColumns, Rows: []report.TableRow{
				{Name: report.Kit, Cells: []report.Cell{{Value: 1}, {Value: 0}, {Value: 2, Text: "two"}, {Value: 0}}},
			}}, {Name: report.Fetches, Columns: report.FetchColumns, Rows: []report.TableRow{
				{Name: report.Kit, Cells: make([]report.Cell, 5)},
			}}},
		}},
	}
}

func TestGoals(t *testing.T) {
	d := sample()
	tests := map[string]struct {
		measured float64
		reached  bool
	}{
		"1":   {1.05, true},
		"2a":  {1.1, false}, // the faster of two ways is the limit
		"5a":  {0.7, true},
		"6a":  {0, true},
		"8":   {1.0 / 200, true},
		"16a": {1, true},
		"16c": {2, false},
		"16d": {0, true},
		"18d": {0, false}, // keys that nobody fetched
		"13":  {math.NaN(), false},
	}
	for _, goal := range report.Goals {
		want, ok := tests[goal.ID]
		if !ok {
			continue
		}
		s := goal.Of(d)
		same := math.Abs(s.Median-want.measured) < 1e-9 || math.IsNaN(s.Median) && math.IsNaN(want.measured)
		if !same || s.Spread > 1e-9 || goal.Reached(s) != want.reached {
			t.Errorf("goal %s: %v, reached: %v", goal.ID, s, goal.Reached(s))
		}
	}
}

func TestStatOf(t *testing.T) {
	if s := report.StatOf([]float64{4, 1, 3, 2, 5}); s.Median != 3 || s.Spread != 1 {
		t.Error(s)
	}
	if s := report.StatOf([]float64{1, 2}); s.Median != 1.5 || s.Spread != 0.25 {
		t.Error(s)
	}
}

func TestMarkdown(t *testing.T) {
	first, err := report.Markdown(sample(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"## subject", "What it is.", "| **bearergate** | 105 ± 26.2 | 1.05 | 1 | 0.70 | 2,048 | 11 |", "| two |",
		"| 1 | new RS256 token / raw crypto | 1.05 | ≤ 1.08 | yes |", "| 2 | = 1 | **no** |", "| 13 |", "not measured",
		"This run was made with the defaults of all options, as `make bench` has them: 4,096 different new tokens", "`a/b` v1.2.3", "- `github.com/c/d`: not to be had",
	} {
		if !strings.Contains(first, part) {
			t.Errorf("no %q in\n%s", part, first)
		}
	}
	// What somebody wrote by hand survives.
	begin := "<!-- notes"
	at := strings.Index(first, begin)
	end := strings.Index(first[at:], "\n") + at
	written := first[:end] + "\n\nBy hand.\n" + first[end:]
	second, err := report.Markdown(sample(), written)
	if err != nil {
		t.Fatal(err)
	}
	third, err := report.Markdown(sample(), second)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(second, "\n\nBy hand.\n") || second != third {
		t.Errorf("the notes were changed:\n%s", third)
	}
}

func TestSVG(t *testing.T) {
	picture := report.SVG(sample())
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(picture, "slow &amp; &lt;odd&gt;") || strings.Count(picture, "<rect") != 6 {
		t.Error(picture)
	}
}

// No bar is cut off, however long it takes: only a value at the end of the axis makes a bar as long as that.
func TestSVGHasRoomForAll(t *testing.T) {
	for name, test := range map[string]struct {
		ns     []float64
		widths []int // out of 520
	}{
		"beyond 100 µs":    {[]float64{100, 1e5, 2.1e5, 4e5}, []int{2, 422, 467, 506}}, // the axis ends at 500 µs
		"at the end":       {[]float64{1000, 2e5}, []int{2, 520}},
		"below 100 ns":     {[]float64{20, 1e4}, []int{52, 520}},
		"all alike":        {[]float64{300, 300}, []int{355, 355}},
		"at the beginning": {[]float64{100, 100}, []int{2, 2}},
	} {
		c := report.Comparison{Name: report.Same, Rows: []report.Row{row(report.Kit, false, test.ns[0])}}
		for _, ns := range test.ns[1:] {
			c.Rows = append(c.Rows, row("peer", true, ns))
		}
		picture := report.SVG(&report.Data{Sections: []report.Section{{Comparisons: []report.Comparison{c}}}})
		var widths []int
		for _, match := range regexp.MustCompile(`<rect [^>]*width="(\d+)"`).FindAllStringSubmatch(picture, -1) {
			width, _ := strconv.Atoi(match[1])
			widths = append(widths, width)
		}
		if !slices.Equal(widths, test.widths) {
			t.Errorf("%s: %v, want %v", name, widths, test.widths)
		}
	}
}

// Who does less than a validator is marked.
func TestSVGMarks(t *testing.T) {
	d := sample()
	d.Sections[0].Comparisons[0].Rows[2].Lacks = "aud"
	picture := report.SVG(d)
	for _, part := range []string{
		"slow &amp; &lt;odd&gt; (does not check aud)</text>", `font-style="italic">signature check alone, no validator</text>`,
	} {
		if strings.Count(picture, part) != 1 {
			t.Errorf("no %q in\n%s", part, picture)
		}
	}
	if strings.Count(picture, `fill="none"`) != 1 {
		t.Error("not the signature check alone is an outline")
	}
}

// Part of the candidates, or none, can be drawn too.
func TestParts(t *testing.T) {
	for _, keep := range []int{0, 1, 2} {
		d := sample()
		d.Partial = true
		for i := range d.Sections[0].Comparisons {
			c := &d.Sections[0].Comparisons[i]
			c.Rows = c.Rows[len(c.Rows)-min(keep, len(c.Rows)):]
		}
		text, err := report.Markdown(d, "")
		whole := strings.Contains(text, "## The goals") && !strings.Contains(text, "not measured")
		if err != nil || !whole || !strings.HasPrefix(report.SVG(d), "<svg") {
			t.Errorf("%d candidates: %v\n%s", keep, err, text)
		}
	}
}

func TestRead(t *testing.T) {
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "benchmarks.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if report.SVG(d) != report.SVG(sample()) {
		t.Error("something was lost on the way")
	}
}

func TestNumber(t *testing.T) {
	for want, v := range map[string]float64{
		"1/173": 1.0 / 173, "1.05": 1.05, "0.30": 0.3, "200": 200, "2": 2, "0": 0,
		"never": report.Never, "not measured": math.NaN(),
	} {
		if got := report.Number(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
}
