package events

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// set is a Security Event Token (RFC 8417) that is what SSF wants it to be.
type set struct {
	id, transaction  string
	issued, occurred time.Time // occurred is zero if it does not say
	subject          Subject
	types            []string // sorted; more than one are names of the same event
	payloads         map[string]strictjson.Value
	key              digest // tells it from others
}

var (
	errMissing    = refuse(codeInvalid, "iss, iat, jti, aud and events are required, each with a value of its kind")
	errOtherKind  = refuse(codeInvalid, "A security event token has neither sub nor exp")
	errNoEvents   = refuse(codeInvalid, "events must be an object with at least one member, and each member an object")
	errBadSubject = refuse(codeInvalid, "The subject is not a well-formed subject identifier")
)

// parse applies RFC 8417, section 2.2, and SSF, section 4.1. What it does not know is ignored.
func (c *Config) parse(claims []byte) (*set, error) {
	members, err := strictjson.Object(claims)
	if err != nil {
		return nil, errForm
	}
	var d claim.Decoder
	s := &set{
		id:          d.Text(members["jti"]),
		transaction: claim.OptionalText(members["txn"]),
		issued:      d.Date(members["iat"]),
		occurred:    claim.OptionalDate(members["toe"]),
	}
	issuer, audience := d.Text(members["iss"]), d.List(members["aud"])
	switch {
	case d.Failed() || s.id == "" || s.issued.IsZero() || issuer == "" || len(audience) == 0:
		return nil, errMissing
	case issuer != c.Issuer:
		return nil, errIssuer
	case !slices.Contains(audience, c.Audience):
		return nil, errAudience
	case members["sub"] != nil || members["exp"] != nil:
		return nil, errOtherKind
	}
	if s.payloads, err = parsePayloads(members["events"]); err != nil {
		return nil, err
	}
	s.types = slices.Sorted(maps.Keys(s.payloads))
	s.key = identify(members)
	return s, c.readSubject(s, members["sub_id"])
}

// identify returns a digest of who sent what under which jti. Another event under a jti that was used before is another
// SET: to take it for a repeat would drop it.
func identify(members map[string]strictjson.Value) digest {
	parts := make([][]byte, 0, 4)
	for _, name := range []string{"iss", "jti", "sub_id", "events"} {
		parts = append(parts, members[name])
	}
	return sha256.Sum256(bytes.Join(parts, []byte{0}))
}

func parsePayloads(v strictjson.Value) (map[string]strictjson.Value, error) {
	payloads, err := strictjson.Object(v)
	if err != nil || len(payloads) == 0 {
		return nil, errNoEvents
	}
	for _, payload := range payloads {
		if payload.Kind() != '{' {
			return nil, errNoEvents
		}
	}
	return payloads, nil
}

// readSubject reads the subject, which some events do without.
func (c *Config) readSubject(s *set, v strictjson.Value) error {
	parse := ParseSubject
	if v == nil && c.AllowLegacySubject {
		v, parse = s.innerSubject(), parseLegacySubject
	}
	if v == nil {
		return nil
	}
	var err error
	if s.subject, err = parse(v); err != nil {
		return errBadSubject
	}
	return nil
}

// time returns when the event happened, as far as the SET says, and no later than now: a time to come would revoke
// tokens that do not exist yet. Of several times the latest is taken. A time of long ago, such as 0, is none: it would
// revoke nothing.
func (s *set) time(now time.Time) time.Time {
	plausible := s.issued.AddDate(-1, 0, 0)
	var latest time.Time
	for _, eventType := range s.types {
		if t := claim.OptionalDate(s.payload(eventType)["event_timestamp"]); t.After(latest) && t.After(plausible) {
			latest = t
		}
	}
	if latest.IsZero() && s.occurred.After(plausible) {
		latest = s.occurred
	}
	if latest.IsZero() {
		latest = s.issued
	}
	return earlier(latest, now)
}

// payload returns the members of one event, which parse has found to be an object.
func (s *set) payload(eventType string) map[string]strictjson.Value {
	members, _ := strictjson.Object(s.payloads[eventType])
	return members
}
