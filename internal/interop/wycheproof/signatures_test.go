package wycheproof_test

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

type signatureFile struct {
	TestGroups []signatureGroup
}

type signatureGroup struct {
	SHA          string
	PublicKeyPEM string
	PublicKeyJWK json.RawMessage
	KeyPEM       string // instead, in some files
	KeyJWK       json.RawMessage
	Tests        []struct {
		TcID   int
		Msg    octets
		Sig    octets
		Result string
	}
}

// octets are written in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// algorithm returns the name of the JWS algorithm of a family that has the group's hash.
func (g *signatureGroup) algorithm(family string) jose.Algorithm {
	sizes := map[string]string{"SHA-256": "256", "SHA-384": "384", "SHA-512": "512"}
	return jose.Algorithm(family + sizes[g.SHA])
}

// parsed returns the key of the group.
func (g *signatureGroup) parsed() (*jose.Key, error) {
	set, err := jose.ParsePEM([]byte(cmp.Or(g.PublicKeyPEM, g.KeyPEM)))
	if err != nil {
		return nil, err
	}
	return slices.Collect(set.Keys())[0], nil
}

// sameKey holds the JWK of the group, if it has one, against its PEM.
func (g *signatureGroup) sameKey(t *testing.T, fromPEM *jose.Key) {
	t.Helper()
	data := slices.Concat(g.PublicKeyJWK, g.KeyJWK)
	if data == nil || fromPEM == nil {
		return
	}
	key, err := jose.ParseKey(data)
	if err != nil {
		t.Errorf("%s: %v", data, err)
	} else if key.Thumbprint() != fromPEM.Thumbprint() {
		t.Errorf("%s is not the key of the PEM", data)
	}
}

// TestSignatures verifies signatures over arbitrary octets with the algorithms that the kit has.
func TestSignatures(t *testing.T) {
	for _, tt := range []struct {
		file   string
		family string
		cases  int
		except []exception
	}{
		{"ecdsa_secp256r1_sha256_p1363_test.json", "ES", 262, nil},
		{"ecdsa_secp384r1_sha384_p1363_test.json", "ES", 280, nil},
		{"ecdsa_secp521r1_sha512_p1363_test.json", "ES", 318, nil},
		{"ed25519_test.json", "EdDSA", 151, nil},
		{"rsa_pkcs1_1024_sig_gen_test.json", "RS", 33, []exception{{"1-32 153", jose.ErrKey, shortModulus}}},
		{"rsa_pkcs1_1536_sig_gen_test.json", "RS", 32, []exception{{"33-64", jose.ErrKey, shortModulus}}},
		{"rsa_pkcs1_2048_sig_gen_test.json", "RS", 43, []exception{
			{"65-80", jose.ErrAlgorithm, shortHash}, {"154 155 158", nil, exponentThree},
		}},
		{"rsa_pkcs1_3072_sig_gen_test.json", "RS", 26, []exception{{"156 157", nil, exponentThree}}},
		{"rsa_pkcs1_4096_sig_gen_test.json", "RS", 24, nil},
		{"rsa_signature_2048_sha256_test.json", "RS", 259, missingNull},
		{"rsa_signature_2048_sha384_test.json", "RS", 258, missingNull},
		{"rsa_signature_2048_sha512_test.json", "RS", 259, missingNull},
		{"rsa_signature_3072_sha256_test.json", "RS", 259, missingNull},
		{"rsa_signature_3072_sha384_test.json", "RS", 259, missingNull},
		{"rsa_signature_3072_sha512_test.json", "RS", 260, missingNull},
		{"rsa_signature_4096_sha256_test.json", "RS", 258, missingNull},
		{"rsa_signature_4096_sha384_test.json", "RS", 259, missingNull},
		{"rsa_signature_4096_sha512_test.json", "RS", 259, missingNull},
		{"rsa_signature_8192_sha256_test.json", "RS", 258, missingNull},
		{"rsa_signature_8192_sha384_test.json", "RS", 259, missingNull},
		{"rsa_signature_8192_sha512_test.json", "RS", 259, missingNull},
		{"rsa_pss_2048_sha256_mgf1_32_test.json", "PS", 108, nil},
		{"rsa_pss_2048_sha384_mgf1_48_test.json", "PS", 141, nil},
		{"rsa_pss_3072_sha256_mgf1_32_test.json", "PS", 108, nil},
		{"rsa_pss_4096_sha256_mgf1_32_test.json", "PS", 108, nil},
		{"rsa_pss_4096_sha384_mgf1_48_test.json", "PS", 141, nil},
		{"rsa_pss_4096_sha512_mgf1_64_test.json", "PS", 179, nil},
		{"rsa_pss_misc_test.json", "PS", 150, []exception{
			{"1-60", jose.ErrAlgorithm, shortHash}, {"61-75 77-112 114-149", jose.ErrSignature, otherPSS},
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var file signatureFile
			read(t, tt.file, &file)
			seen := make(tally)
			for _, group := range file.TestGroups {
				key, err := group.parsed()
				group.sameKey(t, key)
				for _, test := range group.Tests {
					verdict := err
					if err == nil {
						verdict = key.VerifyOctets(group.algorithm(tt.family), test.Msg, test.Sig)
					}
					seen.add(t, test.TcID, test.Result, verdict)
				}
			}
			seen.compare(t, tt.cases, tt.except)
		})
	}
}

// TestMACs verifies HMACs with secrets of several lengths. HS384 and HS512 the kit does not have.
func TestMACs(t *testing.T) {
	var file struct {
		TestGroups []struct {
			Tests []struct {
				TcID          int
				Key, Msg, Tag octets
				Result        string
			}
		}
	}
	read(t, "hmac_sha256_test.json", &file)
	seen := make(tally)
	for _, group := range file.TestGroups {
		for _, test := range group.Tests {
			key, verdict := jose.NewSecret(test.Key, "")
			if verdict == nil {
				verdict = key.VerifyOctets(jose.HS256, test.Msg, test.Tag)
			}
			seen.add(t, test.TcID, test.Result, verdict)
		}
	}
	seen.compare(t, 174, []exception{
		{"82-108 172-174", jose.ErrSignature, "the tag is cut to 128 bits; that of HS256 has 256 (RFC 7518 section 3.2)"},
		{"163-168", jose.ErrKey, "the secret has 128 bits; HS256 asks for 256 (RFC 7518 section 3.2)"},
	})
}
