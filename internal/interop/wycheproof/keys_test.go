package wycheproof_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// TestPoints reads public keys of files about key agreement, whose points may be off the curve.
func TestPoints(t *testing.T) {
	otherCurve := func(cases string) []exception {
		return []exception{{cases, nil, "the point is on the curve that the key names, which is only not the file's"}}
	}
	for _, tt := range []struct {
		file    string
		foreign bool // the file's curve is none of the kit's
		cases   int
		except  []exception
	}{
		{"ecdh_secp256r1_webcrypto_test.json", false, 353, otherCurve("351 352")},
		{"ecdh_secp384r1_webcrypto_test.json", false, 794, otherCurve("790 792 793")},
		{"ecdh_secp521r1_webcrypto_test.json", false, 655, otherCurve("651 653 654")},
		{"ecdh_secp256k1_webcrypto_test.json", true, 496, otherCurve("493-496")},
		{"x25519_jwk_test.json", true, 531, otherCurve("519-521")},
		{"x448_jwk_test.json", true, 523, otherCurve("511-513")},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var file struct {
				TestGroups []struct {
					Tests []struct {
						TcID   int
						Public json.RawMessage
						Result string
					}
				}
			}
			read(t, tt.file, &file)
			seen := make(tally)
			for _, group := range file.TestGroups {
				for _, test := range group.Tests {
					if tt.foreign {
						test.Result = "invalid"
					}
					_, err := jose.ParseKey(test.Public)
					seen.add(t, test.TcID, test.Result, err)
				}
			}
			seen.compare(t, tt.cases, tt.except)
		})
	}
}

// TestForeignKeys reads keys with which no JWS algorithm of the kit goes, however sound they are.
func TestForeignKeys(t *testing.T) {
	for file, groups := range map[string]int{
		"dsa_2048_256_sha256_p1363_test.json":                20,
		"ecdsa_brainpoolP224r1_sha224_p1363_test.json":       103,
		"ecdsa_brainpoolP256r1_sha256_p1363_test.json":       107,
		"ecdsa_brainpoolP320r1_sha384_p1363_test.json":       100,
		"ecdsa_brainpoolP384r1_sha384_p1363_test.json":       108,
		"ecdsa_brainpoolP512r1_sha512_p1363_test.json":       111,
		"ecdsa_secp160k1_sha256_p1363_test.json":             91,
		"ecdsa_secp160r1_sha256_p1363_test.json":             94,
		"ecdsa_secp160r2_sha256_p1363_test.json":             93,
		"ecdsa_secp192k1_sha256_p1363_test.json":             95,
		"ecdsa_secp192r1_sha256_p1363_test.json":             97,
		"ecdsa_secp224k1_sha256_p1363_test.json":             91,
		"ecdsa_secp224r1_sha256_p1363_test.json":             104,
		"ecdsa_secp256k1_sha256_p1363_test.json":             108,
		"ed448_test.json":                                    15,
		"rsa_pss_2048_sha256_mgf1_32_params_test.json":       1,
		"rsa_pss_3072_sha256_mgf1_32_params_test.json":       1,
		"rsa_pss_4096_sha512_mgf1_64_params_test.json":       1,
		"rsa_pss_2048_sha512_mgf1sha256_32_params_test.json": 1,
		"rsa_pss_misc_params_test.json":                      150,
	} {
		t.Run(file, func(t *testing.T) {
			var vectors signatureFile
			read(t, file, &vectors)
			if got := len(vectors.TestGroups); got != groups {
				t.Errorf("%d groups, want %d", got, groups)
			}
			for _, group := range vectors.TestGroups {
				if _, err := group.parsed(); !errors.Is(err, jose.ErrKey) {
					t.Errorf("%s: %v", group.PublicKeyPEM, err)
				}
				if _, err := jose.ParseKey(group.PublicKeyJWK); group.PublicKeyJWK != nil && !errors.Is(err, jose.ErrKey) {
					t.Errorf("%s: %v", group.PublicKeyJWK, err)
				}
			}
		})
	}
}
