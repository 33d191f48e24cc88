package adaptertest

import "github.com/bearergate/bearergate/mtls"

// certificateRows play the rows G: tokens that are bound to a certificate.
var certificateRows = map[string]func(*scene){
	"G01": func(s *scene) {
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own := s.certificate()
			token := bearer(s.boundTo(x5t(own)))
			s.expect(token)
			s.rush([]request{token, token}) // and without TLS
			s.also("the certificate", ok, token.presenting(own), token.presenting(own))
			s.also("bound to none", ok, bearer(s.boundTo(nil)), bearer(s.boundTo(nil)).presenting(own))
		})
	},
	"G02": func(s *scene) {
		s.acceptCertificates(mtls.Config{})
		s.eitherWay(func() {
			own, other := s.certificate(), s.certificate()
			token := bearer(s.boundTo(x5t(own)))
			s.expect(token.presenting(other))
			other.Certificate = append(other.Certificate, own.Certificate[0]) // only the leaf counts
			s.expect(token.presenting(other))
			s.also("the certificate", ok, token.presenting(own))
		})
	},
}
