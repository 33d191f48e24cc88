// Package middleware decides whether a request may pass and says why not.
//
// It is the framework-neutral core of an OAuth 2.0 resource server. A [Guard] finds the access token of a request
// (RFC 6750, section 2), has a [Validator] say what the token means, and holds the result against the [Policy] of the
// route. Adapters for net/http, Echo and Gin translate its answer; they add nothing to it.
//
// A refusal is always an [*Error], and its status says whose fault it is:
//
//	outcome                                 sentinel                         status  challenge
//	no credentials, or a scheme not ours    ErrMissingToken                  401     without an error code
//	malformed or repeated credentials       ErrInvalidRequest                400     invalid_request
//	a token that may not be honoured        ErrInvalidToken                  401     invalid_token
//	authentication too weak or too old      ErrInsufficientAuthentication    401     insufficient_user_authentication
//	a scope is missing                      ErrInsufficientScope             403     insufficient_scope
//	that could not be found out             ErrUnavailable                   503     none, Retry-After instead
//	the route is wired wrongly              ErrMisconfigured                 500     none
//
// The one thing to get right: a Validator that cannot reach its authorization server must say [ErrUnavailable], never
// [ErrInvalidToken]. A client that reads 401 throws its token away; one that reads 503 tries again.
//
// Nothing a client sent, and nothing an authorization server answered, is repeated to the client or written to a log:
// descriptions are constants, and logs get a [Reason].
package middleware
