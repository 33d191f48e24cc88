// Package adaptertest is the one behaviour suite that every adapter runs. Only tests import it.
//
// It plays the HTTP behaviour table and the vectors of internal/conformance as far as they are about requests, the traps
// that other kits fall into, and the attacks on credentials, on proof of possession and on introspection, each against a
// real Validator in front of a fake authorization server. What a refusal looks like, octet for octet, is in
// testdata/golden/refusals.json: a change in that file is a change of the API.
package adaptertest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// Adapter builds a server with the given routes out of one framework. It applies nothing but the adapter under test.
type Adapter func(routes ...Route) http.Handler

// Route is one route of a server, protected unless it is open.
type Route struct {
	// Path is the whole path. The route takes every method.
	Path string
	// Prefix is a part of Path that a group of the framework stands for; empty for none. If the framework strips prefixes,
	// it is stripped before the request gets to the Guard.
	Prefix string
	// Open: the handler is mounted as it is, with no Guard around it.
	Open bool
	// Guard decides for the route and for the groups around it. It may be nil.
	Guard *middleware.Guard
	// Groups are the policies of the groups around the route, the outermost first.
	Groups []middleware.Policy
	// Policy is the route's own.
	Policy middleware.Policy
	// Handler is what the policies protect.
	Handler http.HandlerFunc
}

// Run holds an adapter against everything in this package, one subtest for each row, vector, trap and
// attack.
func Run(t *testing.T, adapter Adapter) {
	t.Helper()
	golden := loadGolden(t)
	play(t, adapter, golden.check)
}

// play plays every scenario and hands over each refusal with the name of its case.
func play(t *testing.T, adapter Adapter, refused func(t *testing.T, name string, got answer)) {
	t.Helper()
	for _, scenario := range scenarios(t) {
		t.Run(scenario.name, func(t *testing.T) {
			scenario.play(newScene(t, adapter, scenario, refused))
		})
	}
}

func scenarios(t *testing.T) []scenario {
	t.Helper()
	return slices.Concat(
		behaviours(t), traps, policies, bindings, paths, handlers,
		vectors(t), signedVectors(t), proofVectors(t), certificateVectors(t), stepUpVectors(t), resourceVectors(t),
		challengeVectors(t),
		attacks, introspectionAttacks, proofAttacks, certificateAttacks,
	)
}
