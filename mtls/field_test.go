package mtls_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/mtls"
)

// brainpool is a certificate with a key that crypto/x509 does not know.
const brainpool = "MIIBejCCASCgAwIBAgIUTdUfI9LnonvFp10Ymtn93FxgGCEwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2" +
	"MTEyNTAyNTA1NVoYDzIxMjYxMTAxMDI1MDU1WjARMQ8wDQYDVQQDDAZjbGllbnQwWjAUBgcqhkjOPQIBBgkrJAMDAggBAQcD" +
	"QgAEUnPjP8kXkOifh0DMqHJ/G+2NzEMrS2o8C4ALTK2WSCIahPeP4tlP6ArN0vFdUHabWG6GfDknjaox11G0ZKc/0aNTMFEw" +
	"HQYDVR0OBBYEFAKFpUgbiCtSlOc86drFE1tNOPXMMB8GA1UdIwQYMBaAFAKFpUgbiCtSlOc86drFE1tNOPXMMA8GA1UdEwEB" +
	"/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJgSxC+vOnOD5MpO1nRps1HliXFCogxA2GjUCGoIiZByAiA+QfT1z4a+EZHp" +
	"bGKKFGgHQsRteHWfmS73owHX0mYFYw=="

// Client-Cert is one byte sequence. The token is bound to what a more lenient reader would find, so only strictness
// refuses.
func TestM9440_1(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, behindProxy)
	alice := anyClient(t)
	for len(alice.leaf.Raw)%3 == 0 {
		alice = anyClient(t)
	}
	text := base64.StdEncoding.EncodeToString(alice.leaf.Raw)
	right := ":" + text + ":"
	for _, field := range []string{right, " " + right, right + "  "} {
		wantOutcome(t, v, from(proxyAddr, "Client-Cert", field), alice.thumbprint(), "pass")
	}
	unpadded := strings.TrimRight(text, "=")
	nextBit := string(unpadded[len(unpadded)-1] + 1)
	armour := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: alice.leaf.Raw}))
	for name, field := range map[string]string{
		"empty":               "",
		"space":               " ",
		"a colon":             ":",
		"no content":          "::",
		"no colons":           text,
		"no colon in front":   text + ":",
		"no colon behind":     ":" + text,
		"two colons":          "::" + text + "::",
		"colon inside":        ":" + text[:8] + ":" + text[8:] + ":",
		"no padding":          ":" + unpadded + ":",
		"too much padding":    ":" + text + "=:",
		"padding in front":    ":=" + text + ":",
		"padding bits":        ":" + unpadded[:len(unpadded)-1] + nextBit + text[len(unpadded):] + ":",
		"space inside":        ": " + text + ":",
		"line break":          ":" + text[:64] + "\r\n" + text[64:] + ":",
		"other alphabet":      ":" + strings.NewReplacer("+", "-", "/", "_").Replace(text) + ":",
		"hexadecimal":         ":" + hex.EncodeToString(alice.leaf.Raw) + ":",
		"parameter":           right + ";a=1",
		"parameter, no value": right + ";a",
		"semicolon":           right + ";",
		"tab":                 "\t" + right,
		"list":                right + ", " + right,
		"list of one":         right + ",",
		"inner list":          "(" + right + ")",
		"string":              `"` + text + `"`,
		"token":               "cert",
		"PEM":                 armour,
		"PEM, URL-encoded":    url.PathEscape(armour),
		"PEM in a sequence":   item([]byte(armour)),
		"base64 twice":        item([]byte(text)),
	} {
		r := from(proxyAddr, "Client-Cert", field)
		if got := outcome(t, v, r, alice.thumbprint()); got != "malformed_certificate" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, values := range [][]string{{right, right}, {"", right}, {right, ""}} {
		r := from(proxyAddr)
		r.Header["Client-Cert"] = values
		wantOutcome(t, v, r, alice.thumbprint(), "malformed_certificate")
	}
}

