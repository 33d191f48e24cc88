package events

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bearergate/bearergate/revocation"
)

var (
	errNoSubject = refuse(codeInvalid, "The event has no sub_id that says whom it is about")
	errUnmapped  = refuse(codeInvalid, "The subject is identified in a way that is not understood here")
	errCritical  = refuse(codeInvalid, "The subject has a critical member that is not understood here")
	errDenied    = refuse(codeDenied, "The transmitter has no say over tokens of that issuer")
)

// mapping is what a subject comes to.
type mapping struct {
	revocations []revocation.Revocation
	used        []string // the members of a complex subject that they depend on
	foreign     bool     // the subject, or a member that matters, is of a foreign issuer
}

// revocations returns what an event revokes, without time and audit texts.
func (r *Receiver) revocations(ctx context.Context, s *set) ([]revocation.Revocation, error) {
	if s.subject.Format == "" {
		return nil, errNoSubject
	}
	m := r.config.mapSubject(s)
	switch critical := r.config.ignoresCritical(s.subject, m.used); {
	case len(m.revocations) > 0 && !critical && !m.foreign:
		return m.revocations, nil
	case r.config.Resolve != nil:
		return r.resolve(ctx, s.subject)
	case m.foreign:
		return nil, errDenied
	case critical:
		return nil, errCritical
	}
	return nil, errUnmapped
}

// ignoresCritical reports whether a critical member would make no difference (SSF, section 3.6).
func (c *Config) ignoresCritical(s Subject, used []string) bool {
	return s.Format == formatComplex && slices.ContainsFunc(c.CriticalMembers, func(name string) bool {
		return s.members[name] != nil && !slices.Contains(used, name)
	})
}

// resolve asks the caller, who must not let one transmitter speak for the issuers of another.
func (r *Receiver) resolve(ctx context.Context, s Subject) ([]revocation.Revocation, error) {
	resolved, err := r.config.Resolve(ctx, s)
	if err != nil {
		if errors.Is(err, ErrSubject) {
			return nil, errUnmapped
		}
		return nil, err
	}
	for i := range resolved {
		if resolved[i].Token == "" && !slices.Contains(r.config.TokenIssuers, resolved[i].Issuer) {
			return nil, errDenied
		}
	}
	return slices.Clone(resolved), nil
}

// mapSubject maps what a token can be recognised by.
func (c *Config) mapSubject(s *set) *mapping {
	if s.subject.Format == formatComplex {
		return c.mapComplex(s.subject)
	}
	m := &mapping{}
	session := slices.ContainsFunc(s.types, func(t string) bool { return actions[t] == revokeSession })
	foreign := false
	for _, identifier := range s.subject.Identifiers() {
		foreign = foreign || c.foreign(identifier)
		if identifier.Format == formatJWTID && !c.foreign(identifier) {
			m.add(revocation.Revocation{Issuer: identifier.Text("iss"), ID: identifier.Text("jti")})
		}
		for _, n := range c.names(identifier) {
			m.add(revocation.Revocation{Issuer: n.issuer, Subject: n.id})
			if session && identifier.Format == formatOpaque {
				// CAEP's own example of a revoked session has its ID here, and an opaque user would look no different.
				m.add(revocation.Revocation{Issuer: n.issuer, SessionID: n.id})
			}
		}
	}
	m.foreign = foreign && len(m.revocations) == 0
	return m
}

func (m *mapping) add(r revocation.Revocation) { m.revocations = append(m.revocations, r) }

// name is what an issuer calls somebody or something.
type name struct{ issuer, id string }

// names returns the names that tokens may have for one identifier.
func (c *Config) names(identifier Subject) []name {
	var names []name
	switch {
	case identifier.Format == formatIssSub && !c.foreign(identifier):
		names = append(names, name{identifier.Text("iss"), identifier.Text("sub")})
	case identifier.Format == formatOpaque:
		for _, issuer := range c.TokenIssuers {
			names = append(names, name{issuer, identifier.Text("id")})
		}
	}
	return names
}

// foreign reports an identifier of an issuer whose tokens are none of the transmitter's business.
func (c *Config) foreign(identifier Subject) bool {
	named := identifier.Format == formatIssSub || identifier.Format == formatJWTID
	return named && !slices.Contains(c.TokenIssuers, identifier.Text("iss"))
}

// sign fills in what all revocations of an event have in common. That of a whole issuer is only ever the caller's own,
// who then says up to when: it must not come of a name that was forgotten.
func sign(revocations []revocation.Revocation, before time.Time, by, reason string) {
	for i := range revocations {
		r := &revocations[i]
		if r.Subject != "" || r.ClientID != "" {
			r.Before = before
		}
		r.By, r.Reason = by, reason
	}
}
