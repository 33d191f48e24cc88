package middleware

import (
	"fmt"
	"log/slog"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"
)

// String says in one line what the policy asks for, such as "scope orders:read; authenticated within 5m0s". It is meant for
// people and may change.
func (p Policy) String() string {
	var asks []string
	add := func(condition bool, format string, values ...any) {
		if condition {
			asks = append(asks, fmt.Sprintf(format, values...))
		}
	}
	add(p.AllowAnonymous, "anonymous allowed")
	add(len(p.Scopes) > 0, "scope %s", strings.Join(p.Scopes, " "))
	for _, group := range p.AnyScopes {
		add(true, "one scope of %s", strings.Join(group, " "))
	}
	add(len(p.ACRValues) > 0, "acr %s", strings.Join(p.ACRValues, " or "))
	add(p.MaxAge != 0, "authenticated within %s", p.MaxAge.Truncate(time.Second))
	add(p.RequireBinding, "bound to a key")
	add(p.RefuseDelegated, "not delegated")
	add(p.Check != nil, "a check of its own")
	add(p.EndWithToken, "ends with the token")
	if len(asks) == 0 {
		return "a valid token"
	}
	return strings.Join(asks, "; ")
}

// LogValue gives log/slog a summary of what the Guard accepts and of every route that was declared, each with the place in
// the program, for one line at the start of a service:
//
//	slog.Info("protected", "guard", guard)
//
// There are no secrets in it. It is safe for concurrent use.
func (g *Guard) LogValue() slog.Value {
	if g == nil || g.validator == nil {
		return slog.StringValue("refuses everything: not made by New")
	}
	accepted := describe(g.validator)
	attrs := []slog.Attr{
		slog.String("realm", g.config.Realm),
		slog.Any("issuers", accepted.Issuers),
		slog.Any("algorithms", accepted.Algorithms),
		slog.Any("tokens_in", g.bearerMethods()),
		slog.Any("bindings", g.bindings.methods()),
		slog.Bool("binding_required", g.config.RequireBinding),
		slog.Bool("revocations", g.config.Revocations != nil || accepted.NoticesRevocation),
		slog.Bool("fapi2", g.config.FAPI2),
		slog.String("metadata", g.config.ResourceMetadata),
	}
	for i, r := range g.routes.summary() {
		attrs = append(attrs, slog.String(fmt.Sprintf("route_%d", i+1), r.where+": "+r.policy))
	}
	return slog.GroupValue(attrs...)
}

// methods returns the members of cnf that somebody verifies.
func (b *bindings) methods() []string {
	methods := []string{}
	for _, each := range b.plain {
		methods = append(methods, each.Method())
	}
	if b.scheme != nil {
		methods = append(methods, b.scheme.Method())
	}
	return methods
}

// route is a place where a policy was declared.
type route struct{ where, policy string }

func (d *declared) summary() []route {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.routes)
}

// note keeps a route for the summary. The caller holds mu.
func (d *declared) note(p *Policy) {
	if len(d.routes) < maxDeclared {
		d.routes = append(d.routes, route{caller(), p.String()})
	}
}

// caller returns where in the program a route is protected: the first caller that is none of the functions that pass a policy
// on to [Guard.Declare].
func caller() string {
	var counters [16]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
	for {
		frame, more := frames.Next()
		switch frame.Function[strings.LastIndexByte(frame.Function, '.')+1:] {
		case "note", "Declare", "Enforce", "Require", "RequireAny":
			if more {
				continue
			}
		}
		dir, file := path.Split(frame.File)
		return fmt.Sprintf("%s/%s:%d", path.Base(dir), file, frame.Line)
	}
}
