package events

import (
	"errors"
	"slices"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// ErrSubject says that a subject is not well formed or of a kind that is not understood.
var ErrSubject = errors.New("events: not a subject that is understood here")

// Subject is a subject identifier (RFC 9493; SSF, section 3): whom an event is about. It is immutable, and the zero
// value identifies nobody.
type Subject struct {
	// Format says how the subject is identified: "iss_sub", "opaque", "email" or another; "complex" if several members
	// narrow it down, "aliases" if several identifiers mean the same.
	Format string

	members map[string]strictjson.Value
	parts   map[string]Subject // of a complex subject
	aliases []Subject          // of an aliases subject
}

const (
	formatIssSub  = "iss_sub"
	formatOpaque  = "opaque"
	formatJWTID   = "jwt_id"
	formatEmail   = "email"
	formatAliases = "aliases"
	formatComplex = "complex"
)

// requiredTexts are the members that the known simple formats must have, all of them strings that are not empty.
var requiredTexts = map[string][]string{
	formatIssSub:        {"iss", "sub"},
	formatOpaque:        {"id"},
	formatJWTID:         {"iss", "jti"},
	formatEmail:         {"email"},
	"phone_number":      {"phone_number"},
	"account":           {"uri"},
	"uri":               {"uri"},
	"did":               {"url"},
	"saml_assertion_id": {"issuer", "assertion_id"},
}

// The members of a complex subject that tokens have a counterpart of.
const (
	memberUser        = "user"
	memberSession     = "session"
	memberApplication = "application"
)

// knownMembers are subjects wherever they occur. What else a complex subject may have is anybody's guess.
var knownMembers = []string{memberUser, memberSession, memberApplication, "device", "tenant", "org_unit", "group"}

// ParseSubject reads a subject identifier, one strict JSON object. A format that is not known is left to whoever reads
// the members. The error is ErrSubject.
func ParseSubject(data []byte) (Subject, error) { return parseSubject(data) }

// parseSubject reads a subject of any format but those that are named.
func parseSubject(data []byte, but ...string) (Subject, error) {
	members, err := strictjson.Object(data)
	if err != nil {
		return Subject{}, ErrSubject
	}
	return newSubject(members, but...)
}

func newSubject(members map[string]strictjson.Value, but ...string) (Subject, error) {
	format, _ := strictjson.String(members["format"])
	if format == "" || slices.Contains(but, format) {
		return Subject{}, ErrSubject
	}
	s := Subject{Format: format, members: members}
	switch format {
	case formatComplex:
		err := s.readParts() // first: in what order a return statement reads s and changes it is not specified
		return s, err
	case formatAliases:
		err := s.readAliases()
		return s, err
	}
	for _, name := range requiredTexts[format] {
		if s.Text(name) == "" {
			return Subject{}, ErrSubject
		}
	}
	return s, nil
}

// readParts wants at least one member besides format, and a subject wherever the standard defines one.
func (s *Subject) readParts() error {
	s.parts = map[string]Subject{}
	for name, value := range s.members {
		part, err := parseSubject(value, formatComplex)
		if err == nil {
			s.parts[name] = part
		} else if slices.Contains(knownMembers, name) {
			return ErrSubject
		}
	}
	if len(s.parts) == 0 {
		return ErrSubject
	}
	return nil
}

// readAliases wants identifiers that are neither complex nor aliases themselves (RFC 9493, section 3.2.8).
func (s *Subject) readAliases() error {
	identifiers, err := strictjson.Elements(s.members["identifiers"])
	if err != nil || len(identifiers) == 0 {
		return ErrSubject
	}
	for _, identifier := range identifiers {
		alias, err := parseSubject(identifier, formatComplex, formatAliases)
		if err != nil {
			return ErrSubject
		}
		s.aliases = append(s.aliases, alias)
	}
	return nil
}

// Text returns a member that is a string, such as "email", and "" if there is none.
func (s Subject) Text(name string) string {
	text, _ := strictjson.String(s.members[name])
	return text
}

// Member returns a member of a complex subject, such as "user" or "tenant", and the zero Subject if there is none.
func (s Subject) Member(name string) Subject { return s.parts[name] }

// User returns the user that a subject is or names: the member "user" of a complex subject, any other subject itself.
func (s Subject) User() Subject {
	if s.Format == formatComplex {
		return s.Member(memberUser)
	}
	return s
}

// Identifiers returns the identifiers of an aliases subject, all of which mean the same, and any other subject by
// itself. For the zero Subject there are none.
func (s Subject) Identifiers() []Subject {
	switch s.Format {
	case "":
		return nil
	case formatAliases:
		return slices.Clone(s.aliases)
	}
	return []Subject{s}
}

// Decode stores all members of the subject, format included, in the value v points to. Member names match exactly.
func (s Subject) Decode(v any) error {
	data, err := strictjson.Marshal(s.members)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(data, v)
}
