package events

import (
	"strings"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// innerSubject returns the subject that is inside of the event, where it was before SSF 1.0 (RISC, section 3.1).
func (s *set) innerSubject() strictjson.Value {
	for _, eventType := range s.types {
		if v := s.payload(eventType)["subject"]; v != nil {
			return v
		}
	}
	return nil
}

// parseLegacySubject reads a subject whose format is called subject_type and written in the ways that were in use
// before RFC 9493. One that is written as it should be is read as such.
func parseLegacySubject(data []byte) (Subject, error) {
	members, err := strictjson.Object(data)
	if err != nil {
		return Subject{}, ErrSubject
	}
	if members["format"] != nil {
		return newSubject(members)
	}
	name, ok := strictjson.String(members["subject_type"])
	if !ok {
		return Subject{}, ErrSubject
	}
	format := strings.ReplaceAll(name, "-", "_")
	if format == "id_token_claims" {
		format = formatIssSub
		if members["sub"] == nil {
			format = formatEmail
		}
	}
	members["format"], err = strictjson.Marshal(format)
	if err != nil {
		return Subject{}, ErrSubject
	}
	return newSubject(members)
}
