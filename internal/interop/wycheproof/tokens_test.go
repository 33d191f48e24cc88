package wycheproof_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/jose"
)

type tokenFile struct {
	TestGroups []struct {
		Public  json.RawMessage
		Private json.RawMessage
		Tests   []struct {
			TcID   int
			JWS    json.RawMessage
			JWE    json.RawMessage
			Result string
		}
	}
}

// TestTokens judges tokens as the JWT validator does, up to where it would read claims.
func TestTokens(t *testing.T) {
	for _, tt := range []struct {
		file   string
		cases  int
		except []exception
	}{
		{"json_web_signature_test.json", 401, signatureExceptions},
		{"json_web_key_test.json", 26, keyExceptions},
		{"json_web_crypto_test.json", 83, cryptoExceptions},
		{"json_web_encryption_test.json", 139, encryptionExceptions},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var file tokenFile
			read(t, tt.file, &file)
			seen := make(tally)
			for _, group := range file.TestGroups {
				keys := group.Public
				if keys == nil {
					keys = group.Private // of symmetric keys there is nothing else
				} else if _, _, err := jose.ParseKeySet(asSet(t, group.Private)); err == nil {
					t.Errorf("a published private key is usable: %s", group.Private)
				}
				headers := new(jose.Headers)
				for _, test := range group.Tests {
					token := text(slices.Concat(test.JWS, test.JWE)) // a test has one of them
					verdict := judge(t, keys, token, nil)
					seen.add(t, test.TcID, test.Result, verdict)
					if again := judge(t, keys, token, headers); again != verdict {
						t.Errorf("case %d: %v, %v with headers that are known", test.TcID, verdict, again)
					}
				}
			}
			seen.compare(t, tt.cases, tt.except)
		})
	}
}

// text returns a token as it is sent. One that is no string is in a JSON serialisation.
func text(data json.RawMessage) string {
	var compact string
	if json.Unmarshal(data, &compact) == nil {
		return compact
	}
	return string(data)
}

// errNoKey is what the validator calls an unknown key.
var errNoKey = errors.New("no key is the one that the token names")

// judge returns nil for a token that was signed with the key, or one of the key set, and has its header remembered.
func judge(t *testing.T, keys json.RawMessage, token string, headers *jose.Headers) error {
	t.Helper()
	parts, err := jose.Split(token, jose.MaxTokenBytes)
	if err != nil {
		return err
	}
	var parsed jose.JWS
	if err := parsed.Read(parts, headers); err != nil {
		return err
	}
	set, allowed, err := usable(t, keys)
	if err != nil {
		return err
	}
	candidates := set.CandidatesWithoutID(parsed.Algorithm, allowed)
	if parsed.HasKeyID && parsed.Algorithm != jose.HS256 { // a secret has no ID
		candidates = set.Candidates(parsed.KeyID, parsed.Algorithm, allowed)
	}
	if err := verify(candidates, &parsed); err != nil {
		return err
	}
	headers.Remember(&parsed)
	return nil
}

// usable reads keys as the kit does: public ones from a key set, and for HS256 one secret, which is configured and
// nameless.
func usable(t *testing.T, keys json.RawMessage) (set jose.KeySet, allowed []jose.Algorithm, err error) {
	t.Helper()
	if secret, ok := onlySecret(t, keys); ok {
		key, err := jose.NewSecret(secret, "")
		if err != nil {
			return jose.KeySet{}, nil, err
		}
		return jose.NewKeySet(key), []jose.Algorithm{jose.HS256}, nil
	}
	set, _, err = jose.ParseKeySet(asSet(t, keys))
	return set, jose.Asymmetric(), err
}

func verify(candidates []*jose.Key, token *jose.JWS) error {
	err := errNoKey
	for _, key := range candidates {
		if err = key.Verify(token.Algorithm, token); err == nil {
			break
		}
	}
	return err
}

// keyOrSet is a JWK or a JWK Set.
type keyOrSet struct {
	Keys []json.RawMessage
	Alg  string
	K    *string
}

func decode(t *testing.T, data json.RawMessage) (decoded keyOrSet) {
	t.Helper()
	if err := json.Unmarshal(data, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func asSet(t *testing.T, data json.RawMessage) []byte {
	t.Helper()
	if decode(t, data).Keys != nil {
		return data
	}
	return slices.Concat([]byte(`{"keys":[`), data, []byte(`]}`))
}

// onlySecret returns a key for HS256 that is the only one.
func onlySecret(t *testing.T, data json.RawMessage) (secret []byte, ok bool) {
	t.Helper()
	key := decode(t, data)
	if len(key.Keys) == 1 {
		key = decode(t, key.Keys[0])
	}
	if key.K == nil || key.Alg != string(jose.HS256) {
		return nil, false
	}
	secret, err := base64.RawURLEncoding.DecodeString(*key.K)
	if err != nil {
		t.Fatal(err)
	}
	return secret, true
}

// TestUnusableKeys makes sure that it is for the key's sake that cases about keys are refused.
func TestUnusableKeys(t *testing.T) {
	want := []int{2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}
	var file tokenFile
	read(t, "json_web_key_test.json", &file)
	var got []int
	for _, group := range file.TestGroups {
		keys := group.Public
		if keys == nil {
			keys = group.Private
		}
		if _, _, err := usable(t, keys); err != nil {
			for _, test := range group.Tests {
				got = append(got, test.TcID)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("no key is usable in cases %v, want %v", got, want)
	}
}
