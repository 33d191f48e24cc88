package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/revocation"
	"github.com/bearergate/bearergate/revocation/events"
)

// eventRoutes returns the routes at which others announce what is no longer good. They carry no access tokens: what is
// sent there proves itself.
func (s *service) eventRoutes() (routes []route) {
	if s.receiver != nil {
		routes = append(routes, route{http.MethodPost, "/events", nil, s.receiver.ServeHTTP})
	}
	if s.logout != nil {
		routes = append(routes, route{http.MethodPost, "/backchannel-logout", nil, s.logout.ServeHTTP})
	}
	return routes
}

// listen makes what takes these announcements, as far as the flags ask for it.
func (s *service) listen(o options, v *validators) (err error) {
	if o.setIssuer != "" {
		if s.receiver, err = o.receiver(v, s.denied, s.log); err != nil {
			return err
		}
	}
	if o.logoutClientID != "" {
		s.logout, err = o.logout(v, s.denied, s.log)
	}
	return err
}

// receiver takes the security events of one transmitter. It may revoke tokens of every trusted issuer, for whom it may
// well speak without being one of them.
func (o options) receiver(v *validators, denied *revocation.List, log *slog.Logger) (*events.Receiver, error) {
	verifier, err := jwks.NewVerifier("secevent+jwt", jwks.Config{
		Issuer:            o.setIssuer,
		JWKSURL:           o.setJWKSURL,
		Audience:          o.setAudience,
		AllowLoopbackHTTP: o.insecureHTTP,
	})
	if err != nil {
		return nil, fmt.Errorf("-set-issuer: %w", err)
	}
	v.sources = append(v.sources, alwaysReady{verifier}) // requests can do without the transmitter
	v.verifiers["security events"] = verifier
	config := events.Config{
		Issuer:       o.setIssuer,
		Audience:     o.setAudience,
		Verify:       verifier.Verify,
		List:         denied,
		TokenIssuers: o.issuers,
		Logger:       log,
	}
	if o.setAuthorizationFile != "" {
		value, err := os.ReadFile(o.setAuthorizationFile)
		if err != nil {
			return nil, fmt.Errorf("-set-authorization-file: %w", err)
		}
		if config.Authorization = string(withoutLineEnd(value)); config.Authorization == "" {
			return nil, errors.New("-set-authorization-file: the file is empty, so anybody could be the transmitter")
		}
	}
	return events.New(config)
}

// logout takes the logout tokens of the issuer.
func (o options) logout(v *validators, denied *revocation.List, log *slog.Logger) (*events.Logout, error) {
	if len(v.issuers) != 1 {
		return nil, errors.New("-logout-client-id: the client is one of the issuer's, so name exactly one -issuer")
	}
	verifier, err := v.issuers[0].Verifier(jwks.VerifierConfig{
		Type:         "logout+jwt",
		AllowUntyped: true,
		Audience:     o.logoutClientID,
	})
	if err != nil {
		return nil, err
	}
	return events.NewLogout(events.LogoutConfig{
		Issuer:   o.issuers[0],
		ClientID: o.logoutClientID,
		Verify:   verifier.Verify,
		List:     denied,
		Logger:   log,
	})
}
