package guides

import (
	"net/netip"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
)

func behindGateway(validator middleware.Validator) (*middleware.Guard, error) {
	//docs:begin gateway
	gateways := []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32")} // addresses, not "the cluster"
	certificates, err := mtls.New(mtls.Config{TrustedProxies: gateways})
	if err != nil {
		return nil, err
	}
	reachedAs, err := dpop.BehindProxies(dpop.ProxyConfig{
		TrustedProxies: gateways,
		BaseURLs:       []string{"https://orders.example.com", "https://api.example.com"},
	})
	if err != nil {
		return nil, err
	}
	proofs, err := dpop.New(dpop.Config{URL: reachedAs})
	if err != nil {
		return nil, err
	}
	guard, err := middleware.New(validator, middleware.Config{
		Bindings: []middleware.Binding{certificates, proofs},
	})
	//docs:end
	return guard, err
}
