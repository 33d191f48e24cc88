// Package interop runs the demo resource server against real authorization servers, end to end.
//
// Everything happens between processes on loopback: an authorization server issues access tokens, the resource
// server accepts or refuses them, and the tests see only what a client sees. What the suites need must be
// installed: a missing program is a failure, never a skip.
package interop
