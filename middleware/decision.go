package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Decision is one decision of a [Guard], for logs, metrics and tests.
type Decision struct {
	// Allowed reports whether the request may pass.
	Allowed bool
	// Status is the status of the refusal, 200 when there was none.
	Status int
	// Scheme is the authentication scheme that the request used: "Bearer", or that of a [SchemeBinding], such as "DPoP".
	// Tokens in a form or a query count as Bearer. It is empty for requests without credentials, with credentials of a scheme
	// that the Guard does not know, or of several.
	Scheme string
	// Code is the error code sent to the client, if any.
	Code Code
	// Reason says why the request was refused; empty when it was not.
	Reason Reason
	// Token is the token of the request, once it was found to be valid; zero otherwise and for anonymous requests.
	Token Token
	// Err is the refusal, nil when the request may pass.
	Err error
	// Duration is how long the decision took.
	Duration time.Duration
}

func newDecision(token *Token, err error, took time.Duration) Decision {
	d := Decision{Allowed: err == nil, Status: http.StatusOK, Err: err, Duration: took}
	if token != nil {
		d.Token = *token
	}
	if e, ok := errors.AsType[*Error](err); ok {
		d.Status, d.Code, d.Reason = e.StatusCode(), e.Code, e.Reason
	}
	return d
}

// LogDecisions returns an observer for [Config.OnDecision] that writes one record for each decision: at level Debug for
// a request that may pass, Info for a refusal, Error when the fault is ours. Records name the token by its claims and
// never contain it. A nil logger means slog.Default.
func LogDecisions(logger *slog.Logger) func(context.Context, Decision) {
	if logger == nil {
		logger = slog.Default()
	}
	return func(ctx context.Context, d Decision) {
		level := d.level()
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{
			slog.Int("status", d.Status),
			slog.Duration("duration", d.Duration),
		}
		if d.Scheme != "" {
			attrs = append(attrs, slog.String("scheme", d.Scheme))
		}
		if t := d.Token; t.Issuer+t.Subject+t.ClientID+t.ID != "" {
			attrs = append(attrs, slog.Any("token", d.Token))
		}
		if d.Err != nil {
			attrs = append(attrs, slog.String("reason", string(d.Reason)), slog.String("error", d.Err.Error()))
		}
		logger.LogAttrs(ctx, level, "oauth decision", attrs...)
	}
}

func (d Decision) level() slog.Level {
	switch {
	case d.Allowed:
		return slog.LevelDebug
	case d.Status >= http.StatusInternalServerError:
		return slog.LevelError
	}
	return slog.LevelInfo
}
