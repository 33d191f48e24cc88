package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
)

// introspection returns a validator that asks the first issuer, or whoever else answers there if no issuer is named.
// A nil verifier leaves the answers unsigned; what with shares, replicas ask for once.
func (o options) introspection(verifier *jwks.Verifier, with *shared) (*introspection.Validator, error) {
	if slices.Contains(o.audiences, "") {
		return nil, errors.New("-audience must not be empty: introspection would then honour tokens for anybody")
	}
	credentials, err := o.credentials()
	if err != nil {
		return nil, err
	}
	config := introspection.Config{
		Endpoint:          o.introspectionURL,
		ClientAuth:        credentials,
		CacheTTL:          time.Duration(o.cacheTTL),
		NegativeTTL:       time.Duration(o.negativeTTL),
		Leeway:            time.Duration(o.leeway),
		AllowLoopbackHTTP: o.insecureHTTP,
	}
	if len(o.issuers) > 0 {
		config.Issuer = o.issuers[0]
	}
	if len(o.audiences) > 0 {
		config.Audience, config.OtherAudiences = o.audiences[0], o.audiences[1:]
	}
	if verifier != nil {
		config.VerifyResponse = verifier.Verify
	}
	if with != nil && config.CacheTTL >= 0 {
		secret, err := o.clientSecret()
		if err != nil {
			return nil, err
		}
		if config.Answers, err = with.answers(secret); err != nil {
			return nil, err
		}
	}
	return introspection.New(config)
}

// verifier returns what checks the signatures of introspection answers, nil if there are none. It trusts the keys of the
// first issuer, for answers that are meant for us.
func (o options) verifier(common jwks.Config) (*jwks.Verifier, error) {
	if !o.introspectionJWT {
		return nil, nil
	}
	config := o.of(0, common)
	config.Audience, config.OtherAudiences = o.clientID, nil
	return jwks.NewVerifier("token-introspection+jwt", config)
}

// credentials are what this service shows at the authorization server's endpoints.
func (o options) credentials() (introspection.Credentials, error) {
	secret, err := o.clientSecret()
	return introspection.SecretBasic(o.clientID, secret), err
}

func (o options) clientSecret() (string, error) {
	secret, err := os.ReadFile(o.clientSecretFile)
	if err != nil {
		return "", fmt.Errorf("-introspection-client-secret-file: %w", err)
	}
	return string(withoutLineEnd(secret)), nil
}
