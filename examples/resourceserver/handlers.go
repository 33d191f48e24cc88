package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/bearergate/bearergate/middleware"
)

// handler answers with what it knows of its caller, and counts: a test can prove that a refused request never got here.
type handler struct {
	name  string
	calls atomic.Int64
}

func newHandler(name string) *handler { return &handler{name: name} }

func (h *handler) answer(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, h.call(r.Context()))
}

// call is one run of a handler.
type call struct {
	Handler   string   `json:"handler"`
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	ClientID  string   `json:"client_id"`
	Scopes    []string `json:"scopes"`
	Anonymous bool     `json:"anonymous"`
	Calls     int64    `json:"calls"`
}

func (h *handler) call(ctx context.Context) call {
	token, ok := middleware.FromContext(ctx)
	return call{
		Handler:   h.name,
		Issuer:    token.Issuer,
		Subject:   token.Subject,
		ClientID:  token.ClientID,
		Scopes:    slices.AppendSeq([]string{}, token.Scopes.All()),
		Anonymous: !ok,
		Calls:     h.calls.Add(1),
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to be told
}
