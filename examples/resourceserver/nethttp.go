package main

import (
	"net/http"
	"slices"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
)

func netHTTP(routes []route) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		handler := http.Handler(r.handler)
		for _, l := range slices.Backward(r.layers) {
			handler = oauthhttp.Enforce(l.guard, l.policy)(handler)
		}
		mux.Handle(r.method+" "+r.path, handler)
	}
	return mux
}
