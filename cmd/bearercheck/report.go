package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/bearergate/bearergate/internal/reasons"
	"github.com/bearergate/bearergate/middleware"
)

// report is all that the program found out. Its JSON form is stable: members are added, none is renamed.
type report struct {
	Verdict    *verdict     `json:"verdict,omitempty"`
	Token      *tokenView   `json:"token_unverified,omitempty"`
	Issuer     *issuerView  `json:"issuer,omitempty"`
	Clock      *clockView   `json:"clock,omitempty"`
	Steps      []step       `json:"steps,omitempty"`
	Findings   []finding    `json:"findings,omitempty"`
	Suggestion *suggestion  `json:"suggestion,omitempty"`
	Service    *serviceView `json:"service,omitempty"`
}

// The outcomes of a verdict.
const (
	outcomeAccepted = "accepted"
	outcomeRefused  = "refused"
	outcomeUnknown  = "unknown"
)

// verdict is what a service with this configuration answers.
type verdict struct {
	Outcome string            `json:"outcome"`
	Status  int               `json:"status,omitempty"`
	Code    middleware.Code   `json:"error,omitempty"`
	Reason  middleware.Reason `json:"reason,omitempty"`
	// Note says what the verdict leaves open, "" for nothing.
	Note string `json:"note,omitempty"`
}

// finding is one thing that is wrong.
type finding struct {
	Reason middleware.Reason `json:"reason"`
	// Here says what it is with this token.
	Here string `json:"here"`
	// Cause and Fix are those of the catalogue.
	Cause   string   `json:"cause"`
	Fix     string   `json:"fix"`
	Options []string `json:"options,omitempty"`
}

func newFinding(reason middleware.Reason, here string) finding {
	f := finding{Reason: reason, Here: here}
	if entry, ok := reasons.Of(reason); ok {
		f.Cause, f.Fix, f.Options = entry.Cause, entry.Fix, entry.Options
	}
	return f
}

// exit returns the exit status: that of the judgement here if there was one, or else of the service.
func (r *report) exit() int {
	outcome := outcomeUnknown
	switch {
	case r.Service != nil && (r.Verdict == nil || r.Service.TokenSent):
		outcome = r.Service.Outcome
	case r.Verdict != nil:
		outcome = r.Verdict.Outcome
	}
	switch outcome {
	case outcomeAccepted:
		return exitAccepted
	case outcomeRefused:
		return exitRefused
	}
	return exitUnknown
}

func (r *report) write(w io.Writer, asJSON bool) error {
	var b strings.Builder
	if asJSON {
		if err := r.json(&b); err != nil {
			return err
		}
	} else {
		r.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// json writes ASCII alone, for what a token says may end up on a terminal in this form too.
func (r *report) json(b *strings.Builder) error {
	var document strings.Builder
	e := json.NewEncoder(&document)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return err
	}
	for _, unit := range utf16.Encode([]rune(document.String())) {
		if unit < ' ' && unit != '\n' || unit > '~' {
			fmt.Fprintf(b, "\\u%04x", unit)
			continue
		}
		b.WriteByte(byte(unit))
	}
	return nil
}

func (r *report) text(b *strings.Builder) {
	if r.Token != nil {
		section(b, "token (unverified: what it says of itself)", r.Token.lines())
	}
	if r.Issuer != nil {
		section(b, "issuer", append(r.Issuer.lines(), r.Clock.line()))
	}
	if r.Steps != nil {
		section(b, "decision", stepLines(r.Steps))
	}
	if r.Verdict != nil {
		r.verdictText(b)
	}
	if r.Suggestion != nil {
		r.Suggestion.text(b, r.Verdict.Outcome)
	}
	if r.Service != nil {
		r.Service.text(b)
	}
}

func section(b *strings.Builder, title string, lines []string) {
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "%s\n", title)
	for _, line := range lines {
		fmt.Fprintf(b, "  %s\n", strings.TrimRight(line, " "))
	}
}

func (r *report) verdictText(b *strings.Builder) {
	v := r.Verdict
	title := "verdict: " + v.Outcome
	if v.Status != 0 {
		title += fmt.Sprintf(", %d", v.Status)
	}
	if v.Code != "" {
		title += " " + string(v.Code)
	}
	if v.Reason != "" {
		title += ", reason " + string(v.Reason)
	}
	var lines []string
	if v.Note != "" {
		lines = append(lines, wrap("", v.Note)...)
	}
	if len(r.Findings) > 0 {
		lines = append(lines, r.Findings[0].lines()...)
	}
	section(b, title, lines)
	for i, f := range r.Findings {
		if i > 0 {
			section(b, "wrong too: "+string(f.Reason), f.lines())
		}
	}
}

func (f *finding) lines() []string {
	lines := slices.Concat(wrap("here   ", f.Here), wrap("cause  ", f.Cause), wrap("fix    ", f.Fix))
	if len(f.Options) > 0 {
		lines = append(lines, wrap("see    ", strings.Join(f.Options, ", "))...)
	}
	return lines
}
