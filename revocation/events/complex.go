package events

import "github.com/bearergate/bearergate/revocation"

// mapComplex maps a complex subject by the matching rule of SSF, section 8.1.3.1: a token is meant if no member that
// both sides define differs. Tokens define no device, tenant, organisational unit or group, so these exclude none.
//
// A user has to be mapped if there is one: without him the rest would mean somebody else's tokens too. A session or an
// application that cannot be mapped, or that goes beyond what one revocation can name, excludes no token either.
func (c *Config) mapComplex(s Subject) *mapping {
	m := &mapping{}
	users := c.memberNames(m, s, memberUser)
	sessions := c.memberNames(m, s, memberSession)
	applications := c.memberNames(m, s, memberApplication)
	switch {
	case len(users) > 0:
		m.use(memberUser)
		m.addUsers(users, sessions, applications)
	case s.Member(memberUser).Format != "":
	case len(sessions) > 0:
		m.use(memberSession)
		for _, session := range sessions {
			m.add(revocation.Revocation{Issuer: session.issuer, SessionID: session.id})
		}
	default:
		for _, application := range applications {
			m.use(memberApplication)
			m.add(revocation.Revocation{Issuer: application.issuer, ClientID: application.id})
		}
	}
	return m
}

// addUsers adds what users have in their sessions, or else gave to their applications, or else everything.
func (m *mapping) addUsers(users, sessions, applications []name) {
	if m.addPairs(users, sessions, func(r *revocation.Revocation, id string) { r.SessionID = id }) {
		m.use(memberSession)
		return
	}
	if m.addPairs(users, applications, func(r *revocation.Revocation, id string) { r.ClientID = id }) {
		m.use(memberApplication)
		return
	}
	for _, user := range users {
		m.add(revocation.Revocation{Issuer: user.issuer, Subject: user.id})
	}
}

// addPairs adds each user with each thing that the same issuer gave a name, and reports whether there was any.
func (m *mapping) addPairs(users, things []name, set func(r *revocation.Revocation, id string)) (found bool) {
	for _, user := range users {
		for _, thing := range things {
			if user.issuer == thing.issuer {
				r := revocation.Revocation{Issuer: user.issuer, Subject: user.id}
				set(&r, thing.id)
				m.add(r)
				found = true
			}
		}
	}
	return found
}

func (m *mapping) use(member string) { m.used = append(m.used, member) }

// memberNames returns the names of one member. Of several aliases one that is ours is enough.
func (c *Config) memberNames(m *mapping, s Subject, member string) []name {
	var names []name
	foreign := false
	for _, identifier := range s.Member(member).Identifiers() {
		names = append(names, c.names(identifier)...)
		foreign = foreign || c.foreign(identifier)
	}
	m.foreign = m.foreign || foreign && len(names) == 0
	return names
}
