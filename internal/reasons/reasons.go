// Package reasons says of every reason code what it leads to, what usually causes it and what to do about it. It is the
// one source of docs/reasons.md and of the explanations of cmd/bearercheck.
//
// Its tests hold it to the source: every constant of the module with the type middleware.Reason has one entry, and every
// entry is produced through the exported API, with the status and the error code that stand here.
package reasons

import (
	"slices"

	"github.com/bearergate/bearergate/middleware"
)

// Entry explains one reason code. Its texts are for people who run a service or write a client for it; they contain
// nothing of a token.
type Entry struct {
	Reason middleware.Reason
	// Status is the status of the refusal.
	Status int
	// Code is the error code of the challenge, "" if it has none.
	Code middleware.Code
	// Cause is what usually leads here.
	Cause string
	// Fix is what to do about it, and who does it.
	Fix string
	// Options are the Config fields, profiles and functions that it is about, such as "jwks.Config.Profile".
	Options []string
}

// All returns every entry, in the order in which the constants are declared. The caller owns the slice.
func All() []Entry {
	return slices.Concat(credentials, tokens, claims, policies, ours, proofs, certificates, statusLists)
}

// Of returns the entry of a reason and whether there is one: validators outside this module have reasons of their own.
func Of(reason middleware.Reason) (Entry, bool) {
	all := All()
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Reason == reason })
	if i < 0 {
		return Entry{}, false
	}
	return all[i], true
}

// With returns the entries that lead to that status and error code: what a client that sees only the answer can tell.
func With(status int, code middleware.Code) []Entry {
	return slices.DeleteFunc(All(), func(e Entry) bool { return e.Status != status || e.Code != code })
}
