package mtls_test

import (
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/mtls"
)

func BenchmarkVerify(b *testing.B) {
	alice := anyClient(b)
	for name, cfg := range map[string]mtls.Config{"connection": {}, "field": behindProxy} {
		b.Run(name, func(b *testing.B) {
			v := newVerifier(b, cfg)
			r := over(from(proxyAddr, "Client-Cert", item(alice.leaf.Raw)), alice)
			h, thumbprint := http.Header{}, alice.thumbprint()
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Verify(h, r, "", thumbprint); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
