package jose_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

// altered returns the JWK of a Signer with some members replaced; nil removes one.
func altered(t *testing.T, alg jose.Algorithm, changes map[string]any) string {
	t.Helper()
	members := signerOf(t, alg).JWK()
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func member(t *testing.T, alg jose.Algorithm, name string) string {
	t.Helper()
	value, _ := signerOf(t, alg).JWK()[name].(string)
	return value
}

func TestParseKeyRefuses(t *testing.T) {
	long := strings.Repeat("A", 43)
	tests := []struct {
		name, jwk, reason string
	}{
		{"not JSON", `{`, "not a JSON object"},
		{"null", `null`, "not a JSON object"},
		{"array", `[]`, "not a JSON object"},
		{"duplicate member", `{"kty":"RSA","kty":"RSA"}`, "not a JSON object"},
		{"duplicate in an unused member", `{"kty":"RSA","x":{"a":1,"a":1}}`, "not a JSON object"},
		{"no kty", altered(t, jose.ES256, map[string]any{"kty": nil}), "key type"},
		{"kty in lower case", altered(t, jose.ES256, map[string]any{"kty": "ec"}), "key type"},
		{"kty null", `{"kty":null}`, "key type"},
		{"oct", `{"kty":"oct","k":"` + long + `"}`, "private key published"},
		{"oct without k", `{"kty":"oct"}`, "key type"},
		{"oct posing as RSA", altered(t, jose.RS256, map[string]any{"k": long}), "private key published"},
		{"d", altered(t, jose.ES256, map[string]any{"d": long}), "private key published"},
		{"d empty", altered(t, jose.EdDSA, map[string]any{"d": ""}), "private key published"},
		{"p", altered(t, jose.RS256, map[string]any{"p": long}), "private key published"},
		{"oth", altered(t, jose.RS256, map[string]any{"oth": []any{}}), "private key published"},
		{"kid number", altered(t, jose.ES256, map[string]any{"kid": 1}), "canonical"},
		{"use enc", altered(t, jose.ES256, map[string]any{"use": "enc"}), "not meant"},
		{"use empty", altered(t, jose.ES256, map[string]any{"use": ""}), "not meant"},
		{"use array", altered(t, jose.ES256, map[string]any{"use": []string{"sig"}}), "not meant"},
		{"key_ops sign", altered(t, jose.ES256, map[string]any{"key_ops": []string{"sign"}}), "not meant"},
		{"key_ops empty", altered(t, jose.ES256, map[string]any{"key_ops": []string{}}), "not meant"},
		{"key_ops string", altered(t, jose.ES256, map[string]any{"key_ops": "verify"}), "not meant"},
		{"key_ops mixed", altered(t, jose.ES256, map[string]any{"key_ops": []any{"verify", 1}}), "not meant"},
		{"alg of another curve", altered(t, jose.ES256, map[string]any{"alg": "ES512"}), "algorithm"},
		{"alg of another type", altered(t, jose.EdDSA, map[string]any{"alg": "RS256"}), "algorithm"},
		{"alg symmetric", altered(t, jose.RS256, map[string]any{"alg": "HS256"}), "algorithm"},
		{"alg for encryption", altered(t, jose.RS256, map[string]any{"alg": "RSA-OAEP"}), "algorithm"},
		{"alg empty", altered(t, jose.RS256, map[string]any{"alg": ""}), "algorithm"},
		{"alg array", altered(t, jose.RS256, map[string]any{"alg": []string{"RS256"}}), "algorithm"},
		{"n with leading zero", altered(t, jose.RS256, map[string]any{"n": "AAAA" + member(t, jose.RS256, "n")}), "canonical"},
		{"n with line break", altered(t, jose.RS256, map[string]any{"n": member(t, jose.RS256, "n") + "\n"}), "canonical"},
		{"n number", altered(t, jose.RS256, map[string]any{"n": 5}), "canonical"},
		{"e with leading zero", altered(t, jose.RS256, map[string]any{"e": "AAEAAQ"}), "canonical"},
		{"e missing", altered(t, jose.RS256, map[string]any{"e": nil}), "canonical"},
		{"e zero", altered(t, jose.RS256, map[string]any{"e": "AA"}), "canonical"},
		{"e of 2^31 + 1", altered(t, jose.RS256, map[string]any{"e": "gAAAAQ"}), "exponent"},
		{"e of five octets", altered(t, jose.RS256, map[string]any{"e": "AQAAAAM"}), "exponent"},
		{"e of one", altered(t, jose.RS256, map[string]any{"e": "AQ"}), "exponent"},
		{"e even", altered(t, jose.RS256, map[string]any{"e": "BA"}), "exponent"},
		{"n even", altered(t, jose.RS256, map[string]any{"n": modulus(2048, 0)}), "modulus even"},
		{"n of 2047 bits", altered(t, jose.RS256, map[string]any{"n": modulus(2047, 1)}), "2048 to 8192"},
		{"n of 8193 bits", altered(t, jose.RS256, map[string]any{"n": modulus(8193, 1)}), "2048 to 8192"},
		{"x of another curve", altered(t, jose.ES384, map[string]any{"x": member(t, jose.ES256, "x")}), "canonical"},
		{"x missing", altered(t, jose.ES256, map[string]any{"x": nil}), "canonical"},
		{"x with padding", altered(t, jose.ES256, map[string]any{"x": member(t, jose.ES256, "x") + "="}), "canonical"},
		{"y of another curve", altered(t, jose.ES384, map[string]any{"y": member(t, jose.ES256, "y")}), "canonical"},
		{"y missing", altered(t, jose.ES256, map[string]any{"y": nil}), "canonical"},
		{"y of another point", altered(t, jose.ES256, map[string]any{"y": member(t, jose.ES256, "x")}), "point"},
		{"crv missing", altered(t, jose.ES256, map[string]any{"crv": nil}), "key type"},
		{"Ed448", altered(t, jose.EdDSA, map[string]any{"crv": "Ed448"}), "key type or curve"},
		{"x of 33 octets", altered(t, jose.EdDSA, map[string]any{"x": strings.Repeat("A", 44)}), "canonical"},
		{"trailing bits", altered(t, jose.EdDSA, map[string]any{"x": strings.Repeat("A", 42) + "B"}), "canonical"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := jose.ParseKey([]byte(tt.jwk))
			if !errors.Is(err, jose.ErrKey) || !strings.Contains(fmt.Sprint(err), tt.reason) {
				t.Errorf("got %v, want a reason with %q", err, tt.reason)
			}
		})
	}
}

