package playground

import (
	"net"
	"net/http"
	"strings"
)

// guarded lets only the page itself in. Any site that somebody visits can send requests to 127.0.0.1; one that has its own
// name point there (DNS rebinding) shows in the Host field, any other in what browsers say about the origin.
func guarded(at net.Addr, policy string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(at.String())
	own := map[string]bool{at.String(): true, "localhost:" + port: true}
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if !own[strings.ToLower(r.Host)] {
			http.Error(w, "this is not the name of the playground", http.StatusMisdirectedRequest)
			return
		}
		sameOrigin.ServeHTTP(w, r)
	})
}
