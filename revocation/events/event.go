package events

import (
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/revocation"
)

// Event is one security event, as Config.OnEvent learns of it. It is verified, and immutable but for its slices, which
// belong to the callee.
type Event struct {
	// Issuer is the transmitter, ID identifies the SET there (jti), and Transaction what caused it (txn), empty if
	// unknown.
	Issuer, ID, Transaction string
	// Types are the event type URIs in sorted order. If there are several, they are names of the same event.
	Types []string
	// Subject is whom the event is about; zero if it does not say.
	Subject Subject
	// Time is when it happened as far as is known: event_timestamp, or else toe, or else iat, and not in the future.
	Time time.Time
	// IssuedAt is when the SET was issued (iat).
	IssuedAt time.Time
	// Revocations are those that it caused.
	Revocations []revocation.Revocation

	payloads map[string]strictjson.Value
}

// Is reports whether the event is of that type.
func (e *Event) Is(eventType string) bool { return slices.Contains(e.Types, eventType) }

// Decode stores the payload for one of Types in the value v points to. Member names match exactly.
func (e *Event) Decode(eventType string, v any) error {
	return strictjson.Unmarshal(e.payloads[eventType], v)
}

// event presents a SET to OnEvent.
func (c *Config) event(s *set, revocations []revocation.Revocation) Event {
	return Event{
		Issuer:      c.Issuer,
		ID:          s.id,
		Transaction: s.transaction,
		Types:       slices.Clone(s.types),
		Subject:     s.subject,
		Time:        s.time(c.Now()),
		IssuedAt:    s.issued,
		Revocations: revocations,
		payloads:    s.payloads,
	}
}
