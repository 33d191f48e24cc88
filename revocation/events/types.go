package events

// The event types for which a [Receiver] revokes what their subject was issued up to the time of the event (CAEP,
// section 3; RISC, section 2; OAuth Event Types, section 3). TypeSessionsRevoked is deprecated in favour of
// TypeSessionRevoked, of which an opaque subject is taken both for a user and for a session: the standard uses it for
// either.
const (
	TypeSessionRevoked       = caep + "session-revoked"
	TypeTokenClaimsChange    = caep + "token-claims-change"
	TypeCredentialChange     = caep + "credential-change"
	TypeAccountDisabled      = risc + "account-disabled"
	TypeAccountPurged        = risc + "account-purged"
	TypeCredentialRequired   = risc + "account-credential-change-required"
	TypeCredentialCompromise = risc + "credential-compromise"
	TypeSessionsRevoked      = risc + "sessions-revoked"
	TypeTokenRevoked         = oauth + "token-revoked"
	TypeTokensRevoked        = oauth + "tokens-revoked"
)

// The event types that tell of the stream itself: whether it works, and whether it stops or goes on (SSF, sections
// 8.1.4 and 8.1.5). See [State].
const (
	TypeVerification  = ssf + "verification"
	TypeStreamUpdated = ssf + "stream-updated"
)

// Event types that are left to Config.OnEvent, like all that are not named here.
const (
	TypeAssuranceLevelChange   = caep + "assurance-level-change"
	TypeDeviceComplianceChange = caep + "device-compliance-change"
)

const (
	base  = "https://schemas.openid.net/secevent/"
	caep  = base + "caep/event-type/"
	risc  = base + "risc/event-type/"
	oauth = base + "oauth/event-type/"
	ssf   = base + "ssf/event-type/"
)

// action is what an event type asks of a Receiver.
type action uint8

const (
	leave         action = iota // to OnEvent
	revoke                      // what the subject was issued
	revokeSession               // the same, where an opaque subject may also be a session
	verify
	update
)

// actions is the mapping table. Some types are left out on purpose: an identifier that was recycled is an address, and
// tokens name their subject by one that is never given to somebody else; what a changed assurance level or device means
// is for policies to say.
var actions = map[string]action{
	TypeSessionRevoked:       revokeSession,
	TypeTokenClaimsChange:    revoke,
	TypeCredentialChange:     revoke,
	TypeAccountDisabled:      revoke,
	TypeAccountPurged:        revoke,
	TypeCredentialRequired:   revoke,
	TypeCredentialCompromise: revoke,
	TypeSessionsRevoked:      revoke,
	TypeTokenRevoked:         revoke,
	TypeTokensRevoked:        revoke,
	TypeVerification:         verify,
	risc + "verification":    verify, // of transmitters that are older than SSF
	TypeStreamUpdated:        update,
}
