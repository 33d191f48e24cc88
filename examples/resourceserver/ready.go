package main

import (
	"context"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// readyTimeout is shorter than the patience of whoever probes. A fetch goes on without the probe that began it.
const readyTimeout = 2 * time.Second

type readiness struct {
	Ready  bool              `json:"ready"`
	Reason middleware.Reason `json:"reason,omitempty"`
}

// healthz says that the process lives. It asks nobody: an authorization server that is down is no reason to restart.
func healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]bool{"healthy": true})
}

// readyz says whether tokens can be judged. The details are for the log, not for strangers.
func (s *service) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	for _, source := range s.sources {
		if err := source.Ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			writeJSON(w, http.StatusServiceUnavailable, readiness{Reason: middleware.ReasonOf(err)})
			return
		}
	}
	writeJSON(w, http.StatusOK, readiness{Ready: true})
}
