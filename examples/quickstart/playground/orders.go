package playground

import (
	"encoding/json"
	"net/http"

	"github.com/bearergate/bearergate/middleware"
)

var listOrders = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"customer": customer(r), "orders": []string{"10 screws", "1 screwdriver"}})
})

var placeOrder = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusCreated, map[string]any{"customer": customer(r), "ordered": "1 hammer"})
})

var showCatalogue = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"visitor": customer(r), "items": []string{"hammer", "screws", "screwdriver"}})
})

// customer is whoever the token says, or nobody in particular where a route does not ask for one.
func customer(r *http.Request) string {
	if token, ok := middleware.FromContext(r.Context()); ok {
		return token.Subject
	}
	return "anonymous"
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // nobody to tell if the client has gone
}