// The byte sequence is one certificate. The token is bound to what it is instead.
func TestM9440_1_DER(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, behindProxy)
	alice := anyClient(t)
	der := alice.leaf.Raw
	if der[1] != 0x82 {
		t.Fatalf("the certificate has %d octets, and its length another form", len(der))
	}
	for name, octets := range map[string][]byte{
		"trailing data":       slices.Concat(der, []byte{0}),
		"two certificates":    slices.Concat(der, der),
		"truncated":           der[:len(der)-1],
		"header":              der[:4],
		"one octet":           der[:1],
		"null":                {5, 0},
		"empty":               {0x30, 0},
		"two parts":           {0x30, 4, 0x30, 0, 0x30, 0},
		"four parts":          {0x30, 9, 0x30, 0, 0x30, 0, 3, 1, 0, 5, 0},
		"another first part":  {0x30, 7, 0x31, 0, 0x30, 0, 3, 1, 0},
		"another second part": {0x30, 7, 0x30, 0, 0x31, 0, 3, 1, 0},
		"another last part":   {0x30, 7, 0x30, 0, 0x30, 0, 4, 1, 0},
		"constructed":         {0x30, 7, 0x30, 0, 0x30, 0, 0x23, 1, 0},
		"context-specific":    {0x30, 7, 0x30, 0, 0x30, 0, 0x83, 1, 0},
		"set":                 {0x31, 7, 0x30, 0, 0x30, 0, 3, 1, 0},
		"public key":          alice.leaf.RawSubjectPublicKeyInfo,
		"content":             alice.leaf.RawTBSCertificate,
		"indefinite length":   slices.Concat([]byte{0x30, 0x80}, der[4:], []byte{0, 0}),
		"length in long form": slices.Concat([]byte{0x30, 0x83, 0}, der[2:]),
		"text":                []byte("certificate"),
		"zeros":               make([]byte, 12000),
	} {
		got := outcome(t, v, from(proxyAddr, "Client-Cert", item(octets)), thumbprint(octets))
		if got != "malformed_certificate" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Fields end at 16 KiB, whatever is in them.
func TestFieldLimit(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, behindProxy)
	const largest = 12285 // octets, which make 16,380 of base64 and two colons
	fits, tooLarge := paddedCertificate(t, largest), paddedCertificate(t, largest+3)
	if len(item(fits)) > 16<<10 || len(item(tooLarge)) <= 16<<10 {
		t.Fatalf("%d and %d characters", len(item(fits)), len(item(tooLarge)))
	}
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(fits)), thumbprint(fits), "pass")
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(tooLarge)), thumbprint(tooLarge), "malformed_certificate")

	small := item(paddedCertificate(t, largest/3))
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(fits), "Client-Cert-Chain", strings.Repeat(small+",", 11)+small),
		thumbprint(fits), "malformed_certificate")
	wantOutcome(t, v, from(proxyAddr, "Client-Cert", item(fits), "Client-Cert-Chain", strings.Repeat(small+",", 10)+small),
		thumbprint(fits), "pass")

	pad := func(value string, size int) string { return value + strings.Repeat(" ", size-len(value)) }
	for _, tt := range []struct {
		field, chain int
		want         string
	}{
		{16 << 10, 64 << 10, "pass"},
		{16<<10 + 1, 64 << 10, "malformed_certificate"},
		{16 << 10, 64<<10 + 1, "malformed_certificate"},
	} {
		r := from(proxyAddr, "Client-Cert", pad(small, tt.field), "Client-Cert-Chain", pad(small, tt.chain))
		wantOutcome(t, v, r, thumbprint(paddedCertificate(t, largest/3)), tt.want)
	}
}

// Whoever has to find out why certificates are refused is told what is wrong with the field.
func TestFieldCauses(t *testing.T) {
	t.Parallel()
	right := item(anyClient(t).leaf.Raw)
	extracting := behindProxy
	extracting.Extract = func(string) ([]byte, error) { return nil, nil }
	long := strings.Repeat("x", 16<<10+1)
	for _, tt := range []struct {
		cfg    mtls.Config
		fields []string
		says   string
	}{
		{behindProxy, []string{"Client-Cert", right, "Client-Cert", right}, "more than once"},
		{behindProxy, []string{"Client-Cert", long}, "too large"},
		{extracting, []string{"Client-Cert", long}, "too large"},
		{behindProxy, []string{"Client-Cert", right, "Client-Cert-Chain", "x"}, "not a list of certificates"},
		{behindProxy, []string{"Client-Cert-Chain", right}, "a chain and no certificate"},
		{behindProxy, []string{"Client-Cert", "x"}, "not one byte sequence"},
		{behindProxy, []string{"Client-Cert", ":x:"}, "not one byte sequence"},
		{behindProxy, []string{"Client-Cert", ":AAAA:"}, "not the DER encoding"},
	} {
		err := newVerifier(t, tt.cfg).Verify(http.Header{}, from(proxyAddr, tt.fields...), "token", "thumbprint")
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.60q: %v, want %q", tt.fields, err, tt.says)
		}
	}
}

// paddedCertificate has the shape of a certificate and size octets, more than 256.
func paddedCertificate(t testing.TB, size int) []byte {
	t.Helper()
	bits := size - 4 - 4 - 4
	der := []byte{0x30, 0x82, byte((size - 4) >> 8), byte(size - 4), 0x30, 0, 0x30, 0, 3, 0x82, byte(bits >> 8), byte(bits)}
	return append(der, make([]byte, bits)...)
}

