package guides

import (
	"context"

	"github.com/bearergate/bearergate/introspection"
	"github.com/bearergate/bearergate/jwks"
)

func keycloak() jwks.Config {
	//docs:begin keycloak
	config := jwks.Config{
		Issuer:   "https://sso.example.com/realms/shop",
		Audience: "orders", // what the audience mapper adds
		Profile:  jwks.Keycloak,
	}
	//docs:end
	return config
}

func entra() jwks.Config {
	//docs:begin entra
	config := jwks.Config{
		Issuer:   "https://login.microsoftonline.com/6babcaad-604b-40ac-a9d7-9fd97c0b779f/v2.0",
		Audience: "ef1da9d4-ff77-4c3e-a005-840c3f830745", // the application (client) ID of the API
		Profile:  jwks.Entra,
	}
	//docs:end
	return config
}

func entraV1() jwks.Config {
	//docs:begin entra-v1
	config := jwks.Config{
		Issuer:   "https://sts.windows.net/6babcaad-604b-40ac-a9d7-9fd97c0b779f/",
		JWKSURL:  "https://login.microsoftonline.com/6babcaad-604b-40ac-a9d7-9fd97c0b779f/discovery/keys",
		Audience: "api://orders.example.com", // the application ID URI of the API
		Profile:  jwks.Entra,
	}
	//docs:end
	return config
}

func okta() jwks.Config {
	//docs:begin okta
	config := jwks.Config{
		Issuer:   "https://example.okta.com/oauth2/default",
		Audience: "api://default",
		Profile:  jwks.Okta,
	}
	//docs:end
	return config
}

func auth0() jwks.Config {
	//docs:begin auth0
	config := jwks.Config{
		Issuer:   "https://example.eu.auth0.com/", // with the slash
		Audience: "https://orders.example.com",    // the identifier of the API
		Profile:  jwks.Auth0,                      // not needed if the API uses the RFC 9068 token profile
	}
	//docs:end
	return config
}

func cognito() jwks.Config {
	//docs:begin cognito
	config := jwks.Config{
		Issuer:         "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE",
		Audience:       "1example23456789",           // the ID of an app client
		OtherAudiences: []string{"2example23456789"}, // and of each other one that may call
		Profile:        jwks.Cognito,
	}
	//docs:end
	return config
}

func zitadel(secret string) introspection.Config {
	//docs:begin zitadel
	config := introspection.Config{
		Issuer:     "https://example.zitadel.cloud",
		Audience:   "252855702316398078", // the ID of the project
		Require:    []string{"aud", "exp"},
		ClientAuth: introspection.SecretBasic("252862212748621310", secret), // the API application
	}
	//docs:end
	return config
}

func hydraJWT() jwks.Config {
	//docs:begin hydra-jwt
	config := jwks.Config{
		Issuer:   "https://hydra.example.com", // urls.self.issuer, as the discovery document repeats it
		Audience: "https://orders.example.com",
		Profile:  jwks.Generic,
	}
	//docs:end
	return config
}

func hydra(apiKey func(context.Context) (string, error)) introspection.Config {
	//docs:begin hydra
	config := introspection.Config{
		Issuer:     "https://hydra.example.com",
		Endpoint:   "https://hydra-admin.internal/admin/oauth2/introspect",
		Audience:   "https://orders.example.com",
		Require:    []string{"aud", "exp"},
		ClientAuth: introspection.BearerToken(apiKey), // what the proxy before the admin port, or Ory Network, asks for
	}
	//docs:end
	return config
}
