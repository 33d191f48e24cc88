package events

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Logout takes the logout tokens of one OpenID provider (OpenID Connect Back-Channel Logout 1.0). It is an http.Handler
// for the back-channel logout URI, safe for concurrent use, and starts no goroutine.
//
// A logout token with sid ends that session: the access tokens with that sid. One with sub alone ends all sessions of
// that subject: what it was issued up to the time of the logout. Access tokens without sid are therefore ended by the
// second kind alone, so have the provider write sid into them. A repeat is applied again, which changes nothing.
type Logout struct {
	config LogoutConfig
	places places
	ledger ledger
}

// NewLogout returns a Logout. It does no I/O. It returns an error for a configuration that would be unsafe or could not
// work.
func NewLogout(cfg LogoutConfig) (*Logout, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Logout{
		config: cfg,
		places: make(places, cfg.MaxConcurrent),
		ledger: ledger{logger: cfg.Logger, now: cfg.Now},
	}, nil
}

// State says what became of the logout tokens so far. It does no I/O.
func (l *Logout) State() Counts { return l.ledger.read() }

var (
	errLogoutForm      = refuse(codeInvalid, "Send the body as application/x-www-form-urlencoded")
	errLogoutParameter = refuse(codeInvalid, "Send one logout_token")
)

// ServeHTTP implements http.Handler: POST with the form parameter logout_token (section 2.5).
//
//	200    what the token names is ended
//	400    it was not taken, with error and error_description as JSON
//	405, 413    not POST, too large; the same JSON
//	503    it is not ended everywhere, send it again: keys or the List failed, or there is too much to do; with
//	       Retry-After
//
// What the provider does not wait for is done all the same.
func (l *Logout) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := l.logout(r)
	w.Header().Set("Cache-Control", "no-store")
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case ok:
		refused.write(w, map[string]string{"error": codeInvalid, "error_description": refused.description})
	default:
		unavailable(w, err)
	}
}

func (l *Logout) logout(r *http.Request) error {
	ctx := context.WithoutCancel(r.Context())
	token, err := l.admit(r)
	if err == nil && !l.places.enter() {
		err = errBusy
	}
	if err != nil {
		l.ledger.note(ctx, outcome{err: err})
		return err
	}
	defer l.places.leave()
	return l.receive(ctx, token)
}

// admit reads the form. Section 2.8 has no other answer than 400 for one of a wrong kind.
func (l *Logout) admit(r *http.Request) (token string, err error) {
	switch {
	case r.Method != http.MethodPost:
		return "", errMethod
	case !hasType(r, "application/x-www-form-urlencoded"):
		return "", errLogoutForm
	}
	form := r.PostForm // of somebody before us
	if form == nil {
		body, err := readBody(r.Body, 3*l.config.MaxBytes) // where every octet is escaped
		if err != nil {
			return "", err
		}
		if form, err = url.ParseQuery(string(body)); err != nil {
			return "", errBroken
		}
	}
	if tokens := form["logout_token"]; len(tokens) == 1 {
		return tokens[0], nil
	}
	return "", errLogoutParameter
}

// receive judges one logout token and has it take effect.
func (l *Logout) receive(ctx context.Context, token string) (err error) {
	genuine := false
	defer func() { l.ledger.note(ctx, outcome{genuine: genuine, err: err}) }()
	bounded, cancel := context.WithTimeout(ctx, l.config.Timeout)
	defer cancel()
	if len(token) > l.config.MaxBytes {
		return errLarge
	}
	claims, err := verified(bounded, l.config.Verify, token)
	if err != nil {
		return err
	}
	genuine = true
	ended, err := l.config.parse(claims)
	if err != nil {
		return err
	}
	return guarded(func() error { return l.config.List.Revoke(bounded, ended) })
}
