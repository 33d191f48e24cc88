package main

import (
	"fmt"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// walk sends the requests that tell what a resource server is for.
func walk(as *oauthtest.Server, apis []api) error {
	readOrders := oauthtest.Token{Subject: "alice", Scope: "orders:read"}
	expired := readOrders
	expired.ExpiresIn = -time.Minute

	steps := []struct {
		title string
		token func() string
	}{
		{"No token", func() string { return "" }},
		{"Wrong scope: the token is good, but not for this route", func() string { return as.Mint(oauthtest.Token{Scope: "profile"}) }},
		{"Good token", func() string { return as.Mint(readOrders) }},
		{"Rotated key: the issuer signs with a new key, and nobody has to restart", func() string { as.Rotate(); return as.Mint(readOrders) }},
		{"Expired token", func() string { return as.Mint(expired) }},
	}
	for i, step := range steps {
		fmt.Printf("\n%d. %s\n", i+1, step.title)
		if err := show(apis, step.token()); err != nil {
			return err
		}
	}
	fmt.Printf("\nThe keys were fetched %d times: for the first token, and for the new key.\n", as.Requests(oauthtest.EndpointJWKS))
	return nil
}

// invite prints what to try by hand. The tokens are good for a day.
func invite(as *oauthtest.Server, apis []api, page string) {
	const day = 24 * time.Hour
	good := as.Mint(oauthtest.Token{Scope: "orders:read", ExpiresIn: day})
	weak := as.Mint(oauthtest.Token{Scope: "profile", ExpiresIn: day})

	fmt.Println("\nNow you:")
	suggest("no token, 401", apis[0].url, "")
	suggest("wrong scope, 403", apis[0].url, weak)
	for _, a := range apis {
		suggest("good token on "+a.framework+", 200", a.url, good)
	}
	fmt.Printf("\nEvery other case, and how it is decided, in a browser:\n%s\n", page)
	fmt.Println("\nCtrl-C ends it.")
}

func suggest(title, url, token string) {
	fmt.Printf("\n%s\n", title)
	if token == "" {
		fmt.Printf("curl -i %s\n", url)
		return
	}
	fmt.Printf("curl -i -H 'Authorization: Bearer %s' %s\n", token, url)
}
