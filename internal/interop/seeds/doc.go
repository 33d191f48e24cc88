// Package seeds runs the flows of Python's OAuth tutorials end to end: clients of requests-oauthlib and Authlib, an
// authorization server of Flask and PyJWT, and the demo resource server on every adapter in place of the tutorials' own
// protected resource.
package seeds