// The certificate is its octets. Nobody here needs to understand the key in it.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	der, err := base64.StdEncoding.DecodeString(brainpool)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, newVerifier(t, behindProxy), from(proxyAddr, "Client-Cert", item(der)), thumbprint(der), "pass")
}

// A response that a certificate selected says so to caches, and disturbs nothing they were told already.
func TestM9440_3(t *testing.T) {
	t.Parallel()
	alice := anyClient(t)
	vendor := behindProxy
	vendor.Header = "x-forwarded-client-cert"
	for _, tt := range []struct {
		name   string
		cfg    mtls.Config
		before []string
		want   []string
	}{
		{"none", behindProxy, nil, []string{"Client-Cert"}},
		{"another", behindProxy, []string{"Accept-Encoding"}, []string{"Accept-Encoding", "Client-Cert"}},
		{"similar", behindProxy, []string{"X-Client-Cert, Client-Ce"}, []string{"X-Client-Cert, Client-Ce", "Client-Cert"}},
		{"same", behindProxy, []string{"Origin,client-cert , Accept"}, []string{"Origin,client-cert , Accept"}},
		{"same, second line", behindProxy, []string{"Origin", "Client-Cert"}, []string{"Origin", "Client-Cert"}},
		{"everything", behindProxy, []string{"Origin, *"}, []string{"Origin, *"}},
		{"other field", vendor, []string{"Client-Cert"}, []string{"Client-Cert", "X-Forwarded-Client-Cert"}},
		{"connection", mtls.Config{}, []string{"Origin"}, []string{"Origin"}},
	} {
		v := newVerifier(t, tt.cfg)
		h := http.Header{}
		for _, line := range tt.before {
			h.Add("Vary", line)
		}
		r := over(from(proxyAddr, "Client-Cert", item(alice.leaf.Raw), "X-Forwarded-Client-Cert", item(alice.leaf.Raw)), alice)
		for range 2 {
			if err := v.Verify(h, r, "token", alice.thumbprint()); err != nil {
				t.Fatal(err)
			}
			if got := h["Vary"]; !slices.Equal(got, tt.want) || len(h) != 1 {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// Client-Cert-Chain comes only with Client-Cert and is a list of certificates. It proves nothing.
func TestM9440_4(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, behindProxy)
	alice := anyClient(t)
	right := item(alice.leaf.Raw)
	_, chain, _ := rfc9440(t)
	first, second, _ := strings.Cut(chain, ", ")
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"one line", []string{chain}, "pass"},
		{"no space", []string{first + "," + second}, "pass"},
		{"more space", []string{" " + first + " \t,\t " + second + " "}, "pass"},
		{"two lines", []string{first, second}, "pass"},
		{"three lines", []string{first, chain, second}, "pass"},
		{"one link", []string{first}, "pass"},
		{"no link", []string{""}, "pass"},
		{"the client's own", []string{right}, "pass"},
		{"comma behind", []string{chain + ","}, "malformed_certificate"},
		{"comma in front", []string{"," + chain}, "malformed_certificate"},
		{"two commas", []string{first + ",," + second}, "malformed_certificate"},
		{"no comma", []string{first + " " + second}, "malformed_certificate"},
		{"comma at a line's end", []string{first + ",", second}, "malformed_certificate"},
		{"empty line", []string{first, ""}, "malformed_certificate"},
		{"only a comma", []string{","}, "malformed_certificate"},
		{"link across lines", []string{first[:20], first[20:]}, "malformed_certificate"},
		{"parameter", []string{first + ";a=1, " + second}, "malformed_certificate"},
		{"inner list", []string{"(" + first + " " + second + ")"}, "malformed_certificate"},
		{"no byte sequence", []string{first + ", certificate"}, "malformed_certificate"},
		{"empty byte sequence", []string{first + ", ::"}, "malformed_certificate"},
		{"no certificate", []string{first + ", :AAAA:"}, "malformed_certificate"},
	} {
		with, without := from(proxyAddr, "Client-Cert", right), from(proxyAddr)
		for _, line := range tt.lines {
			with.Header.Add("Client-Cert-Chain", line)
			without.Header.Add("Client-Cert-Chain", line)
		}
		if got := outcome(t, v, with, alice.thumbprint()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if got := outcome(t, v, without, alice.thumbprint()); got != "malformed_certificate" {
			t.Errorf("%s, without Client-Cert: %s", tt.name, got)
		}
	}
	links := from(proxyAddr, "Client-Cert", right, "Client-Cert-Chain", chain)
	der, err := base64.StdEncoding.DecodeString(strings.Trim(first, ":"))
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, v, links, thumbprint(der), "wrong_certificate")
}
