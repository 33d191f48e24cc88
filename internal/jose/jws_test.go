package jose_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

const claims = `{"sub":"alice"}`

// marker stands for what must not reach an error text.
const marker = "hunter2"

func TestParse(t *testing.T) {
	header := `{"alg":"ES256","kid":"k\u0031","typ":"at+jwt","x5t":7,"cty":"application/json"}`
	signer := signerOf(t, jose.ES256)
	token := signRaw(t, signer, header, claims)
	got := parse(t, token)
	if got.Algorithm != jose.ES256 || got.KeyID != "k1" || !got.HasKeyID || got.Type != "at+jwt" {
		t.Errorf("got %+v", got)
	}
	if string(got.Octets) != header || string(got.Payload) != claims || len(got.Signature()) != 64 {
		t.Errorf("parts %s %s %d", got.Octets, got.Payload, len(got.Signature()))
	}
	if want := token[:strings.LastIndex(token, ".")]; got.SigningInput() != want {
		t.Errorf("signing input %s, want %s", got.SigningInput(), want)
	}
}

func TestParseAbsentMembers(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	bare := parse(t, signRaw(t, signer, `{"alg":"ES256"}`, "not JSON"))
	if bare.HasKeyID || bare.KeyID != "" || bare.Type != "" || bare.JWK != nil {
		t.Errorf("got %+v", bare)
	}
	if empty := parse(t, signRaw(t, signer, `{"alg":"ES256","kid":""}`, claims)); !empty.HasKeyID || empty.KeyID != "" {
		t.Errorf("got %+v", empty)
	}
}

// The case of a media type does not matter, nor whether it is written out (RFC 7515, section 4.1.9).
func TestParseMediaType(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	for typ, want := range map[string]string{
		"": "", "at+jwt": "at+jwt", "AT+JWT": "at+jwt", "application/at+jwt": "at+jwt", "Application/At+Jwt": "at+jwt",
		"text/plain": "text/plain", "application/application/jwt": "application/jwt",
	} {
		got := parse(t, sign(t, signer, map[string]any{"typ": typ}, claims))
		if got.Type != typ || got.MediaType != want {
			t.Errorf("%q: typ %q, media type %q, want %q", typ, got.Type, got.MediaType, want)
		}
	}
}

