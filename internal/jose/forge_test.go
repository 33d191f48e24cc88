package jose_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/jose"
)

func TestSignerAs(t *testing.T) {
	signer := signerOf(t, jose.RS256)
	other := parse(t, sign(t, signer.As(jose.PS256), nil, claims))
	if other.Algorithm != jose.PS256 || signer.Key().Verify(jose.RS256, other) == nil {
		t.Errorf("alg is %s, or a signature of another kind is good", other.Algorithm)
	}
	if parse(t, sign(t, signer, nil, claims)).Algorithm != jose.RS256 {
		t.Error("the original has changed")
	}
	if _, err := signer.As(jose.ES256).Sign(nil, nil); err == nil {
		t.Error("an RSA key signs ES256")
	}
}

func TestSignerCertificate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	der, err := signerOf(t, jose.ES256).Certificate(now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		t.Errorf("not self-signed: %v", err)
	}
	if now.Before(c.NotBefore) || now.After(c.NotAfter) {
		t.Error("not valid now")
	}
	if _, err := signerOf(t, jose.ES256).Certificate(time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("a certificate of a year that none can express")
	}
	if _, err := signerOf(t, jose.HS256).Certificate(now); !errors.Is(err, jose.ErrKey) {
		t.Errorf("a secret: %v", err)
	}
}
