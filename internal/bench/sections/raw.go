package sections

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
)

// signed is a token taken apart beforehand.
type signed struct{ input, signature []byte }

func split(list []string) ([]signed, error) {
	parts := make([]signed, len(list))
	for i, token := range list {
		dot := strings.LastIndexByte(token, '.')
		signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
		if err != nil {
			return nil, err
		}
		parts[i] = signed{[]byte(token[:dot]), signature}
	}
	return parts, nil
}

var errBadSignature = errors.New("bad signature")

func must(good bool) error {
	if !good {
		return errBadSignature
	}
	return nil
}

// raw are the ways of the standard library to check a signature of alg, digest included.
func (b *bench) raw(alg string, list []string) ([]measure.Case, error) {
	parts, err := split(list)
	if err != nil {
		return nil, err
	}
	rawCase := func(name string, check func(*signed) bool) measure.Case {
		return measure.Case{Name: name, Worker: measure.Each(len(parts), func(i int) error { return must(check(&parts[i])) })}
	}
	switch key := b.issuer.Public(alg).(type) {
	case *rsa.PublicKey:
		return []measure.Case{rawCase(report.Raw, func(s *signed) bool { return checkRSA(key, s) })}, nil
	case *ecdsa.PublicKey:
		return []measure.Case{
			rawCase(report.Raw, func(s *signed) bool { return checkECDSA(key, s) }),
			rawCase(report.RawBigInt, func(s *signed) bool {
				digest := sha256.Sum256(s.input)
				r, t := new(big.Int).SetBytes(s.signature[:32]), new(big.Int).SetBytes(s.signature[32:])
				return ecdsa.Verify(key, digest[:], r, t)
			}),
		}, nil
	case ed25519.PublicKey:
		return []measure.Case{rawCase(report.Raw, func(s *signed) bool {
			return ed25519.Verify(key, s.input, s.signature)
		})}, nil
	}
	return []measure.Case{rawCase(report.Raw, func(s *signed) bool {
		mac := hmac.New(sha256.New, b.issuer.Secret)
		mac.Write(s.input)
		return hmac.Equal(mac.Sum(nil), s.signature)
	})}, nil
}

func checkRSA(key *rsa.PublicKey, s *signed) bool {
	digest := sha256.Sum256(s.input)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.signature) == nil
}

// checkECDSA hands the signature over in the form that the standard library takes without big.Int.
func checkECDSA(key *ecdsa.PublicKey, s *signed) bool {
	digest := sha256.Sum256(s.input)
	buffer := make([]byte, 2, 72)
	buffer = appendInteger(appendInteger(buffer, s.signature[:32]), s.signature[32:])
	buffer[0], buffer[1] = 0x30, byte(len(buffer)-2)
	return ecdsa.VerifyASN1(key, digest[:], buffer)
}

// appendInteger appends an ASN.1 INTEGER of at most 32 bytes.
func appendInteger(to, number []byte) []byte {
	for len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	if number[0]&0x80 != 0 {
		to = append(to, 2, byte(len(number)+1), 0)
	} else {
		to = append(to, 2, byte(len(number)))
	}
	return append(to, number...)
}

// digests is SHA-256 of whole tokens.
func digests(name string, list []string) measure.Case {
	whole := make([][]byte, len(list))
	for i, token := range list {
		whole[i] = []byte(token)
	}
	var last [sha256.Size]byte
	return measure.Case{Name: name, Worker: measure.Each(len(whole), func(i int) error {
		last = sha256.Sum256(whole[i])
		return must(last[0]|last[1]|last[2]|last[3]|last[4] != 0)
	})}
}

// limit compares what stands under everything else.
func limit(b *bench) error {
	var cases []measure.Case
	for _, alg := range append(append([]string(nil), tokens.Asymmetric...), tokens.HS256) {
		list, err := b.tokens(alg, b.Tokens)
		if err != nil {
			return err
		}
		raws, err := b.raw(alg, list)
		if err != nil {
			return err
		}
		for _, c := range raws {
			c.Name = alg + ", " + c.Name
			cases = append(cases, c)
		}
		cases = append(cases, digests(alg+", SHA-256 of the token", list))
	}
	return b.compare("limit", "", cases)
}