// modulus is a number of that many bits, with a last bit.
func modulus(bits, last uint) string {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return b64(n.SetBit(n, 0, last).Bytes())
}

// RSA keys may be as small and as large as the limits say, with exponents from 3 to 2^31 - 1.
func TestParseKeyLimits(t *testing.T) {
	for _, changes := range []map[string]any{
		{"n": modulus(2048, 1)}, {"n": modulus(8192, 1)}, {"e": "Aw"}, {"e": b64([]byte{0x7f, 0xff, 0xff, 0xff})},
	} {
		if _, err := jose.ParseKey([]byte(altered(t, jose.RS256, changes))); err != nil {
			t.Errorf("%.60v: %v", changes, err)
		}
	}
}

// What a JWK carries besides its key has no effect and cannot break it.
func TestParseKeyIgnoresTheRest(t *testing.T) {
	for _, alg := range jose.Asymmetric() {
		jwk := altered(t, alg, map[string]any{
			"x5c": "not even an array", "x5t": 5, "x5u": "http://169.254.169.254/", "ext": true, "key_ops": []string{"verify"},
		})
		key, err := jose.ParseKey([]byte(jwk))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		if key.Thumbprint() != signerOf(t, alg).Key().Thumbprint() || key.ID() != signerOf(t, alg).KeyID() {
			t.Errorf("%s: another key", alg)
		}
	}
	if _, err := jose.ParseKey([]byte(altered(t, jose.EdDSA, map[string]any{"alg": "Ed25519"}))); err != nil {
		t.Errorf("alg Ed25519: %v", err)
	}
}

