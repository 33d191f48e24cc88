// Command quickstart shows the kit at work: it starts an authorization server of its own, protects one route on
// net/http, Echo and Gin, and walks through the answers that clients get. Then it keeps serving, for you to try: with
// curl, or on the page of a playground.
//
//	go run ./examples/quickstart
//
// The lines that protect the route are in api.go. With -once it ends after the walk.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/bearergate/bearergate/examples/quickstart/playground"
	"github.com/bearergate/bearergate/oauthtest"
)

// audience is what this API is called in the aud of its tokens.
const audience = "https://orders.example.com"

func main() {
	once := flag.Bool("once", false, "end after the walk")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *once); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, once bool) error {
	as, err := oauthtest.Start(oauthtest.Config{Audience: audience, Algorithms: []string{"ES256"}})
	if err != nil {
		return err
	}
	defer as.Close()
	handlers, err := protect(as)
	if err != nil {
		return err
	}
	apis, err := serve(handlers)
	if err != nil {
		return err
	}
	defer stop(apis)

	fmt.Printf("%-22s %s\n", "authorization server", as.Issuer())
	for _, a := range apis {
		fmt.Printf("%-22s %s\n", "API on "+a.framework, a.url)
	}
	if err := walk(as, apis); err != nil || once {
		return err
	}
	page, err := openPlayground(as)
	if err != nil {
		return err
	}
	defer page.Close()
	invite(as, apis, page.URL())
	<-ctx.Done()
	return nil
}

// openPlayground serves the page next to the APIs.
func openPlayground(as *oauthtest.Server) (*playground.Server, error) {
	listener, err := listen(8083)
	if err != nil {
		return nil, err
	}
	return playground.Start(as, audience, listener)
}
