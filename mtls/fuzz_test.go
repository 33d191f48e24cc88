package mtls_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

// FuzzClientCert sends the lines of both fields from a trusted proxy. A second reader, made of a grammar and a few lines
// about DER, says what they are; the token is bound to what it finds, so that the two have to agree.
func FuzzClientCert(f *testing.F) {
	v := newVerifier(f, behindProxy)
	f.Fuzz(func(t *testing.T, certLines, chainLines string) {
		r := from(proxyAddr)
		cert, chain := strings.Split(certLines, "\n"), []string(nil)
		if chainLines != "" {
			chain = strings.Split(chainLines, "\n")
		}
		r.Header["Client-Cert"], r.Header["Client-Cert-Chain"] = cert, chain
		der, good := readAgain(cert[0])
		want := "malformed_certificate"
		if good && len(cert) == 1 && len(cert[0]) <= 16<<10 && listAgain(chain) {
			want = "pass"
		}
		if got := verdict(v.Verify(http.Header{}, r, "", thumbprint(der))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := verdict(v.Verify(http.Header{}, r, "", thumbprint(nil))); got == "pass" {
			t.Error("another thumbprint will do")
		}
	})
}

func verdict(err error) string {
	if err == nil {
		return "pass"
	}
	return string(middleware.ReasonOf(err))
}

var (
	sequence = regexp.MustCompile(`^ *:((?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)?): *$`)
	list     = regexp.MustCompile(`^[ \t]*:[^:]*:[ \t]*(?:,[ \t]*:[^:]*:[ \t]*)*$`)
	links    = regexp.MustCompile(`:[^:]*:`)
)

// readAgain is the second reader. It returns what it can find, good or not.
func readAgain(field string) (der []byte, good bool) {
	match := sequence.FindStringSubmatch(field)
	if match == nil {
		return nil, false
	}
	der, err := base64.StdEncoding.DecodeString(match[1])
	if err != nil || base64.StdEncoding.EncodeToString(der) != match[1] {
		return nil, false
	}
	content, rest, ok := element(der, 0x30)
	for _, tag := range []byte{0x30, 0x30, 0x03} {
		if ok && len(rest) == 0 {
			_, content, ok = element(content, tag)
		}
	}
	return der, ok && len(rest) == 0 && len(content) == 0
}

func listAgain(lines []string) bool {
	text := strings.Join(lines, ", ")
	if len(text) > 64<<10 || strings.Trim(text, " ") != "" && !list.MatchString(text) {
		return false
	}
	return !slices.ContainsFunc(links.FindAllString(text, -1), func(link string) bool {
		_, good := readAgain(link)
		return !good
	})
}

// element cuts one DER element with that first octet from data, of at most 64 KiB.
func element(data []byte, tag byte) (content, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil, false
	}
	length, header := int(data[1]), 2
	switch {
	case data[1] == 0x81 && len(data) > 2 && data[2] >= 0x80:
		length, header = int(data[2]), 3
	case data[1] == 0x82 && len(data) > 3 && data[2] > 0:
		length, header = int(data[2])<<8|int(data[3]), 4
	case data[1] >= 0x80:
		return nil, nil, false
	}
	if length > len(data)-header {
		return nil, nil, false
	}
	return data[header : header+length], data[header+length:], true
}
