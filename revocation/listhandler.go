package revocation

import (
	"context"
	"net/http"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// ListHandler returns an endpoint at which administrators revoke by name: POST with one of these JSON objects.
//
//	{"iss": ..., "jti": ...}
//	{"iss": ..., "sid": ...}
//	{"iss": ..., "sub": ..., "sid": ...}           the session, and tokens of sub without one issued up to now or "before"
//	{"iss": ..., "sub": ...}                       tokens issued up to now, or to "before"
//	{"iss": ..., "client_id": ...}                 the same
//	{"iss": ..., "sub": ..., "client_id": ...}     the same
//	{"iss": ..., "before": ...}
//
// All members are strings that are not empty, but for before, in seconds since 1970. Each object may have a "reason" for
// the audit record, which also names the caller; unknown members are refused.
//
// It must be behind a Guard that demands a scope reserved for this, and answers 500 to a request without a token.
// Whoever passes can revoke everything of every issuer.
//
//	204    revoked
//	400    not such an object, or before lies in the future
//	405, 413, 415    not POST, too large, not JSON
//	503    the List is full, or other replicas could not be told, with Retry-After; this is written to its Logger at
//	       level Error
//
// What the caller does not wait for is done all the same.
//
// A nil List answers 500.
func ListHandler(l *List) http.Handler {
	if l == nil {
		return misconfigured{}
	}
	return &endpoint{l.config.Logger, http.StatusNoContent, l.handle}
}

func (l *List) handle(r *http.Request, by string) error {
	if !hasType(r, "application/json") {
		return errNotJSON
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	named, err := parseRevocation(body)
	if err != nil {
		return err
	}
	named.By = by
	return l.Revoke(context.WithoutCancel(r.Context()), named)
}

var errObject = newProblem(http.StatusBadRequest, codeInvalid,
	"The body must be one JSON object with iss and one of jti, sid, sub, client_id, sub with client_id, or before")

// parseRevocation reads an object whose members have the right types; whether they go together is for Revoke to say. A
// time next to a single token or a session would change nothing, so whoever sent it meant something else.
func parseRevocation(body []byte) (Revocation, error) {
	members, err := strictjson.Object(body)
	if err != nil {
		return Revocation{}, errObject
	}
	var r Revocation
	texts := map[string]*string{
		"iss": &r.Issuer, "jti": &r.ID, "sid": &r.SessionID, "sub": &r.Subject, "client_id": &r.ClientID, "reason": &r.Reason,
	}
	for name, value := range members {
		var ok bool
		if text := texts[name]; text != nil {
			*text, ok = strictjson.String(value)
			ok = ok && *text != ""
		} else if name == "before" {
			r.Before, ok = seconds(value)
		}
		if !ok {
			return Revocation{}, errObject
		}
	}
	if !r.Before.IsZero() && (r.ID != "" || r.SessionID != "" && r.Subject == "") {
		return Revocation{}, errObject
	}
	return r, nil
}

// seconds reads a whole number of seconds since 1970.
func seconds(v strictjson.Value) (time.Time, bool) {
	var n *int64
	if err := strictjson.Unmarshal(v, &n); err != nil || n == nil || *n < 0 {
		return time.Time{}, false
	}
	return time.Unix(*n, 0), true
}
