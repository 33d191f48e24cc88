package playground

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
)

// order is what the page asks for: one of each choice, by ID.
type order struct {
	Token     string `json:"token"`
	Route     string `json:"route"`
	Framework string `json:"framework"`
}

// trace is all that there is to see of one request to the API.
type trace struct {
	order
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Request  string   `json:"request"`
	Response string   `json:"response"`
	Decision decision `json:"decision"`
	Keys     keys     `json:"keys"`
}

// decision is a middleware.Decision, as JSON.
type decision struct {
	Allowed      bool              `json:"allowed"`
	Status       int               `json:"status"`
	Code         middleware.Code   `json:"code"`
	Reason       middleware.Reason `json:"reason"`
	Microseconds int64             `json:"microseconds"`
	Steps        []step            `json:"steps"`
}

// keys says which key signed the token, and how often the keys have been fetched so far by all validators of the demo.
type keys struct {
	ID      string `json:"id"`
	Fetches int    `json:"fetches"`
}

var errChoice = errors.New("token, route or framework is none of those to choose from")

const maxOrder = 1 << 10

func (s *Server) serveSend(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "send JSON")
		return
	}
	var o order
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	body.DisallowUnknownFields()
	if err := body.Decode(&o); err != nil {
		refuse(w, http.StatusBadRequest, "this is not a choice of token, route and framework as JSON")
		return
	}
	switch t, err := s.carryOut(r.Context(), o); {
	case errors.Is(err, errChoice):
		refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		refuse(w, http.StatusBadGateway, "the API could not be asked: "+err.Error())
	default:
		writeJSON(w, http.StatusOK, t)
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	writeJSON(w, status, map[string]string{"error": why})
}

// carryOut sends the request that was ordered and returns what happened.
func (s *Server) carryOut(ctx context.Context, o order) (*trace, error) {
	kind := slices.IndexFunc(kinds, func(k kind) bool { return k.ID == o.Token })
	to := slices.IndexFunc(routes, func(r route) bool { return r.ID == o.Route })
	base, known := s.bases[o.Framework]
	if kind < 0 || to < 0 || !known {
		return nil, errChoice
	}
	held, err := kinds[kind].mint(s.issuer)
	if err != nil {
		return nil, err
	}
	id, decided := s.observer.expect()
	defer s.observer.forget(id)
	request, proof, err := s.issuer.holder.newRequest(base, s.audience, id, routes[to], held)
	if err != nil {
		return nil, err
	}
	e, err := send(ctx, request)
	if err != nil {
		return nil, err
	}
	d, err := received(decided)
	if err != nil {
		return nil, err
	}
	t := &trace{order: o, ID: id, Status: e.status, Response: e.received, Decision: newDecision(d, routes[to].needs)}
	t.Request = Shorten(Shorten(e.sent, proof), held.token)
	t.Keys.Fetches = s.as.Requests(oauthtest.EndpointJWKS)
	if held.token != "" {
		t.Keys.ID, err = keyID(held.token)
	}
	return t, err
}

func newDecision(d middleware.Decision, needs string) decision {
	return decision{d.Allowed, d.Status, d.Code, middleware.ReasonOf(d.Err), d.Duration.Microseconds(), stepsOf(d, needs)}
}