// A DPoP proof brings its own key (RFC 9449 section 4.2), which is a key like any other once ParseKey has judged it.
func TestParseJWK(t *testing.T) {
	for _, alg := range jose.Asymmetric() {
		signer := signerOf(t, alg)
		proof := parse(t, sign(t, signer, map[string]any{"typ": "dpop+jwt", "jwk": signer.JWK()}, claims))
		key, err := jose.ParseKey(proof.JWK)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if key.Thumbprint() != signer.Key().Thumbprint() {
			t.Errorf("%s: thumbprint %s, want %s", alg, key.Thumbprint(), signer.Key().Thumbprint())
		}
		if err := key.Verify(alg, proof); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestParseJWKRefused(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	public := func(name string, value any) map[string]any {
		members := signer.JWK()
		members[name] = value
		return members
	}
	for name, jwk := range map[string]any{
		"null": json.RawMessage("null"), "text": "key", "array": []any{signer.JWK()}, "nothing in it": map[string]any{},
		"private":   public("d", "AA"),
		"symmetric": map[string]any{"kty": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I"},
		"weak":      map[string]any{"kty": "RSA", "e": "AQAB", "n": "thOicYwo9hPTFqDAYFPEWVJgxJFBtHlmy4hsYa4ZPc4"},
		"off curve": public("x", strings.Repeat("A", 43)),
	} {
		proof := parse(t, sign(t, signer, map[string]any{"jwk": jwk}, claims))
		if _, err := jose.ParseKey(proof.JWK); !errors.Is(err, jose.ErrKey) {
			t.Errorf("%s: %v, want %v", name, err, jose.ErrKey)
		}
	}
}

// RFC 9864 renames EdDSA with Ed25519; the key is the same.
func TestParseEd25519Name(t *testing.T) {
	signer := signerOf(t, jose.EdDSA)
	token := sign(t, signer, map[string]any{"alg": "Ed25519"}, claims)
	if err := verifyToken(t, signer.Key(), jose.EdDSA, token); err != nil {
		t.Error(err)
	}
}

func TestParseRefusesHeader(t *testing.T) {
	tests := []struct {
		header string
		want   error
	}{
		{`{"alg":"none"}`, jose.ErrAlgorithm},
		{`{"alg":"None"}`, jose.ErrAlgorithm},
		{`{"alg":"nONE"}`, jose.ErrAlgorithm},
		{`{"alg":"NONE"}`, jose.ErrAlgorithm},
		{`{"alg":""}`, jose.ErrAlgorithm},
		{`{"alg":null}`, jose.ErrAlgorithm},
		{`{"alg":["ES256"]}`, jose.ErrAlgorithm},
		{`{"alg":{"ES256":1}}`, jose.ErrAlgorithm},
		{`{"alg":256}`, jose.ErrAlgorithm},
		{`{"alg":"es256"}`, jose.ErrAlgorithm},
		{`{"alg":"ES256 "}`, jose.ErrAlgorithm},
		{`{"alg":"ES256\u0000"}`, jose.ErrAlgorithm},
		{`{"alg":"ES256K"}`, jose.ErrAlgorithm},
		{`{"alg":"HS384"}`, jose.ErrAlgorithm},
		{`{"alg":"Ed448"}`, jose.ErrAlgorithm},
		{`{"alg":"ed25519"}`, jose.ErrAlgorithm},
		{`{"alg":"RSA-OAEP","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"` + marker + `"}`, jose.ErrAlgorithm},
		{`{"ALG":"ES256"}`, jose.ErrAlgorithm},
		{`{}`, jose.ErrAlgorithm},
		{`null`, jose.ErrMalformed},

		{`{"alg":"ES256","crit":["exp"],"exp":1}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":["` + marker + `"]}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":["alg"]}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":[]}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":"exp"}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":null}`, jose.ErrCritical},
		{`{"alg":"ES256","crit":["b64"],"b64":false}`, jose.ErrCritical},
		{`{"alg":"ES256","b64":false}`, jose.ErrCritical},
		{`{"alg":"ES256","b64":true}`, jose.ErrCritical},
		{`{"alg":"ES256","b64":null}`, jose.ErrCritical},
		{`{"alg":"ES256","zip":"DEF"}`, jose.ErrCritical},
		{`{"alg":"ES256","zip":null}`, jose.ErrCritical},
		{`{"alg":"ES256","cty":"JWT"}`, jose.ErrCritical},
		{`{"alg":"ES256","cty":"jwt"}`, jose.ErrCritical},
		{`{"alg":"ES256","cty":"Application/JWT"}`, jose.ErrCritical},

		{`{"alg":"ES256","cty":null}`, jose.ErrMalformed},
		{`{"alg":"ES256","kid":1}`, jose.ErrMalformed},
		{`{"alg":"ES256","kid":null}`, jose.ErrMalformed},
		{`{"alg":"ES256","kid":["a"]}`, jose.ErrMalformed},
		{`{"alg":"ES256","typ":1}`, jose.ErrMalformed},
		{`{"alg":"ES256","typ":null}`, jose.ErrMalformed},
		{`{"alg":"ES256","alg":"none"}`, jose.ErrMalformed},
		{`{"alg":"none","alg":"ES256"}`, jose.ErrMalformed},
		{`{"alg":"ES256","\u0061lg":"ES256"}`, jose.ErrMalformed},
		{`{"alg":"ES256","kid":"a","kid":"` + marker + `"}`, jose.ErrMalformed},
		{`{"alg":"ES256","` + marker + `":1,"` + marker + `":1}`, jose.ErrMalformed},
		{`{"alg":"ES256","jwk":{"kty":"EC","kty":"EC"}}`, jose.ErrMalformed},
		{`{"alg":"ES256"} {}`, jose.ErrMalformed},
		{`{"alg":"ES256"}` + marker, jose.ErrMalformed},
		{`{"alg":"ES256"`, jose.ErrMalformed},
		{`["ES256"]`, jose.ErrMalformed},
		{`"ES256"`, jose.ErrMalformed},
		{`1`, jose.ErrMalformed},
		{"\ufeff" + `{"alg":"ES256"}`, jose.ErrMalformed},
		{"{\x00\"\x00a\x00", jose.ErrMalformed},
		{"{\"alg\":\"ES256\",\"a\":\"\xff\"}", jose.ErrMalformed},
		{`{"alg":"ES256","a":"\udc00"}`, jose.ErrMalformed},
		{`{"alg":"ES256","a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, jose.ErrMalformed},
		{`{"alg":"ES256","a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, jose.ErrMalformed},
	}
	signer := signerOf(t, jose.ES256)
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			_, err := jose.Parse(signRaw(t, signer, tt.header, claims))
			checkRefusal(t, err, tt.want)
		})
	}
}

// checkRefusal wants the bare sentinel: its text is fixed, so it cannot carry anything of the token.
func checkRefusal(t *testing.T, err, want error) {
	t.Helper()
	if err != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestParseRefusesStructure(t *testing.T) {
	token := sign(t, signerOf(t, jose.ES256), nil, claims)
	parts := strings.Split(token, ".")
	header, payload, signature := parts[0], parts[1], parts[2]
	tests := map[string]string{
		"empty":             "",
		"no dot":            "abc",
		"one dot":           header + "." + payload,
		"three dots":        token + "." + signature,
		"five part JWE":     token + ".." + signature,
		"5000 dots":         strings.Repeat(".", 5000),
		"dots only":         "..",
		"empty header":      "." + payload + "." + signature,
		"empty payload":     header + ".." + signature,
		"empty signature":   header + "." + payload + ".",
		"flat JSON":         `{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`,
		"JSON with dots":    `{"a":".` + payload + `.","protected":"` + header + `"}`,
		"leading space":     " " + token,
		"trailing newline":  token + "\n",
		"inner newline":     header + "." + payload + "." + signature[:10] + "\r\n" + signature[10:],
		"newline in header": header[:4] + "\n" + header[4:] + "." + payload + "." + signature,
		"padded header":     header + "=." + payload + "." + signature,
		"padded payload":    header + "." + payload + "=." + signature,
		"padded signature":  token + "==",
		"plus":              header + "." + payload + ".+" + signature[1:],
		"slash":             header + "." + payload + "./" + signature[1:],
		"tab":               header + ".\t" + payload + "." + signature,
		"NUL":               token + "\x00",
		"not ASCII":         token + "\u00e9",
		"percent encoding":  header + "%2E" + payload + "%2E" + signature,
		"impossible length": header + "." + payload + ".AAAAA",
		"bearer":            "Bearer " + token,
		"quoted":            `"` + token + `"`,
	}
	for name, input := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := jose.Parse(input)
			checkRefusal(t, err, jose.ErrMalformed)
		})
	}
}

