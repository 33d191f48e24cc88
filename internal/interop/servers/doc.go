// Package servers asks of every authorization server at hand the same: what becomes of its good and bad tokens, of a new key, a
// revocation, and an outage, at the demo resource server on every adapter.
package servers
