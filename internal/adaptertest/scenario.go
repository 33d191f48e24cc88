package adaptertest

import (
	"maps"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

// scenario is one thing that may happen to a protected route.
type scenario struct {
	// name is the ID of a row, or what the scenario is about. It names the refusal among the golden ones too.
	name string
	want want
	play func(*scene)
}

// want is the answer to a request.
type want struct {
	status int
	// challenge is in the notation of the behaviour table, see parseNotation.
	challenge string
}

// admitted reports whether the protected handler runs.
func (w want) admitted() bool { return w.status == http.StatusOK }

var (
	ok            = want{http.StatusOK, noChallenge}
	noToken       = want{http.StatusUnauthorized, `Bearer !error !error_description`}
	malformed     = want{http.StatusBadRequest, `Bearer error="invalid_request"`}
	invalidToken  = want{http.StatusUnauthorized, `Bearer error="invalid_token"`}
	needsRead     = want{http.StatusForbidden, `Bearer error="insufficient_scope" scope="read"`}
	unavailable   = want{http.StatusServiceUnavailable, noChallenge}
	misconfigured = want{http.StatusInternalServerError, noChallenge}
)

// behaviours returns the rows of the behaviour table, in its order.
func behaviours(t *testing.T) []scenario {
	t.Helper()
	table, err := conformance.Behaviour()
	if err != nil {
		t.Fatal(err)
	}
	plays := maps.Clone(credentialRows)
	for _, rows := range []map[string]func(*scene){
		tokenRows, keyRows, introspectionRows, scopeRows, proofRows, certificateRows, stepUpRows, resourceRows,
	} {
		maps.Copy(plays, rows)
	}
	var scenarios []scenario
	for _, row := range table {
		play, found := plays[row.ID]
		if !found {
			t.Errorf("row %s is played by no scenario: %s", row.ID, row.Given)
			continue
		}
		delete(plays, row.ID)
		w := want{row.ExpectStatus, row.ExpectChallenge}
		if w.admitted() != row.HandlerCalled() {
			t.Errorf("row %s says %d and handler_called=%t", row.ID, row.ExpectStatus, row.HandlerCalled())
		}
		scenarios = append(scenarios, scenario{row.ID, w, play})
	}
	for id := range plays {
		t.Errorf("scenario %s plays no row of the behaviour table", id)
	}
	return scenarios
}
