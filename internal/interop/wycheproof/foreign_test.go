package wycheproof_test

import (
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// TestForeignSignatures tries signatures that are made otherwise than in JWS, with keys that the kit takes: no
// algorithm that the key is good for verifies any of them, valid in their own way or not.
func TestForeignSignatures(t *testing.T) {
	ordinary := func(cases string) []exception {
		return []exception{{cases, nil, "the file's example of a wrong hash, salt or padding is a signature as in JWS"}}
	}
	for _, tt := range []struct {
		file   string
		cases  int
		except []exception
	}{
		// DER instead of two numbers of fixed length (RFC 7518 section 3.4)
		{"ecdsa_secp256r1_sha256_test.json", 484, nil},
		{"ecdsa_secp384r1_sha384_test.json", 504, nil},
		{"ecdsa_secp521r1_sha512_test.json", 542, nil},
		// another hash than the curve's (RFC 7518 section 3.4)
		{"ecdsa_secp256r1_sha512_p1363_test.json", 332, nil},
		{"ecdsa_secp256r1_shake128_p1363_test.json", 258, nil},
		{"ecdsa_secp384r1_sha512_p1363_test.json", 318, nil},
		{"ecdsa_secp384r1_shake256_p1363_test.json", 314, nil},
		{"ecdsa_secp521r1_shake256_p1363_test.json", 314, nil},
		// hashes that JWS does not have (RFC 7518 section 3.3)
		{"rsa_signature_2048_sha224_test.json", 258, ordinary("219 221 223")},
		{"rsa_signature_2048_sha3_224_test.json", 258, ordinary("221 223 225")},
		{"rsa_signature_2048_sha3_256_test.json", 257, ordinary("221 223 225")},
		{"rsa_signature_2048_sha3_384_test.json", 258, ordinary("221 223 225")},
		{"rsa_signature_2048_sha3_512_test.json", 258, ordinary("221 223 225")},
		{"rsa_signature_2048_sha512_224_test.json", 258, ordinary("221 223 225")},
		{"rsa_signature_2048_sha512_256_test.json", 257, ordinary("221 223 225")},
		{"rsa_signature_3072_sha3_256_test.json", 258, ordinary("222 224 226")},
		{"rsa_signature_3072_sha3_384_test.json", 259, ordinary("222 224 226")},
		{"rsa_signature_3072_sha3_512_test.json", 259, ordinary("222 224 226")},
		{"rsa_signature_3072_sha512_256_test.json", 258, ordinary("222 224 226")},
		{"rsa_signature_4096_sha512_256_test.json", 258, ordinary("222 224 226")},
		// another hash, or salt of another length than the hash, or a mask made with another one (RFC 7518 section 3.5)
		{"rsa_pss_2048_sha1_mgf1_20_test.json", 88, ordinary("88")},
		{"rsa_pss_2048_sha256_mgf1_0_test.json", 103, ordinary("69 103")},
		{"rsa_pss_2048_sha256_mgf1sha1_20_test.json", 108, ordinary("108")},
		{"rsa_pss_2048_sha512_224_mgf1_28_test.json", 100, ordinary("99")},
		{"rsa_pss_2048_sha512_256_mgf1_32_test.json", 115, ordinary("114")},
		{"rsa_pss_2048_shake128_test.json", 114, ordinary("114")},
		{"rsa_pss_2048_shake256_test.json", 184, ordinary("184")},
		{"rsa_pss_3072_shake128_test.json", 114, ordinary("114")},
		{"rsa_pss_3072_shake256_test.json", 184, ordinary("184")},
		{"rsa_pss_4096_sha512_mgf1_32_test.json", 177, ordinary("176 177")},
		{"rsa_pss_4096_shake256_test.json", 184, ordinary("184")},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var file signatureFile
			read(t, tt.file, &file)
			seen := make(tally)
			for _, group := range file.TestGroups {
				key, err := group.parsed()
				if err != nil {
					t.Fatal(err)
				}
				for _, test := range group.Tests {
					seen.add(t, test.TcID, "invalid", verifyAny(key, test.Msg, test.Sig))
				}
			}
			seen.compare(t, tt.cases, tt.except)
		})
	}
}

// verifyAny returns nil if some algorithm verifies the signature.
func verifyAny(key *jose.Key, message, signature []byte) (err error) {
	for _, alg := range jose.Asymmetric() {
		if err = key.VerifyOctets(alg, message, signature); err == nil {
			return nil
		}
	}
	return err
}
