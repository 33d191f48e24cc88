// Package soak runs a fleet of resource servers under constant load while everything around it fails in turn, and checks
// all the while what the kit promises: docs/reliability.md tells what and how.
//
// Two replicas are processes of examples/resourceserver, on different frameworks; a third is the kit in this process, whose
// HTTP client finds the authorization server by name. Between each of them and what it depends on stands a faultproxy. The
// authorization server is oidc-provider, Redis is redis-server, and the clock is the real one.
package soak
