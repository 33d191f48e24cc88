package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// stream sends an event a second, until its context ends with the token.
func (h *handler) stream(stopping <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		event, err := json.Marshal(h.call(r.Context()))
		if err != nil {
			middleware.WriteError(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for send(w, event) == nil {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			case <-stopping:
				return
			}
		}
	}
}

// sendTimeout is how long a client may take to read one event. It replaces the server's limit on the whole response.
const sendTimeout = 10 * time.Second

func send(w http.ResponseWriter, event []byte) error {
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", event); err != nil {
		return err
	}
	return out.Flush()
}
