// Package report holds what was measured and draws it: as JSON, Markdown and SVG.
package report

import (
	"encoding/json"
	"math"
	"os"
	"slices"
)

// Data is a whole run.
type Data struct {
	Machine  Machine   `json:"machine"`
	Rounds   int       `json:"rounds"`
	Time     string    `json:"time"`
	Sections []Section `json:"sections"`
	// Arguments are the options of the command that were given, none if all had their defaults.
	Arguments []string `json:"arguments,omitempty"`
	// Partial runs left something out on purpose.
	Partial bool `json:"partial,omitempty"`
	// Tokens, Live and Entries are how many tokens were used, see sections.Options.
	Tokens  int `json:"tokens"`
	Live    int `json:"live"`
	Entries int `json:"entries"`
	// Modules are the candidates' versions by module path.
	Modules map[string]string `json:"modules"`
	// Missing are candidates that could not be had, with the reason.
	Missing []Missing `json:"missing"`
}

// Missing is a candidate that could not be had.
type Missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Section is one subject.
type Section struct {
	Name        string       `json:"name"`
	About       string       `json:"about"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
	Tables      []Table      `json:"tables,omitempty"`
}

// Comparison holds candidates that were measured interleaved.
type Comparison struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	Rows  []Row  `json:"rows"`
}

// Row is a candidate. Nanos has the time of an operation in each round, Bytes and Allocs the least of three weighings before
// the rounds.
type Row struct {
	Name  string `json:"name"`
	Peer  bool   `json:"peer,omitempty"`
	Lacks string `json:"lacks,omitempty"`
	// Base names the row that this one builds on.
	Base   string    `json:"base,omitempty"`
	Nanos  []float64 `json:"ns"`
	Bytes  float64   `json:"bytes"`
	Allocs float64   `json:"allocs"`
}

// Table holds what is counted instead of timed.
type Table struct {
	Name    string     `json:"name"`
	About   string     `json:"about,omitempty"`
	Columns []string   `json:"columns"`
	Rows    []TableRow `json:"rows"`
}

// TableRow has a cell for each column of its table.
type TableRow struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"`
}

// Cell is a number, shown as Text if there is one.
type Cell struct {
	Value float64 `json:"value"`
	Text  string  `json:"text,omitempty"`
}

// Stat is a median with half the interquartile range.
type Stat struct{ Median, Spread float64 }

// StatOf returns the median and the spread of values.
func StatOf(values []float64) Stat {
	if len(values) == 0 {
		return Stat{math.NaN(), 0}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Stat{quantile(sorted, 0.5), (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2}
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// Combine applies f to what the rows took in each round.
func Combine(f func(ns ...float64) float64, rows ...*Row) Stat {
	var values []float64
	for round := range rows[0].Nanos {
		ns := make([]float64, len(rows))
		for i, row := range rows {
			if round >= len(row.Nanos) {
				return StatOf(nil)
			}
			ns[i] = row.Nanos[round]
		}
		values = append(values, f(ns...))
	}
	return StatOf(values)
}

// Ratio returns how long a took in terms of b, round by round.
func Ratio(a, b *Row) Stat {
	return Combine(func(ns ...float64) float64 { return ns[0] / ns[1] }, a, b)
}

// Row returns the row of that name, or nil.
func (c *Comparison) Row(name string) *Row {
	if c == nil {
		return nil
	}
	for i := range c.Rows {
		if c.Rows[i].Name == name {
			return &c.Rows[i]
		}
	}
	return nil
}

// FastestPeer returns the peer with the least median, or nil.
func (c *Comparison) FastestPeer() *Row {
	if c == nil {
		return nil
	}
	var fastest *Row
	for i := range c.Rows {
		row := &c.Rows[i]
		if row.Peer && (fastest == nil || StatOf(row.Nanos).Median < StatOf(fastest.Nanos).Median) {
			fastest = row
		}
	}
	return fastest
}

// Comparison returns the comparison of that name, or nil.
func (d *Data) Comparison(name string) *Comparison {
	for i := range d.Sections {
		for j := range d.Sections[i].Comparisons {
			if c := &d.Sections[i].Comparisons[j]; c.Name == name {
				return c
			}
		}
	}
	return nil
}

// Table returns the table of that name, or nil.
func (d *Data) Table(name string) *Table {
	for i := range d.Sections {
		for j := range d.Sections[i].Tables {
			if t := &d.Sections[i].Tables[j]; t.Name == name {
				return t
			}
		}
	}
	return nil
}

// Cell returns a cell of a table by the names of table, row and column, or nil.
func (d *Data) Cell(table, row, column string) *Cell {
	if t := d.Table(table); t != nil {
		return t.cell(row, column)
	}
	return nil
}

func (t *Table) cell(row, column string) *Cell {
	at := slices.Index(t.Columns, column)
	for i := range t.Rows {
		if t.Rows[i].Name == row && at >= 0 && at < len(t.Rows[i].Cells) {
			return &t.Rows[i].Cells[at]
		}
	}
	return nil
}

// Read returns the run that a file holds.
func Read(file string) (*Data, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := new(Data)
	return d, json.Unmarshal(text, d)
}