// Unused bits of the last character would give one token several spellings.
func TestParseRefusesTrailingBits(t *testing.T) {
	token := signRaw(t, signerOf(t, jose.ES256), `{"alg":"ES256" }`, `{"a":1}`)
	parts := strings.Split(token, ".")
	for i, part := range parts {
		if len(part)%4 == 0 {
			t.Fatalf("part %d has no unused bits", i)
		}
		altered := append([]string(nil), parts...)
		altered[i] = part[:len(part)-1] + string(part[len(part)-1]+1)
		if _, err := base64.RawURLEncoding.DecodeString(altered[i]); err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		_, err := jose.Parse(strings.Join(altered, "."))
		checkRefusal(t, err, jose.ErrMalformed)
	}
}

// Signatures of every length are kept whole, and are canonical, wherever they are kept. A line break that makes up for an
// octet (after a signature whose length can be divided by 3, as that of ES384 can) would be another spelling.
func TestParseSignatureSizes(t *testing.T) {
	token := sign(t, signerOf(t, jose.ES384), nil, claims)
	for _, size := range []int{1, 3, 64, 96, 383, 384, 385, 386, 387, 512, 1024} {
		signature := bytes.Repeat([]byte{7}, size)
		spelt := resign(token, signature)
		if got := parse(t, spelt).Signature(); !bytes.Equal(got, signature) {
			t.Errorf("%d octets: %x", size, got)
		}
		for _, respelt := range []string{spelt + "\n", spelt + "=", spelt[:len(spelt)-1] + "*", spelt[:len(spelt)-1] + "\n" + spelt[len(spelt)-1:]} {
			_, err := jose.Parse(respelt)
			checkRefusal(t, err, jose.ErrMalformed)
		}
	}
}

func TestParseSize(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	overhead := len(signRaw(t, signer, `{"alg":"ES256"}`, "123")) - 4
	fits := signRaw(t, signer, `{"alg":"ES256"}`, strings.Repeat("a", (jose.MaxTokenBytes-overhead)/4*3))
	if _, err := jose.Parse(fits); err != nil || len(fits) != jose.MaxTokenBytes {
		t.Errorf("%d octets: %v", len(fits), err)
	}
	_, err := jose.Parse(fits + "A")
	checkRefusal(t, err, jose.ErrTooLarge)
	_, err = jose.Parse(strings.Repeat(".", jose.MaxTokenBytes+1))
	checkRefusal(t, err, jose.ErrTooLarge)
}

func TestParseAllocatesNothingForRubbish(t *testing.T) {
	for name, input := range map[string]string{
		"5000 dots":            strings.Repeat(".", 5000),
		"5000 parts":           strings.Repeat("YQ.", 5000),
		"1 MB":                 strings.Repeat("a", 1<<20),
		"1 MB of dots":         strings.Repeat(".", 1<<20),
		"16 KiB without a dot": strings.Repeat("a", jose.MaxTokenBytes),
		"line breaks":          "a.b." + strings.Repeat("\n", 10000),
	} {
		got := testing.AllocsPerRun(100, func() {
			if _, err := jose.Parse(input); err == nil {
				t.Error("parsed")
			}
		})
		if got > 1 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

// What Split refuses is no token; of the rest Read has the last word.
func TestSplit(t *testing.T) {
	for text, want := range map[string]error{
		"":        jose.ErrMalformed,
		"opaque":  jose.ErrMalformed,
		"a.b":     jose.ErrMalformed,
		"a.b.c.d": jose.ErrMalformed,
		"a..b.c":  jose.ErrMalformed,
		"a.b..":   jose.ErrMalformed,
		"..":      nil,
		"a.b.c":   nil,
		sign(t, signerOf(t, jose.ES256), nil, claims): nil,
		strings.Repeat("a", jose.MaxTokenBytes):       jose.ErrMalformed,
		strings.Repeat("a", jose.MaxTokenBytes+1):     jose.ErrTooLarge,
	} {
		if _, err := jose.Split(text, jose.MaxTokenBytes); err != want {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
