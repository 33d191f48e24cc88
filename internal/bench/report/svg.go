package report

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The chart's measures, in pixels. Its colours stand out from white and from black.
const (
	chartWidth = 860
	barsLeft   = 260
	barsWidth  = 520
	rowHeight  = 24
	barHeight  = 15
	headHeight = 44
	axisHeight = 26

	textColour = "#75818f"
	gridColour = "#75818f44"
	kitColour  = "#1f9d6b"
	rawColour  = "#8a93a0"
	peerColour = "#4c8fd6"
)

// axis is where times stand.
type axis struct {
	from, to float64
	note     string
	ticks    []float64
	share    func(a *axis, ns float64) float64
}

// logarithmic has a line for each power of ten. It begins at the one below the fastest row, of at least a nanosecond, and ends at
// 1, 2 or 5 times one, with room for all rows.
func logarithmic(rows []*Row) *axis {
	a := &axis{from: 1, note: "logarithmic", share: func(a *axis, ns float64) float64 {
		return math.Log10(ns/a.from) / math.Log10(a.to/a.from)
	}}
	fastest, slowest := StatOf(rows[0].Nanos).Median, StatOf(rows[len(rows)-1].Nanos).Median
	for a.from*10 <= fastest {
		a.from *= 10
	}
	a.to = 2 * a.from
	for i := 0; a.to < slowest; i++ {
		a.to *= [...]float64{2.5, 2, 2}[i%3]
	}
	for tick := a.from; tick <= a.to; tick *= 10 {
		a.ticks = append(a.ticks, tick)
	}
	return a
}

// linear begins at zero and has room for all rows.
func linear(rows []*Row) *axis {
	const step = 20_000
	a := &axis{note: "linear", share: func(a *axis, ns float64) float64 { return ns / a.to }}
	slowest := StatOf(rows[len(rows)-1].Nanos).Median
	for tick := 0.0; a.to < slowest; tick += step {
		a.to = tick
		a.ticks = append(a.ticks, tick)
	}
	return a
}

// x returns where a time stands.
func (a *axis) x(ns float64) int {
	return barsLeft + int(math.Round(barsWidth*a.share(a, ns)))
}

// SVG draws how long candidates take for each token: one that they know, and one that they do not.
func SVG(d *Data) string {
	charts := []struct {
		title, comparison string
		axis              func([]*Row) *axis
	}{
		{"The same RS256 token again", Same, logarithmic},
		{"An RS256 token not seen before", New("RS256"), linear},
	}
	var body strings.Builder
	y := 0
	for _, chart := range charts {
		if c := d.Comparison(chart.comparison); c != nil {
			if rows := chartRows(c); len(rows) > 0 {
				y = drawChart(&body, y, chart.title, chart.axis(rows), rows)
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" `+
		`aria-label="Time for each token, by library" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" `+
		`font-size="13" fill="%s">`+"\n%s</svg>\n", chartWidth, y, chartWidth, y, textColour, body.String())
}

// chartRows are the kit, the fastest raw check and the peers, the quickest first.
func chartRows(c *Comparison) []*Row {
	rows := []*Row{c.Row(Kit), fastestRaw(c)}
	for i := range c.Rows {
		if c.Rows[i].Peer {
			rows = append(rows, &c.Rows[i])
		}
	}
	rows = slices.DeleteFunc(rows, func(r *Row) bool { return r == nil })
	slices.SortStableFunc(rows, func(a, b *Row) int {
		return cmp.Compare(StatOf(a.Nanos).Median, StatOf(b.Nanos).Median)
	})
	return rows
}

// drawChart draws below y and returns where it ends.
func drawChart(out *strings.Builder, y int, title string, a *axis, rows []*Row) int {
	fmt.Fprintf(out, `<text x="%d" y="%d" font-size="15" font-weight="600">%s</text>`+"\n",
		barsLeft, y+20, html.EscapeString(title))
	fmt.Fprintf(out, `<text x="%d" y="%d" font-size="11" text-anchor="end">time for each token, %s</text>`+"\n",
		barsLeft+barsWidth, y+20, a.note)
	top := y + headHeight
	bottom := top + len(rows)*rowHeight
	for _, tick := range a.ticks {
		x := a.x(tick)
		fmt.Fprintf(out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>`+"\n", x, top-8, x, bottom, gridColour)
		fmt.Fprintf(out, `<text x="%d" y="%d" font-size="11" text-anchor="middle">%s</text>`+"\n", x, bottom+16, duration(tick))
	}
	for i, row := range rows {
		drawBar(out, top+i*rowHeight, a, row)
	}
	return bottom + axisHeight
}

// drawBar draws a row. What is no validator is an outline with a name in italics, so that nobody takes it for a competitor.
func drawBar(out *strings.Builder, y int, a *axis, row *Row) {
	took := StatOf(row.Nanos).Median
	name, weight, style, paint := label(row), "400", "normal", fmt.Sprintf(`fill="%s"`, peerColour)
	switch {
	case row.Name == Kit:
		weight, paint = "700", fmt.Sprintf(`fill="%s"`, kitColour)
	case !row.Peer:
		name, style = "signature check alone, no validator", "italic"
		paint = fmt.Sprintf(`fill="none" stroke="%s" stroke-dasharray="4 3"`, rawColour)
	}
	x := a.x(took)
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end" font-weight="%s" font-style="%s">%s</text>`+"\n",
		barsLeft-10, y+12, weight, style, html.EscapeString(name))
	fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" %s/>`+"\n",
		barsLeft, y, max(x-barsLeft, 2), barHeight, paint)
	fmt.Fprintf(out, `<text x="%d" y="%d" font-weight="%s">%s</text>`+"\n", x+8, y+12, weight, duration(took))
}

func duration(ns float64) string {
	if ns == 0 {
		return "0"
	}
	if ns < 1000 {
		return fmt.Sprintf("%.0f ns", ns)
	}
	if ns < 99_950 && ns != math.Trunc(ns/1000)*1000 {
		return fmt.Sprintf("%.1f µs", ns/1000)
	}
	return fmt.Sprintf("%.0f µs", ns/1000)
}
