package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bearergate/bearergate/oauthtest"
)

// patience is how long a revocation may take before the walk says that it did not arrive.
const patience = 5 * time.Second

// walk revokes alice's tokens at one replica and shows what becomes of them at the other.
func walk(ctx context.Context, as *oauthtest.Server, a, b *replica) error {
	alice := as.Mint(oauthtest.Token{Subject: "alice", Scope: "orders:read"})
	bob := as.Mint(oauthtest.Token{Subject: "bob", Scope: "orders:read"})
	admin := as.Mint(oauthtest.Token{Subject: "admin", Scope: "revocations:write"})

	fmt.Println("\n1. Two users, two replicas")
	for _, r := range []*replica{a, b} {
		if err := show(ctx, r, map[string]string{"alice": alice, "bob": bob}); err != nil {
			return err
		}
	}
	fmt.Println("\n2. alice opens a stream at B")
	events, err := open(ctx, b, alice)
	if err != nil {
		return err
	}
	defer events.Close()

	fmt.Println("\n3. An administrator revokes what alice has, at A")
	revoked := time.Now()
	if err := revoke(ctx, a, admin, as.Issuer(), "alice"); err != nil {
		return err
	}
	acknowledged := time.Since(revoked)
	rest, err := io.ReadAll(events)
	if err != nil {
		return err
	}
	fmt.Printf("   204 from A after %s; the stream at B %s after %s\n",
		round(acknowledged), strings.TrimSpace(string(rest)), round(time.Since(revoked)))

	fmt.Println("\n4. From now on")
	for _, r := range []*replica{a, b} {
		if err := show(ctx, r, map[string]string{"alice": alice, "bob": bob}); err != nil {
			return err
		}
	}
	return nil
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// show requests the orders of users at a replica.
func show(ctx context.Context, r *replica, tokens map[string]string) error {
	for _, user := range []string{"alice", "bob"} {
		resp, err := send(ctx, http.MethodGet, r.url+"/orders", tokens[user], "")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		fmt.Printf("   %s: %-6s %s\n", r.name, user, resp.Status)
	}
	return nil
}

// open returns what is to come of a stream, once it has begun. The caller closes it.
func open(ctx context.Context, r *replica, token string) (io.ReadCloser, error) {
	resp, err := send(ctx, http.MethodGet, r.url+"/stream", token, "")
	if err != nil {
		return nil, err
	}
	events := bufio.NewReader(resp.Body)
	first, err := events.ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	fmt.Printf("   %s: %s, %s\n", r.name, resp.Status, strings.TrimSpace(first))
	return body{events, resp.Body}, nil
}

// body is what is left of an answer.
type body struct {
	io.Reader
	io.Closer
}

func revoke(ctx context.Context, r *replica, token, issuer, subject string) error {
	body, err := json.Marshal(map[string]string{"iss": issuer, "sub": subject, "reason": "laptop stolen"})
	if err != nil {
		return err
	}
	resp, err := send(ctx, http.MethodPost, r.url+"/revocations", token, string(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("%s refuses the revocation: %s", r.name, resp.Status)
	}
	return nil
}

// client gives up on an answer that takes longer than a revocation may.
var client = &http.Client{Timeout: patience}

func send(ctx context.Context, method, url, token, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return client.Do(r)
}
