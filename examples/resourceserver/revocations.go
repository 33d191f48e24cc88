package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// revocations returns the deny-list, and what tells the authorization server too if the flags name its endpoint. What it
// knows of a refresh token, and so which tokens go with it, is found out by introspection, if there is any.
func (o options) revocations(asked *introspection.Validator, with *shared, log *slog.Logger) (*revocation.List, *revocation.Client, error) {
	config := revocation.Config{MaxTokenLifetime: time.Duration(o.maxTokenLifetime), Logger: log}
	if with != nil {
		config.Replicator = with.stream
	}
	denied, err := revocation.NewList(config)
	if err != nil || o.revocationURL == "" {
		return denied, nil, err
	}
	credentials, err := o.credentials()
	if err != nil {
		return nil, nil, err
	}
	client, err := revocation.NewClient(o.revocationClient(credentials, asked, denied))
	return denied, client, err
}

func (o options) revocationClient(as introspection.Credentials, asked *introspection.Validator, denied *revocation.List) revocation.ClientConfig {
	config := revocation.ClientConfig{
		Endpoint:          o.revocationURL,
		ClientAuth:        as,
		List:              denied,
		AllowLoopbackHTTP: o.insecureHTTP,
	}
	if asked != nil {
		config.Describe = asked.Uncached().Validate
	}
	return config
}

const maxFormBytes = 64 << 10

// revoke revokes a token, at the authorization server too if there is one to tell, and answers like other handlers. A
// server that revokes no tokens of this kind changes nothing about what happens here.
func (s *service) revoke() http.HandlerFunc {
	h := newHandler("revoke")
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		if err := r.ParseForm(); err != nil || len(r.PostForm["token"]) != 1 {
			writeJSON(w, http.StatusBadRequest, problem{"invalid_request"})
			return
		}
		switch err := s.revokeToken(r); {
		case err == nil, errors.Is(err, revocation.ErrUnsupportedTokenType):
			writeJSON(w, http.StatusOK, h.call(r.Context()))
		case errors.Is(err, revocation.ErrTarget):
			writeJSON(w, http.StatusBadRequest, problem{"invalid_request"})
		default: // the list is full, or the server could not be told
			s.log.Error("revocation", "error", err.Error())
			w.Header().Set("Retry-After", retryAfter(err))
			writeJSON(w, http.StatusServiceUnavailable, problem{"temporarily_unavailable"})
		}
	}
}

// retryAfter is what the authorization server asks for, or a guess.
func retryAfter(err error) string {
	wait := 5 * time.Second
	if e, ok := errors.AsType[*revocation.ServerError](err); ok && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}

func (s *service) revokeToken(r *http.Request) error {
	caller, _ := middleware.FromContext(r.Context())
	token, reason := r.PostForm.Get("token"), "requested by the client"
	by := fmt.Sprintf("client %q, subject %q, issuer %q", caller.ClientID, caller.Subject, caller.Issuer)
	if s.revoker == nil {
		return s.denied.Revoke(r.Context(), revocation.Revocation{Token: token, By: by, Reason: reason})
	}
	hint := r.PostForm.Get("token_type_hint")
	if hint != revocation.HintAccessToken && hint != revocation.HintRefreshToken {
		hint = "" // RFC 7009, section 2.1: one we do not know is ignored
	}
	ctx := context.WithoutCancel(r.Context()) // what the client does not wait for is done all the same
	return s.revoker.Revoke(ctx, revocation.Request{Token: token, Hint: hint, By: by, Reason: reason})
}

// problem is an error of RFC 6749, section 5.2.
type problem struct {
	Code string `json:"error"`
}
