package dpop_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/dpop"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/middleware"
)

// The tests of this file are named after the rules for a resource server that they check.

// Exactly one DPoP field with one compact JWT (RFC 9449, section 4.3, checks 1 and 2).
func TestD9449_1(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	one, other := proofOf(t, nil), proofOf(t, nil)
	parts := strings.Split(one, ".")
	for _, tt := range []struct {
		name   string
		fields []string
		want   middleware.Reason
	}{
		{"no field", nil, dpop.ReasonNoProof},
		{"two fields", []string{one, other}, dpop.ReasonMultipleProofs},
		{"one field twice", []string{one, one}, dpop.ReasonMultipleProofs},
		{"a second empty field", []string{one, ""}, dpop.ReasonMultipleProofs},
		{"empty", []string{""}, dpop.ReasonMalformedProof},
		{"list", []string{one + "," + other}, dpop.ReasonMalformedProof},
		{"list with a space", []string{one + ", " + other}, dpop.ReasonMalformedProof},
		{"trailing comma", []string{one + ","}, dpop.ReasonMalformedProof},
		{"two parts", []string{parts[0] + "." + parts[1]}, dpop.ReasonMalformedProof},
		{"four parts", []string{one + "." + parts[2]}, dpop.ReasonMalformedProof},
		{"unsigned", []string{parts[0] + "." + parts[1] + "."}, dpop.ReasonMalformedProof},
		{"JSON serialisation", []string{`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`}, dpop.ReasonMalformedProof},
		{"padded", []string{one + "="}, dpop.ReasonMalformedProof},
		{"with a scheme", []string{"DPoP " + one}, dpop.ReasonMalformedProof},
	} {
		want(t, tt.name, outcomeOf(t, v, request("GET", "/orders", tt.fields...), alice(t).thumbprint()), refusal(tt.want))
	}
	want(t, "one", outcome(t, v, one), pass)
}

// The size is looked at before anything else.
func TestMaxProofBytes(t *testing.T) {
	v := newVerifier(t, dpop.Config{MaxProofBytes: 2000})
	fits := func(n int) string { return proofOf(t, object{"x": strings.Repeat("x", n)}) }
	n := 0
	for len(fits(n)) < 1999 {
		n++
	}
	if length := len(fits(n)); length > 2000 {
		t.Fatalf("a proof of %d bytes", length)
	}
	want(t, "fits", outcome(t, v, fits(n)), pass)
	want(t, "larger", outcome(t, v, fits(n+3)), refusal(dpop.ReasonProofTooLarge))
	want(t, "1 MB by default", outcome(t, newVerifier(t, dpop.Config{}), fits(1<<20)), refusal(dpop.ReasonProofTooLarge))
	want(t, "15 KB by default", outcome(t, newVerifier(t, dpop.Config{}), fits(11<<10)), pass)
	want(t, "rubbish", outcome(t, v, strings.Repeat(".", 1<<20)), refusal(dpop.ReasonProofTooLarge))
}

// Every member that has to be there is (4.2, check 3), with a value of its kind.
func TestD9449_2(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	want(t, "complete", outcome(t, v, proofOf(t, nil)), pass)
	for _, name := range []string{"jti", "htm", "htu", "iat", "ath"} {
		for what, value := range map[string]any{
			"missing": nil, "null": json.RawMessage("null"), "array": []string{"a"}, "object": object{}, "true": true, "empty": "",
		} {
			want(t, name+" "+what, outcome(t, v, proofOf(t, object{name: value})), refusal(dpop.ReasonMalformedClaim))
		}
	}
	for _, name := range []string{"jti", "htm", "htu", "ath", "nonce"} {
		want(t, name+" number", outcome(t, v, proofOf(t, object{name: 7})), refusal(dpop.ReasonMalformedClaim))
	}
	for name, reason := range map[string]middleware.Reason{
		"typ": dpop.ReasonWrongType, "alg": dpop.ReasonAlgorithmNotAllowed, "jwk": dpop.ReasonUnusableKey,
	} {
		want(t, name, outcome(t, v, alice(t).proof(t, object{name: nil}, proofClaims(nil))), refusal(reason))
	}
}

