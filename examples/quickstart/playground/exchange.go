package playground

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// exchange is a request and its response as they went over the wire.
type exchange struct {
	status         string
	sent, received string
}

const patience = 10 * time.Second

// send sends a request over a connection of its own, so that nothing is shown but what was sent and received there.
func send(ctx context.Context, r *http.Request) (exchange, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.URL.Host)
	if err != nil {
		return exchange{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	var sent, received bytes.Buffer
	r.Close = true
	if err := r.Write(io.MultiWriter(conn, &sent)); err != nil {
		return exchange{}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &received)), r)
	if err != nil {
		return exchange{}, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return exchange{}, err
	}
	return exchange{response.Status, sent.String(), received.String()}, nil
}

// newRequest is the request of a client to a route of the API at base, with an ID to tell it from others.
func (h *holder) newRequest(base, audience, id string, to route, c credentials) (r *http.Request, proof string, err error) {
	r, err = http.NewRequest(to.method, base+to.path, strings.NewReader(to.body))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("User-Agent", "playground")
	r.Header.Set(requestID, id)
	if to.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token == "" {
		return r, "", nil
	}
	r.Header.Set("Authorization", c.scheme+" "+c.token)
	if c.proof {
		if proof, err = h.prove(to.method, audience+to.path, c.token); err != nil {
			return nil, "", err
		}
		r.Header.Set("DPoP", proof)
	}
	return r, proof, nil
}

// Shorten leaves of a secret in a text what it takes to recognise it.
func Shorten(text, secret string) string {
	const head, tail = 10, 6
	if len(secret) <= head+tail {
		return text
	}
	return strings.ReplaceAll(text, secret, secret[:head]+"\u2026"+secret[len(secret)-tail:])
}

// keyID returns the kid of a JWT, for display only: nothing here is verified.
func keyID(token string) (string, error) {
	header, _, _ := strings.Cut(token, ".")
	octets, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return "", fmt.Errorf("header of the token: %w", err)
	}
	var parameters struct {
		KeyID string `json:"kid"`
	}
	if err := json.Unmarshal(octets, &parameters); err != nil {
		return "", fmt.Errorf("header of the token: %w", err)
	}
	return parameters.KeyID, nil
}
