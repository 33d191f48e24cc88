package main

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
)

// The values of -dpop.
const (
	dpopOff      = "off"
	dpopAllowed  = "allowed"
	dpopRequired = "required"
)

// bindings returns what verifies the keys that tokens are bound to. Proofs that were used are remembered by replays.
func (o options) bindings(replays dpop.ReplayStore) ([]middleware.Binding, error) {
	var bindings []middleware.Binding
	if o.tlsCert != "" || len(o.trustedProxies) > 0 {
		certificates, err := mtls.New(mtls.Config{TrustedProxies: o.trustedProxies})
		if err != nil {
			return nil, fmt.Errorf("-trusted-proxy: %w", err)
		}
		bindings = append(bindings, certificates)
	}
	if o.dpop == dpopOff {
		return bindings, nil
	}
	config := dpop.Config{
		BaseURL:      o.resource,
		Required:     o.dpop == dpopRequired,
		RequireNonce: o.dpopNonce,
		Replays:      replays,
	}
	var err error
	if config.Nonces, err = o.nonces(); err != nil {
		return nil, err
	}
	proofs, err := dpop.New(config)
	if err != nil {
		return nil, fmt.Errorf("-dpop: %w", err)
	}
	return append(bindings, proofs), nil
}

// nonces returns those of all replicas that are started with the same key; nil for those of this process.
func (o options) nonces() (*dpop.Nonces, error) {
	if o.dpopNonceKeyFile == "" {
		return nil, nil
	}
	key, err := os.ReadFile(o.dpopNonceKeyFile)
	if err != nil {
		return nil, fmt.Errorf("-dpop-nonce-key-file: %w", err)
	}
	nonces, err := dpop.NewNonces(dpop.NonceConfig{Keys: [][]byte{withoutLineEnd(key)}})
	if err != nil {
		return nil, fmt.Errorf("-dpop-nonce-key-file: %w", err)
	}
	return nonces, nil
}

// tlsConfig asks clients for their certificates. It is nil without -tls-cert.
func (o options) tlsConfig() (*tls.Config, error) {
	if o.tlsCert == "" {
		return nil, nil
	}
	own, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert: %w", err)
	}
	return mtls.TLSConfig(&tls.Config{Certificates: []tls.Certificate{own}}), nil
}

// prefixes is a flag for networks.
type prefixes []netip.Prefix

func (p *prefixes) Set(s string) error {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("use a network such as 10.0.0.0/24, or 10.0.0.7/32 for one host")
	}
	*p = append(*p, prefix)
	return nil
}

func (p *prefixes) String() string { return fmt.Sprint([]netip.Prefix(*p)) }
