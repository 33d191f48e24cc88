package mtls

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/bearergate/bearergate/middleware"
)

const (
	// clientCertChain is the field of RFC 9440, section 2.3.
	clientCertChain = "Client-Cert-Chain"

	maxField = 16 << 10
	maxChain = 64 << 10
)

var (
	errRepeated = errors.New("the field occurs more than once")
	errTooLarge = errors.New("the field is too large")
	errNoItem   = errors.New("the field is not one byte sequence without parameters")
	errNoCert   = errors.New("the field is not the DER encoding of one certificate")
	errChain    = errors.New("the chain is not a list of certificates")
	errLoneLink = errors.New("there is a chain and no certificate")
)

// received returns the certificate in the header of a request that a trusted proxy sent.
func (c *Config) received(h http.Header) (der []byte, err error) {
	value, err := c.value(h)
	if err != nil {
		return nil, err
	}
	if c.Extract == nil {
		der, err = parseItem(value)
	} else {
		der, err = c.Extract(value)
	}
	switch {
	case err != nil:
		return nil, malformed(err)
	case len(der) == 0 && c.Extract != nil:
		return nil, errNone
	case !isCertificate(der):
		return nil, malformed(errNoCert)
	}
	return der, nil
}

func malformed(cause error) error { return middleware.Reject(ReasonMalformedCertificate, cause) }

// value returns the only value of the field with the certificate. A second one is what a proxy that appends leaves of a
// client's own.
func (c *Config) value(h http.Header) (string, error) {
	values, chain := h[c.Header], []string(nil)
	if c.Extract == nil && c.Header == clientCert {
		chain = h[clientCertChain]
	}
	switch {
	case len(values) == 0 && len(chain) > 0:
		return "", malformed(errLoneLink)
	case len(values) == 0:
		return "", errNone
	case len(values) > 1:
		return "", malformed(errRepeated)
	case len(values[0]) > maxField:
		return "", malformed(errTooLarge)
	}
	if err := checkChain(chain); err != nil {
		return "", malformed(err)
	}
	return values[0], nil
}

// checkChain checks the lines of a list of byte sequences (RFC 9651, sections 3.1 and 4.2). What the certificates say
// does not matter: tokens are bound to that of the client alone.
func checkChain(lines []string) error {
	list := strings.Join(lines, ", ")
	if len(list) > maxChain {
		return errTooLarge
	}
	if list = strings.Trim(list, " "); list == "" {
		return nil
	}
	for member := range strings.SplitSeq(list, ",") {
		der, err := parseItem(strings.Trim(member, " \t"))
		if err != nil || !isCertificate(der) {
			return errChain
		}
	}
	return nil
}

// parseItem parses a byte sequence without parameters (RFC 9651, sections 3.3.5 and 4.2.7), strictly: padded, with
// padding bits of zero.
func parseItem(value string) ([]byte, error) {
	text, opened := strings.CutPrefix(strings.Trim(value, " "), ":")
	text, closed := strings.CutSuffix(text, ":")
	// The decoder skips line breaks.
	if !opened || !closed || strings.ContainsAny(text, "\r\n") {
		return nil, errNoItem
	}
	content, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errNoItem
	}
	return content, nil
}
