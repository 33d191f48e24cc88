package jose_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// Moduli made as in CVE-2017-15361 are powers of 65537 modulo a product of small primes.
func TestParsePEMFactorable(t *testing.T) {
	product := big.NewInt(1)
	for p := int64(2); p < 702; p++ { // as for keys of 2048 bits
		if big.NewInt(p).ProbablyPrime(0) {
			product.Mul(product, big.NewInt(p))
		}
	}
	factor := new(big.Int).Lsh(big.NewInt(1), 2047)
	factor.Div(factor, product)
	for exponent := range int64(50) {
		weak := new(big.Int).Exp(big.NewInt(65537), big.NewInt(exponent), product)
		multiple, err := rand.Int(rand.Reader, factor)
		if err != nil {
			t.Fatal(err)
		}
		weak.Add(weak, multiple.Add(multiple, factor).Mul(multiple, product))
		if err := parseModulus(t, weak); !errors.Is(err, jose.ErrKey) || !strings.Contains(err.Error(), "CVE-2017-15361") {
			t.Errorf("%x: %v", weak, err)
		}
		if err := parseModulus(t, weak.Add(weak, big.NewInt(2))); err != nil {
			t.Errorf("%x, which is none: %v", weak, err)
		}
	}
}

func parseModulus(t *testing.T, n *big.Int) error {
	t.Helper()
	_, err := jose.ParsePEM(encodePEM("PUBLIC KEY", pkix(t, &rsa.PublicKey{N: n, E: 65537})))
	return err
}