// Header and claims are strict JSON: what two readers could read in two ways is refused.
func TestStrictJSON(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	claims := string(encode(t, proofClaims(nil)))
	raw := func(claims string) string {
		header := object{"typ": "dpop+jwt", "jwk": alice(t).jwk(nil)}
		proof, err := alice(t).Sign(header, []byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	for name, claims := range map[string]string{
		"duplicate":        strings.Replace(claims, "{", `{"htm":"GET",`, 1),
		"nested duplicate": strings.Replace(claims, "{", `{"x":{"a":1,"a":1},`, 1),
		"escaped name":     strings.Replace(claims, "{", `{"\u0068tm":"GET",`, 1),
		"two values":       claims + "{}",
		"array":            "[" + claims + "]",
		"text":             `"claims"`,
		"not JSON":         "claims",
		"broken UTF-8":     strings.Replace(claims, "{", "{\"x\":\"\xff\",", 1),
		"too deep":         strings.Replace(claims, "{", `{"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,`, 1),
	} {
		want(t, name, outcome(t, v, raw(claims)), refusal(dpop.ReasonMalformedProof))
	}
	want(t, "null", outcome(t, v, raw("null")), refusal(dpop.ReasonMalformedClaim))
	want(t, "another case", outcome(t, v, raw(strings.Replace(claims, `"htm"`, `"HTM"`, 1))), refusal(dpop.ReasonMalformedClaim))
	want(t, "as it was", outcome(t, v, raw(claims)), pass)
	for _, header := range []object{{"crit": []string{"x"}, "x": 1}, {"b64": false}, {"zip": "DEF"}, {"cty": "JWT"}, {"kid": 1}} {
		want(t, "header", outcome(t, v, alice(t).proof(t, header, proofClaims(nil))), refusal(dpop.ReasonMalformedProof))
	}
}

// typ is dpop+jwt (check 4), whatever its case (RFC 2045, section 5.1).
func TestD9449_3(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	for typ, expected := range map[string]string{
		"dpop+jwt": pass, "DPoP+JWT": pass,
		"JWT": refusal(dpop.ReasonWrongType), "at+jwt": refusal(dpop.ReasonWrongType), "": refusal(dpop.ReasonWrongType),
		"dpop": refusal(dpop.ReasonWrongType), "dpop+jwt ": refusal(dpop.ReasonWrongType),
		"application/dpop+jwt": refusal(dpop.ReasonWrongType), "logout+jwt": refusal(dpop.ReasonWrongType),
	} {
		want(t, typ, outcome(t, v, alice(t).proof(t, object{"typ": typ}, proofClaims(nil))), expected)
	}
}

// alg is an asymmetric algorithm of the local list (check 5).
func TestD9449_4(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	for _, alg := range jose.Asymmetric() {
		c := clientOf(t, alg)
		r := request("GET", "/orders", c.proof(t, nil, proofClaims(nil)))
		want(t, string(alg), outcomeOf(t, v, r, c.thumbprint()), pass)
	}
	named := clientOf(t, jose.EdDSA).proof(t, object{"alg": "Ed25519"}, proofClaims(nil))
	want(t, "Ed25519", outcomeOf(t, v, request("GET", "/orders", named), mallory(t).thumbprint()), pass)

	secret := clientOf(t, jose.HS256)
	forged, err := secret.Sign(object{"typ": "dpop+jwt", "jwk": alice(t).jwk(nil)}, encode(t, proofClaims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "HS256", outcome(t, v, forged), refusal(dpop.ReasonAlgorithmNotAllowed))
	for _, alg := range []any{"none", "None", "HS384", "HS512", "ES256K", "es256", "", 256} {
		proof := alice(t).proof(t, object{"alg": alg}, proofClaims(nil))
		want(t, "alg", outcome(t, v, proof), refusal(dpop.ReasonAlgorithmNotAllowed))
	}

	edOnly := newVerifier(t, dpop.Config{Algorithms: []string{"EdDSA"}})
	want(t, "not on the list", outcome(t, edOnly, proofOf(t, nil)), refusal(dpop.ReasonAlgorithmNotAllowed))
	r := request("GET", "/orders", mallory(t).proof(t, nil, proofClaims(nil)))
	want(t, "on the list", outcomeOf(t, edOnly, r, mallory(t).thumbprint()), pass)
}

// The proof is signed with its own key (check 6).
func TestD9449_5(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	good := proofOf(t, nil)
	want(t, "altered", outcome(t, v, altered(good)), refusal(dpop.ReasonBadSignature))

	// The memory of parsed keys must not mix them up, so once before and once after the key is known.
	swapped := func() string { return newClient(t).proof(t, object{"jwk": mallory(t).jwk(nil)}, proofClaims(nil)) }
	mine := func() *http.Request { return request("GET", "/orders", mallory(t).proof(t, nil, proofClaims(nil))) }
	for range 2 {
		want(t, "swapped", outcomeOf(t, v, request("GET", "/orders", swapped()), mallory(t).thumbprint()), refusal(dpop.ReasonBadSignature))
		want(t, "own", outcomeOf(t, v, mine(), mallory(t).thumbprint()), pass)
	}

	// Nobody is told about the token's key who has no key at all.
	want(t, "neither", outcomeOf(t, v, request("GET", "/orders", swapped()), alice(t).thumbprint()), refusal(dpop.ReasonBadSignature))

	der := clientOf(t, jose.ES384).proof(t, object{"alg": "ES256", "jwk": alice(t).jwk(nil)}, proofClaims(nil))
	want(t, "of another length", outcome(t, v, der), refusal(dpop.ReasonBadSignature))
}

// altered changes one bit in the middle of a signature.
func altered(proof string) string {
	i := strings.LastIndexByte(proof, '.') + 10
	c := byte('A')
	if proof[i] == 'A' {
		c = 'B'
	}
	return proof[:i] + string(c) + proof[i+1:]
}

// The jwk is public (check 7), and good enough.
func TestD9449_6(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	for name, jwk := range map[string]any{
		"private":              alice(t).jwk(object{"d": "AAAA"}),
		"private member null":  alice(t).jwk(object{"d": json.RawMessage("null")}),
		"secret member":        alice(t).jwk(object{"k": "AAAA"}),
		"symmetric":            object{"kty": "oct", "k": strings.Repeat("A", 43)},
		"null":                 json.RawMessage("null"),
		"text":                 string(encode(t, alice(t).jwk(nil))),
		"list":                 []object{alice(t).jwk(nil)},
		"empty":                object{},
		"of another algorithm": mallory(t).jwk(nil),
		"for another":          alice(t).jwk(object{"alg": "ES384"}),
		"for encryption":       alice(t).jwk(object{"use": "enc"}),
		"off the curve":        alice(t).jwk(object{"x": strings.Repeat("A", 43)}),
		"unknown curve":        alice(t).jwk(object{"crv": "secp256k1"}),
		"weak":                 object{"kty": "RSA", "e": "AQAB", "n": "thOicYwo9hPTFqDAYFPEWVJgxJFBtHlmy4hsYa4ZPc4"},
	} {
		proof := alice(t).proof(t, object{"jwk": jwk}, proofClaims(nil))
		want(t, name, outcome(t, v, proof), refusal(dpop.ReasonUnusableKey))
	}
	// What browsers export has more members than a key needs.
	exported := alice(t).jwk(object{"ext": true, "key_ops": []string{"verify"}, "kid": "1"})
	want(t, "exported", outcome(t, v, alice(t).proof(t, object{"jwk": exported}, proofClaims(nil))), pass)
	// Other places for a key have no effect.
	elsewhere := object{"jku": "https://evil.example/keys", "x5u": "http://169.254.169.254/", "kid": "2"}
	want(t, "elsewhere", outcome(t, v, alice(t).proof(t, elsewhere, proofClaims(nil))), pass)
	elsewhere["jwk"] = nil
	want(t, "only elsewhere", outcome(t, v, alice(t).proof(t, elsewhere, proofClaims(nil))), refusal(dpop.ReasonUnusableKey))
}

// htm is the method of the request, in its case (check 8).
func TestD9449_7(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	for _, tt := range []struct{ htm, method, want string }{
		{"GET", "GET", pass}, {"POST", "POST", pass}, {"PURGE", "PURGE", pass}, {"get", "get", pass},
		{"get", "GET", refusal(dpop.ReasonWrongMethod)}, {"GET", "get", refusal(dpop.ReasonWrongMethod)},
		{"GET", "HEAD", refusal(dpop.ReasonWrongMethod)}, {"GET", "POST", refusal(dpop.ReasonWrongMethod)},
		{"GET ", "GET", refusal(dpop.ReasonWrongMethod)}, {"*", "GET", refusal(dpop.ReasonWrongMethod)},
	} {
		r := request(tt.method, "/orders", proofOf(t, object{"htm": tt.htm}))
		want(t, tt.htm+" for "+tt.method, outcomeOf(t, v, r, alice(t).thumbprint()), tt.want)
	}
}

// A nonce that was demanded is in the proof (check 10).
func TestD9449_10(t *testing.T) {
	nonces := newNonces(t, dpop.NonceConfig{Now: func() time.Time { return noon }})
	v := newVerifier(t, dpop.Config{RequireNonce: true, Nonces: nonces})
	right := nonces.Nonce()
	want(t, "right", outcome(t, v, proofOf(t, object{"nonce": right})), pass)
	foreign := newNonces(t, dpop.NonceConfig{Now: func() time.Time { return noon }}).Nonce()
	for name, nonce := range map[string]any{
		"none": nil, "empty": "", "foreign": foreign, "cut": right[1:], "longer": right + "A", "other case": strings.ToLower(right),
	} {
		want(t, name, outcome(t, v, proofOf(t, object{"nonce": nonce})), "nonce nonce_required")
	}
	want(t, "nobody asked", outcome(t, newVerifier(t, dpop.Config{}), proofOf(t, object{"nonce": "n-9"})), pass)
}

// iat is in the window (check 11), both ends of which count.
func TestD9449_11(t *testing.T) {
	strict := newVerifier(t, dpop.Config{})
	other := newVerifier(t, dpop.Config{MaxAge: 5 * time.Second, Skew: -1})
	for _, tt := range []struct {
		v    *dpop.Verifier
		iat  any
		want string
	}{
		{strict, noon.Unix() - 60, pass}, {strict, noon.Unix() - 61, refusal(dpop.ReasonExpired)},
		{strict, float64(noon.Unix()) - 60.5, refusal(dpop.ReasonExpired)}, {strict, float64(noon.Unix()) - 59.5, pass},
		{strict, noon.Unix() + 10, pass}, {strict, noon.Unix() + 11, refusal(dpop.ReasonNotYetValid)},
		{strict, float64(noon.Unix()) + 10.5, refusal(dpop.ReasonNotYetValid)},
		{strict, json.RawMessage("1.8e9"), pass},
		{strict, noon.UnixMilli(), refusal(dpop.ReasonMalformedClaim)},
		{strict, "1800000000", refusal(dpop.ReasonMalformedClaim)},
		{strict, 0, refusal(dpop.ReasonMalformedClaim)}, {strict, -1, refusal(dpop.ReasonMalformedClaim)},
		{strict, json.RawMessage("1e400"), refusal(dpop.ReasonMalformedClaim)},
		{strict, 1, refusal(dpop.ReasonExpired)}, {strict, 253402300799, refusal(dpop.ReasonNotYetValid)},
		{other, noon.Unix() - 5, pass}, {other, noon.Unix() - 6, refusal(dpop.ReasonExpired)},
		{other, noon.Unix(), pass}, {other, noon.Unix() + 1, refusal(dpop.ReasonNotYetValid)},
	} {
		want(t, string(encode(t, tt.iat)), outcome(t, tt.v, proofOf(t, object{"iat": tt.iat})), tt.want)
	}
	// exp and nbf are no claims of a proof.
	want(t, "exp", outcome(t, strict, proofOf(t, object{"exp": 1, "nbf": "x"})), pass)
}

// ath is the hash of this access token (check 12), in its one spelling.
func TestD9449_12(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	right := hashOf(accessToken)
	octets, err := base64.RawURLEncoding.DecodeString(right)
	if err != nil {
		t.Fatal(err)
	}
	for name, ath := range map[string]string{
		"of another token": hashOf("other"), "padded": right + "=", "hex": hex.EncodeToString(octets),
		"standard base64": base64.StdEncoding.EncodeToString(octets), "cut": right[:42], "longer": right + "A",
		"other trailing bits": right[:42] + string(right[42]+1), "the token": accessToken,
	} {
		want(t, name, outcome(t, v, proofOf(t, object{"ath": ath})), refusal(dpop.ReasonWrongToken))
	}
}

// The key of the proof is that of the token (check 12). Another one is the token's fault, not the proof's.
func TestD9449_13(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	sent := func() *http.Request { return request("GET", "/orders", proofOf(t, nil)) }
	right := alice(t).thumbprint()
	for name, thumbprint := range map[string]string{
		"another": mallory(t).thumbprint(), "none": "", "padded": right + "=", "cut": right[:42], "longer": right + "A",
		"other case": strings.ToLower(right), "JSON": `{"jkt":"` + right + `"}`,
	} {
		want(t, name, outcomeOf(t, v, sent(), thumbprint), "token wrong_proof_key")
	}
	want(t, "right", outcomeOf(t, v, sent(), right), pass)
}

// A proof is good once (section 11.1).
func TestD9449_25(t *testing.T) {
	v := newVerifier(t, dpop.Config{})
	proof := proofOf(t, nil)
	want(t, "first", outcome(t, v, proof), pass)
	want(t, "second", outcome(t, v, proof), refusal(dpop.ReasonReplayed))

	// ECDSA signs one text in many ways: what was used is the jti, not the text.
	claims := proofClaims(nil)
	want(t, "first", outcome(t, v, alice(t).proof(t, nil, claims)), pass)
	want(t, "signed again", outcome(t, v, alice(t).proof(t, nil, claims)), refusal(dpop.ReasonReplayed))
	claims["htu"] = "HTTPS://API.example.com:443/%6frders?x"
	want(t, "for the same URL", outcome(t, v, alice(t).proof(t, nil, claims)), refusal(dpop.ReasonReplayed))

	// Two clients may come upon the same jti.
	r := request("GET", "/orders", mallory(t).proof(t, nil, claims))
	want(t, "of another client", outcomeOf(t, v, r, mallory(t).thumbprint()), pass)

	for length, expected := range map[int]string{
		1: pass, 256: pass, 257: refusal(dpop.ReasonMalformedClaim), 4000: refusal(dpop.ReasonMalformedClaim),
		1 << 20: refusal(dpop.ReasonProofTooLarge),
	} {
		want(t, "long jti", outcome(t, v, proofOf(t, object{"jti": strings.Repeat("j", length)})), expected)
	}
}

// What is not accepted is not used up, and least of all by a stranger with a badly signed copy.
func TestD9449_29(t *testing.T) {
	c := &clock{}
	nonces := newNonces(t, dpop.NonceConfig{Now: c.now})
	v := newVerifier(t, dpop.Config{Now: c.now, RequireNonce: true, Nonces: nonces})
	claims := proofClaims(object{"nonce": nonces.Nonce()})
	proof := alice(t).proof(t, nil, claims)
	thumbprint := alice(t).thumbprint()

	want(t, "bad signature", outcome(t, v, altered(proof)), refusal(dpop.ReasonBadSignature))
	want(t, "another method", outcomeOf(t, v, request("POST", "/orders", proof), thumbprint), refusal(dpop.ReasonWrongMethod))
	want(t, "another path", outcomeOf(t, v, request("GET", "/", proof), thumbprint), refusal(dpop.ReasonWrongURL))
	want(t, "another key", outcomeOf(t, v, request("GET", "/orders", proof), mallory(t).thumbprint()), "token wrong_proof_key")
	forged := mallory(t).proof(t, nil, claims)
	want(t, "same jti by another", outcomeOf(t, v, request("GET", "/orders", forged), thumbprint), "token wrong_proof_key")
	want(t, "without a nonce", outcome(t, v, alice(t).proof(t, nil, with(claims, object{"nonce": nil}))), "nonce nonce_required")
	want(t, "after all that", outcome(t, v, proof), pass)
	want(t, "and once", outcome(t, v, proof), refusal(dpop.ReasonReplayed))
}

// The cheap checks come first: a proof with everything wrong is refused for the cheapest.
func TestOrder(t *testing.T) {
	full := newReplays(t, dpop.MemoryConfig{MaxEntries: 1})
	if _, err := full.Add(t.Context(), [32]byte{}, time.Hour); err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, dpop.Config{RequireNonce: true, Replays: full})
	header := object{"jwk": alice(t).jwk(object{"d": "AAAA"}), "typ": "JWT", "alg": "ES384"}
	claims := proofClaims(object{"jti": "", "htm": "POST", "htu": "/", "iat": 1, "ath": "x"})
	steps := []struct {
		want string
		mend func()
	}{
		{refusal(dpop.ReasonWrongType), func() { delete(header, "typ") }},
		{refusal(dpop.ReasonMalformedClaim), func() { claims["jti"] = "j" }},
		{refusal(dpop.ReasonWrongMethod), func() { claims["htm"] = "GET" }},
		{refusal(dpop.ReasonExpired), func() { claims["iat"] = noon.Unix() }},
		{refusal(dpop.ReasonWrongToken), func() { claims["ath"] = hashOf(accessToken) }},
		{refusal(dpop.ReasonWrongURL), func() { claims["htu"] = baseURL + "/orders" }},
		{"nonce nonce_required", func() { v = newVerifier(t, dpop.Config{Replays: full}) }},
		{refusal(dpop.ReasonUnusableKey), func() { header["jwk"] = mallory(t).jwk(nil) }},
		{refusal(dpop.ReasonUnusableKey), func() { header["alg"] = "EdDSA" }},
		{refusal(dpop.ReasonBadSignature), func() { delete(header, "jwk"); delete(header, "alg") }},
		{"unavailable replays_unavailable", func() {}},
	}
	for _, step := range steps {
		want(t, "next", outcome(t, v, alice(t).proof(t, header, claims)), step.want)
		step.mend()
	}
}
