package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/template"
)

//go:embed benchmarks.md.tmpl
var document string

// The hand-written part of the document stands between these lines, and stays there.
const (
	notesBegin = "<!-- notes: everything from here to the end mark is kept when the document is made anew -->"
	notesEnd   = "<!-- end of notes -->"
)

// Markdown writes the document. What stood between the marks of old, its last version, is kept.
func Markdown(d *Data, old string) (string, error) {
	t, err := template.New("benchmarks").Funcs(template.FuncMap{
		"table": timesTable, "counts": countsTable, "goals": goalsTable, "modules": modulesList,
		"thousands": Thousands,
	}).Parse(document)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		*Data
		Notes string
	}{d, notesBegin + notes(old) + notesEnd})
	return out.String(), err
}

// notes returns what stands between the marks.
func notes(old string) string {
	_, after, found := strings.Cut(old, notesBegin)
	within, _, closed := strings.Cut(after, notesEnd)
	if !found || !closed {
		return "\n\n"
	}
	return within
}

// yardstick is what rows are compared with.
type yardstick struct {
	name string
	row  *Row
}

// timesTable has a line for each candidate, with its ratios to the raw check, to the kit and to the fastest peer.
func timesTable(c Comparison) string {
	if len(c.Rows) == 0 {
		return ""
	}
	var out strings.Builder
	raw, kit, peer := fastestRaw(&c), c.Row(Kit), c.FastestPeer()
	yardsticks := []yardstick{{"x raw crypto", raw}, {"x " + Kit, kit}, {"x fastest peer", peer}}
	yardsticks = slices.DeleteFunc(yardsticks, func(y yardstick) bool { return y.row == nil })
	if len(yardsticks) == 0 {
		yardsticks = []yardstick{{"x first line", &c.Rows[0]}}
	}
	head, rule := "| | ns |", "|---|---:|"
	for _, y := range yardsticks {
		head += " " + y.name + " |"
		rule += "---:|"
	}
	onTop := slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Base != "" })
	if onTop {
		head, rule = head+" added ns | x unprotected |", rule+"---:|---:|"
	}
	fmt.Fprintf(&out, "%s B | allocs |\n%s---:|---:|\n", head, rule)
	for i := range c.Rows {
		row := &c.Rows[i]
		took := StatOf(row.Nanos)
		fmt.Fprintf(&out, "| %s | %s ± %s |", title(row), nanos(took.Median), nanos(took.Spread))
		for _, y := range yardsticks {
			fmt.Fprintf(&out, " %s |", withSpread(Ratio(row, y.row)))
		}
		if onTop {
			out.WriteString(onTopOf(row, c.Row(row.Base)))
		}
		fmt.Fprintf(&out, " %s | %s |\n", Thousands(int(math.Round(row.Bytes))), Thousands(int(math.Round(row.Allocs))))
	}
	return out.String()
}

// onTopOf are the cells that say what a row adds to the one it builds on.
func onTopOf(row, base *Row) string {
	if base == nil {
		return " | |"
	}
	more := Combine(func(ns ...float64) float64 { return ns[0] - ns[1] }, row, base)
	return fmt.Sprintf(" %s | %s |", nanos(more.Median), withSpread(Ratio(row, base)))
}

func title(row *Row) string {
	if strings.HasPrefix(row.Name, Kit) {
		return "**" + row.Name + "**"
	}
	return label(row)
}

// label is a row's name with what it does not check.
func label(row *Row) string {
	if row.Lacks == "" {
		return row.Name
	}
	return row.Name + " (does not check " + row.Lacks + ")"
}

// nanos writes a time so that it can be read at a glance.
func nanos(ns float64) string {
	if ns < 100 {
		return fmt.Sprintf("%.1f", ns)
	}
	return Thousands(int(math.Round(ns)))
}

// withSpread writes a ratio with its spread, both as fractions if it is far below 1.
func withSpread(s Stat) string {
	if math.IsNaN(s.Median) {
		return Number(s.Median)
	}
	if s.Spread == 0 {
		return Number(s.Median)
	}
	return fmt.Sprintf("%s ± %.1f %%", Number(s.Median), 100*s.Spread/math.Abs(s.Median))
}

func countsTable(t Table) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| | %s |\n|---|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("---:|", len(t.Columns)))
	for _, row := range t.Rows {
		fmt.Fprintf(&out, "| %s |", title(&Row{Name: row.Name}))
		for _, c := range row.Cells {
			text := c.Text
			if text == "" {
				text = Number(c.Value)
			}
			fmt.Fprintf(&out, " %s |", text)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func goalsTable(d *Data) string {
	var out strings.Builder
	out.WriteString("| # | goal | measured | wanted | reached |\n|---|---|---:|---:|---|\n")
	for i := range Goals {
		g := &Goals[i]
		s := g.Of(d)
		if d.Partial && math.IsNaN(s.Median) {
			continue
		}
		verdict := "**no**"
		switch {
		case math.IsNaN(s.Median):
			verdict = "not measured"
		case g.Reached(s):
			verdict = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s %s | %s |\n", g.ID, g.Text, withSpread(s), g.sign(), Number(g.Limit), verdict)
	}
	return out.String()
}

func modulesList(d *Data) string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(d.Modules)) {
		list = append(list, fmt.Sprintf("`%s` %s", strings.TrimPrefix(path, "github.com/"), d.Modules[path]))
	}
	return strings.Join(list, ", ")
}
