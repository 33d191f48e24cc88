package servers_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestServers(t *testing.T) {
	stations := make([][]*station, len(servers))
	t.Run("each", func(t *testing.T) {
		for i, s := range servers {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				stations[i] = s.test(t)
			})
		}
	})
	if !t.Failed() {
		t.Run("documented", func(t *testing.T) {
			var b strings.Builder
			for i, s := range servers {
				s.describe(&b, stations[i])
			}
			harness.Document(t, "servers", b.String())
		})
	}
}

// test goes through all that can happen with a server, in an order in which each thing spoils nothing for the next.
func (s server) test(t *testing.T) []*station {
	var stations []*station
	offers := s.start(t)
	for _, m := range modes {
		if o := offers[m]; o != nil {
			for _, adapter := range harness.Adapters {
				stations = append(stations, newStation(t, o, m, adapter))
			}
		}
	}
	testExpiry(t, stations)
	observe(t, "up", stations, verdicts)
	testRotation(t, stations)
	testOutage(t, stations)
	return stations
}

func testExpiry(t *testing.T, stations []*station) {
	for _, s := range stations {
		if s.setLifetime != nil {
			s.setLifetime(t, briefly)
		}
		s.tokens[expired] = s.accepted(t, s.brief(t))
	}
	<-time.After(briefly)
	observe(t, "expired", stations, expiry)
	for _, s := range stations {
		if s.setLifetime != nil {
			s.setLifetime(t, usually)
		}
	}
}

func testRotation(t *testing.T, stations []*station) {
	for _, s := range stations {
		if s.rotate != nil {
			s.tokens[lostKey] = s.accepted(t, s.good(t))
		}
	}
	rotated := map[*offer]bool{}
	for _, s := range stations {
		if s.rotate != nil && !rotated[s.offer] {
			s.rotate(t)
			rotated[s.offer] = true
		}
	}
	observe(t, "rotated", stations, rotations)
}

func testOutage(t *testing.T, stations []*station) {
	for _, s := range stations {
		s.tokens[seen], s.tokens[unseen] = s.accepted(t, s.good(t)), s.good(t)
		if s.mode == keys {
			s.keyless = s.startResourceServer(t, harness.Secret(s.ResourceServer))
		}
	}
	down := map[*harness.AuthorizationServer]bool{}
	for _, s := range stations {
		if !down[s.AuthorizationServer] {
			s.Stop()
			down[s.AuthorizationServer] = true
		}
	}
	observe(t, "down", stations, outage)
	for as := range down {
		as.Restart(t)
	}
	observe(t, "back", stations, recovery)
}

// observe asks all resource servers at once, and waits for all of them.
func observe(t *testing.T, phase string, stations []*station, behaviours []behaviour) {
	t.Helper()
	t.Run(phase, func(t *testing.T) {
		for _, s := range stations {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				for _, b := range behaviours {
					if s.reason(b) == "" {
						t.Run(b.name, func(t *testing.T) { s.observe(t, b) })
					}
				}
			})
		}
	})
}

func (s *station) observe(t *testing.T, b behaviour) {
	got := b.ask(t, s)
	if want := b.wanted(s.mode); got != want {
		t.Errorf("answer %s, want %s", got, want)
	}
	s.observed[b.name] = got
}

// reason says why a behaviour cannot be shown at a station; it is empty if it can.
func (s *station) reason(b behaviour) string {
	if reason := b.without[s.mode]; reason != "" {
		return reason
	}
	return s.without[b.name]
}

// describe writes what docs/interop.md says of a server.
func (s server) describe(b *strings.Builder, stations []*station) {
	fmt.Fprintf(b, "### %s\n\n| token |", s.name)
	for _, m := range modes {
		fmt.Fprintf(b, " %s |", m)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---|", len(modes)))
	var notes []string
	for _, behaviour := range behaviours {
		fmt.Fprintf(b, "| %s |", behaviour.name)
		for _, m := range modes {
			text, reason := s.cell(stations, m, behaviour)
			if reason != "" {
				if !slices.Contains(notes, reason) {
					notes = append(notes, reason)
				}
				text = fmt.Sprintf("- (%d)", slices.Index(notes, reason)+1)
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for i, note := range notes {
		fmt.Fprintf(b, "%d. %s\n", i+1, note)
	}
	b.WriteString("\n")
}

// cell is what was observed of a behaviour in a mode, on every adapter, or why nothing was.
func (s server) cell(stations []*station, m mode, b behaviour) (text, reason string) {
	if reason := s.without[m]; reason != "" {
		return "", reason
	}
	var observed []string
	for _, s := range stations {
		if s.mode != m {
			continue
		}
		if reason := s.reason(b); reason != "" {
			return "", reason
		}
		observed = append(observed, s.observed[b.name])
	}
	return strings.Join(slices.Compact(observed), " or "), ""
}
