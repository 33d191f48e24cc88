package sections_test

import (
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/sections"
)

// small is a run that measures everything and tells nothing about times.
var small = sections.Options{
	Options: measure.Options{Rounds: 1, Time: time.Millisecond},
	Tokens:  16, Live: 64, Entries: 256, Watch: 50 * time.Millisecond, Progress: func(string) {},
}

func run(t *testing.T, o sections.Options) *report.Data {
	t.Helper()
	d, err := sections.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every section measures what the document and the goals look for. Each operation fails that does not do its work, so
// this also shows that all candidates accept and refuse what they should.
func TestEverySection(t *testing.T) {
	d := run(t, small)
	if len(d.Sections) != len(sections.Names()) {
		t.Errorf("%d sections", len(d.Sections))
	}
	for _, s := range d.Sections {
		for _, c := range s.Comparisons {
			for _, row := range c.Rows {
				if len(row.Nanos) != 1 || row.Nanos[0] <= 0 {
					t.Errorf("%s, %s: %v", c.Name, row.Name, row.Nanos)
				}
			}
		}
		for _, table := range s.Tables {
			for _, row := range table.Rows {
				if len(row.Cells) != len(table.Columns) {
					t.Errorf("%s, %s: %d cells for %d columns", table.Name, row.Name, len(row.Cells), len(table.Columns))
				}
			}
		}
	}
	for _, goal := range report.Goals {
		if measured := !math.IsNaN(goal.Of(d).Median); measured != (goal.ID != "17") { // which needs another program
			t.Errorf("goal %s measured: %v", goal.ID, measured)
		}
	}
	promises(t, d)
	marks(t, d)
}

// marks are what the rows of peers say that they do not check.
func marks(t *testing.T, d *report.Data) {
	t.Helper()
	for _, name := range []string{report.HandlerHot, report.HandlerNew, report.LoopbackHot, report.LoopbackNew} {
		for _, peer := range peers.Handlers {
			if row := d.Comparison(name).Row(report.On(peer.Name, peer.Framework)); row == nil || row.Lacks != peer.Lacks {
				t.Errorf("%s, %s: %+v", name, peer.Name, row)
			}
		}
	}
	for _, peer := range peers.All {
		if row := d.Comparison(report.Same).Row(peer.Name); row == nil || row.Lacks != peer.Lacks {
			t.Errorf("%s: %+v", peer.Name, row)
		}
	}
}

// promises are the goals that are counts, and hold on every machine.
func promises(t *testing.T, d *report.Data) {
	t.Helper()
	exact := []string{"7b", "16a", "16b", "16c", "16d", "18a", "18b", "18c", "18d", "19a", "19b"}
	for _, goal := range report.Goals {
		if slices.Contains(exact, goal.ID) && !goal.Reached(goal.Of(d)) {
			t.Errorf("goal %s: %s is %v", goal.ID, goal.Text, goal.Of(d).Median)
		}
	}
	for _, row := range d.Table(report.HitRatio).Rows {
		if row.Cells[0].Value != 1 { // all of them fit
			t.Errorf("%s: %v", row.Name, row.Cells[0].Value)
		}
	}
	if fetches := d.Cell(report.Flood, report.Kit, report.FloodColumns[1]).Value; fetches < 2 {
		t.Errorf("%v fetches in a flood of several cool-downs", fetches)
	}
	// Whoever knows no new keys has not got by with few fetches.
	if fetches := d.Cell(report.Fetches, "jwx v2", report.FetchColumns[4]); fetches.Value < report.Never {
		t.Errorf("%+v: counted as accepted", fetches)
	}
	if got := d.Cell(report.Rotation, report.Stranger, report.RotationColumns[1]); got.Value >= report.Never {
		t.Error("a new client's token was not accepted after the cool-down")
	}
}

func TestOnly(t *testing.T) {
	o := small
	o.Only = regexp.MustCompile("^limit$")
	d := run(t, o)
	if len(d.Sections) != 1 || d.Sections[0].Name != "limit" {
		t.Errorf("%d sections", len(d.Sections))
	}
}
