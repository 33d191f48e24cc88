package main

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// handler is the API as one framework serves it.
type handler struct {
	framework string
	http.Handler
}

// api is a handler at work.
type api struct {
	framework, url string
	server         *http.Server
}

// serve starts each handler on a loopback port of its own.
func serve(handlers []handler) ([]api, error) {
	var apis []api
	for i, h := range handlers {
		listener, err := listen(8080 + i)
		if err != nil {
			stop(apis)
			return nil, err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
		go func() { _ = server.Serve(listener) }() // until stop
		apis = append(apis, api{h.framework, "http://" + listener.Addr().String() + "/orders", server})
	}
	return apis, nil
}

func stop(apis []api) {
	for _, a := range apis {
		a.server.Close()
	}
}

// listen takes another port if this one is in use.
func listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return listener, nil
}