func TestParseKeySetSkips(t *testing.T) {
	good := altered(t, jose.ES256, nil)
	id := " ~\x7f" + strings.Repeat("k\n\u00e9", 40)
	bad := altered(t, jose.ES384, map[string]any{"d": "AAAA", "kid": id})
	duplicate := `{"kid":"k","kty":"EC","kty":"EC"}`
	document := `{"keys":[` + strings.Join([]string{bad, good, duplicate, "null", `"` + marker + `"`}, ",") + `],"more":{"a":1}}`
	set, skipped, err := jose.ParseKeySet([]byte(document))
	if err != nil || set.Len() != 1 {
		t.Fatalf("%d keys, %v", set.Len(), err)
	}
	want := []jose.Skipped{
		{Index: 0, KeyID: " ~?" + strings.Repeat("k??", 40)[:61], Reason: "private key published"},
		{Index: 2, Reason: "not a JSON object with unique members"},
		{Index: 3, Reason: "not a JSON object with unique members"},
		{Index: 4, Reason: "not a JSON object with unique members"},
	}
	if !slices.Equal(skipped, want) {
		t.Errorf("skipped %+v", skipped)
	}
}

func TestParseKeySetRefuses(t *testing.T) {
	key := altered(t, jose.ES256, nil)
	repeat := func(n int) string { return `{"keys":[` + strings.Repeat(key+",", n-1) + key + `]}` }
	tests := []struct {
		name, document string
		want           error
	}{
		{"empty", "", jose.ErrMalformed},
		{"HTML", "<html>" + marker, jose.ErrMalformed},
		{"array", "[" + key + "]", jose.ErrMalformed},
		{"one JWK", key, jose.ErrMalformed},
		{"keys missing", `{"Keys":[` + key + `]}`, jose.ErrMalformed},
		{"keys null", `{"keys":null}`, jose.ErrMalformed},
		{"keys object", `{"keys":{"a":` + key + `}}`, jose.ErrMalformed},
		{"keys twice", `{"keys":[` + key + `],"keys":[` + key + `]}`, jose.ErrMalformed},
		{"keys twice, once escaped", `{"keys":[` + key + `],"\u006beys":[]}`, jose.ErrMalformed},
		{"other member twice", `{"a":1,"keys":[` + key + `],"a":1}`, jose.ErrMalformed},
		{"second document", repeat(1) + repeat(1), jose.ErrMalformed},
		{"too deep", `{"keys":[` + key + `],"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, jose.ErrMalformed},
		{"101 keys", repeat(101), jose.ErrMalformed},
		{"no keys", `{"keys":[]}`, jose.ErrNoKeys},
		{"no usable key", `{"keys":[{"kty":"` + marker + `"}]}`, jose.ErrNoKeys},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, skipped, err := jose.ParseKeySet([]byte(tt.document))
			checkRefusal(t, err, tt.want)
			if set.Len() != 0 || tt.name == "no usable key" && len(skipped) != 1 {
				t.Errorf("%d keys, skipped %v", set.Len(), skipped)
			}
		})
	}
	if set, _, err := jose.ParseKeySet([]byte(repeat(100))); err != nil || set.Len() != 100 {
		t.Errorf("100 keys: %d, %v", set.Len(), err)
	}
}

func parseKey(t *testing.T, jwk string) *jose.Key {
	t.Helper()
	key, err := jose.ParseKey([]byte(jwk))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCandidates(t *testing.T) {
	rs := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": "a"}))
	es := parseKey(t, altered(t, jose.ES256, map[string]any{"kid": "a"}))
	other := parseKey(t, altered(t, jose.ES256, map[string]any{"kid": "b"}))
	bare := parseKey(t, altered(t, jose.EdDSA, map[string]any{"kid": nil}))
	empty := parseKey(t, altered(t, jose.EdDSA, map[string]any{"kid": ""}))
	set := jose.NewKeySet(rs, es, other, bare, empty)
	allowed := jose.Asymmetric()
	tests := []struct {
		name string
		got  []*jose.Key
		want []*jose.Key
	}{
		{"by kid and algorithm", set.Candidates("a", jose.ES256, allowed), []*jose.Key{es}},
		{"same kid, other type", set.Candidates("a", jose.RS256, allowed), []*jose.Key{rs}},
		{"same type, other algorithm", set.Candidates("a", jose.PS256, allowed), nil},
		{"kid in another case", set.Candidates("A", jose.ES256, allowed), nil},
		{"unknown kid", set.Candidates("../../dev/null", jose.ES256, allowed), nil},
		{"empty kid", set.Candidates("", jose.EdDSA, allowed), nil},
		{"not allowed", set.Candidates("a", jose.ES256, []jose.Algorithm{jose.RS256}), nil},
		{"without kid", set.CandidatesWithoutID(jose.ES256, allowed), []*jose.Key{es, other}},
		{"without kid, keys without kid", set.CandidatesWithoutID(jose.EdDSA, allowed), []*jose.Key{bare, empty}},
		{"without kid, none fits", set.CandidatesWithoutID(jose.HS256, every), nil},
	}
	for _, tt := range tests {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %d candidates, want %d", tt.name, len(tt.got), len(tt.want))
		}
	}
	if got := slices.Collect(set.Keys()); len(got) != set.Len() || got[0] != rs {
		t.Errorf("Keys yields %d", len(got))
	}
	if found := (jose.KeySet{}).Candidates("a", jose.ES256, allowed); found != nil {
		t.Error("the zero set has candidates")
	}
	got := testing.AllocsPerRun(100, func() { set.Candidates("a", jose.ES256, allowed) })
	if got != 0 {
		t.Errorf("%v allocations for one candidate", got)
	}
}

// A key that verified a token is still held only by a set that would have it verify the same token again.
func TestHolds(t *testing.T) {
	key := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": "a"}))
	again := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": "a"}))
	renamed := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": "b"}))
	nameless := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": nil}))
	otherUse := parseKey(t, altered(t, jose.RS256, map[string]any{"kid": "a", "alg": "PS256"}))
	another := parseKey(t, altered(t, jose.PS256, map[string]any{"kid": "a", "alg": "RS256"}))
	secret := signerOf(t, jose.HS256).Key()
	allowed := jose.Asymmetric()
	tests := []struct {
		name    string
		set     jose.KeySet
		key     *jose.Key
		allowed []jose.Algorithm
		want    bool
	}{
		{"the same", jose.NewKeySet(key), key, allowed, true},
		{"fetched again", jose.NewKeySet(another, again), key, allowed, true},
		{"without kid", jose.NewKeySet(nameless), nameless, allowed, true},
		{"under another kid", jose.NewKeySet(renamed), key, allowed, false},
		{"no longer under a kid", jose.NewKeySet(nameless), key, allowed, false},
		{"for another algorithm", jose.NewKeySet(otherUse), key, allowed, false},
		{"another key under the kid", jose.NewKeySet(another), key, allowed, false},
		{"algorithm no longer allowed", jose.NewKeySet(key), key, []jose.Algorithm{jose.ES256}, false},
		{"empty set", jose.KeySet{}, key, allowed, false},
		{"secret, which has no thumbprint", jose.NewKeySet(secret), secret, every, false},
	}
	for _, tt := range tests {
		if got := tt.set.Holds(tt.key, tt.allowed); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Headers go with the set whose keys verified the tokens.
func TestKeySetHeaders(t *testing.T) {
	signer := signerOf(t, jose.ES256)
	one, other := jose.NewKeySet(signer.Key()), jose.NewKeySet(signer.Key())
	token := sign(t, signer, nil, claims)
	first := parse(t, token)
	one.Headers().Remember(first)
	for name, tt := range map[string]struct {
		set   jose.KeySet
		known bool
	}{"its own": {one, true}, "another": {other, false}, "forgetful": {one.Forgetful(), false}, "zero": {jose.KeySet{}, false}} {
		var parsed jose.JWS
		if err := read(&parsed, token, tt.set.Headers()); err != nil {
			t.Fatal(err)
		}
		if known := parsed.Header == first.Header; known != tt.known {
			t.Errorf("%s set: %v", name, known)
		}
	}
}

// The keys that a header names are those of the set that is asked, whichever set remembers the header.
func TestCandidatesOf(t *testing.T) {
	signer, allowed := signerOf(t, jose.ES256), jose.Asymmetric()
	before, after := jose.NewKeySet(signer.Key()), jose.NewKeySet()
	token := sign(t, signer, nil, claims)
	count := func(set jose.KeySet, known *jose.Headers) int {
		t.Helper()
		var parsed jose.JWS
		if err := read(&parsed, token, known); err != nil {
			t.Fatal(err)
		}
		return len(set.CandidatesOf(&parsed, allowed))
	}
	before.Remember(parse(t, token), allowed)
	ofNoSet := new(jose.Headers)
	ofNoSet.Remember(parse(t, token))
	for name, known := range map[string]*jose.Headers{
		"none": nil, "of this set": before.Headers(), "of another": after.Headers(), "of no set": ofNoSet,
	} {
		if got := count(before, known); got != 1 {
			t.Errorf("header %s: %d keys", name, got)
		}
		if got := count(after, known); got != 0 {
			t.Errorf("header %s: %d keys of a set that has none", name, got)
		}
	}
	var known jose.JWS
	if err := read(&known, token, before.Headers()); err != nil {
		t.Fatal(err)
	}
	if got := before.CandidatesOf(&known, nil); len(got) != 1 || got[0] != signer.Key() {
		t.Errorf("keys of a header that is remembered were looked for again: %v", got)
	}
	var zero jose.KeySet
	zero.Remember(parse(t, token), allowed)
	if count(zero, before.Headers()) != 0 {
		t.Error("a set without keys has one")
	}
}

// An issuer that repeats a kid must not make a token cost many verifications, nor share memory between callers.
func TestCandidatesAreBounded(t *testing.T) {
	var keys []*jose.Key
	for range 10 {
		keys = append(keys, signerOf(t, jose.ES256).Key())
	}
	set := jose.NewKeySet(keys...)
	if got := len(set.Candidates(keys[0].ID(), jose.ES256, jose.Asymmetric())); got != 4 {
		t.Errorf("%d candidates by ID", got)
	}
	if got := len(set.CandidatesWithoutID(jose.ES256, jose.Asymmetric())); got != 4 {
		t.Errorf("%d candidates without ID", got)
	}
	keys[0] = nil
	if slices.Contains(slices.Collect(set.Keys()), nil) {
		t.Error("the set shares the caller's slice")
	}
}

// A neighbour that nests too deeply to be read does not take the good key with it.
func TestDeepNeighbour(t *testing.T) {
	good := altered(t, jose.ES256, nil)
	deep := `{"kty":"EC","x5c":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`
	set, skipped, err := jose.ParseKeySet([]byte(`{"keys":[` + deep + `,` + good + `]}`))
	if err != nil || set.Len() != 1 || len(skipped) != 1 {
		t.Errorf("%d keys, %d skipped, %v", set.Len(), len(skipped), err)
	}
}
