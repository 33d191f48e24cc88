// Package adaptertest is the one behaviour suite that every adapter runs. Only tests import it.
//
// It plays the rows A to E of the HTTP behaviour table in internal/conformance, the introspection vectors there, the
// traps that other kits fall into and the attacks on the transport of credentials and on introspection, each against a
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

// Route is one protected route of a server.
type Route struct {
	// Path is the whole path. The route takes every method.
	Path string
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
	all := slices.Concat(behaviours(t), vectors(t), signedVectors(t), traps, attacks, introspectionAttacks, policies, handlers)
	for _, scenario := range all {
		t.Run(scenario.name, func(t *testing.T) {
			scenario.play(newScene(t, adapter, scenario, refused))
		})
	}
}
