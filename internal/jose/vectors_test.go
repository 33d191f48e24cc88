package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
	"github.com/bearergate/bearergate/internal/jose"
)

type vectorFile struct {
	Cases []struct {
		ID      string          `json:"id"`
		Token   string          `json:"token"`
		JSON    json.RawMessage `json:"json"`
		Key     json.RawMessage `json:"key"`
		Private json.RawMessage `json:"private"`
		JWK     json.RawMessage `json:"jwk"`
		Alg     string          `json:"alg"`
		Expect  struct {
			Signature  string `json:"signature"`
			Reject     bool   `json:"reject"`
			Thumbprint string `json:"thumbprint_sha256"`
			Key        string `json:"key"`
		} `json:"expect"`
	} `json:"cases"`
	Documents []struct {
		ID     string `json:"id"`
		Status int    `json:"status"`
		Body   string `json:"body"`
		Expect struct {
			UsableKIDs   []string `json:"usable_kids"`
			AmbiguousKID string   `json:"ambiguous_kid"`
			Error        bool     `json:"error"`
		} `json:"expect"`
	} `json:"documents"`
}

func load(t *testing.T, name string) vectorFile {
	t.Helper()
	var file vectorFile
	if err := conformance.Vectors(name, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s has no cases", name)
	}
	return file
}

// vectorSecret returns the octets of a symmetric JWK, which is never taken from a key set, nil for another one.
func vectorSecret(t *testing.T, data json.RawMessage) []byte {
	t.Helper()
	var oct struct {
		K string `json:"k"`
	}
	if err := json.Unmarshal(data, &oct); err != nil {
		t.Fatal(err)
	}
	if oct.K == "" {
		return nil
	}
	secret, err := base64.RawURLEncoding.DecodeString(oct.K)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// vectorKey reads the JWK of a case.
func vectorKey(t *testing.T, data json.RawMessage) *jose.Key {
	t.Helper()
	var key *jose.Key
	var err error
	if secret := vectorSecret(t, data); secret != nil {
		key, err = jose.NewSecret(secret, "")
	} else {
		key, err = jose.ParseKey(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var rfcSignatures = []string{"jws-rfc7515.json", "jws-rfc7520.json", "jws-rfc8037.json"}

func TestRFCSignatures(t *testing.T) {
	for _, name := range rfcSignatures {
		for _, tt := range load(t, name).Cases {
			t.Run(tt.ID, func(t *testing.T) {
				compact := tt.Token
				if compact == "" {
					compact = string(tt.JSON)
				}
				parsed, err := jose.Parse(compact)
				if tt.Expect.Reject {
					if err != jose.ErrMalformed {
						t.Errorf("Parse = %v, want a refusal", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				alg, ok := jose.ParseAlgorithm(tt.Alg)
				if !ok {
					t.Fatalf("algorithm %s", tt.Alg)
				}
				err = vectorKey(t, tt.Key).Verify(alg, parsed)
				if valid := tt.Expect.Signature == "valid"; valid != (err == nil) {
					t.Errorf("Verify = %v, want %s", err, tt.Expect.Signature)
				}
			})
		}
	}
}

// Signatures with RS256, HS256 and EdDSA have no random part, so that a Signer makes the tokens that the RFCs print.
func TestRFCSigning(t *testing.T) {
	var signed []string
	for _, name := range rfcSignatures {
		for _, tt := range load(t, name).Cases {
			signer := vectorSigner(t, tt.Private, tt.Key)
			if signer == nil || tt.Expect.Signature != "valid" {
				continue
			}
			signed = append(signed, tt.ID)
			printed := parse(t, tt.Token)
			if got := signRaw(t, signer, string(printed.Octets), string(printed.Payload)); got != tt.Token {
				t.Errorf("%s: %s, want %s", tt.ID, got, tt.Token)
			}
		}
	}
	want := []string{
		"rfc7515-a1-hs256", "rfc7520-4.1", "rfc7520-4.4", "rfc7520-4.6-compact", "rfc7520-4.8-compact-hs256", "rfc8037-a4",
	}
	if !slices.Equal(signed, want) {
		t.Errorf("signed %v, want %v", signed, want)
	}
}

// vectorSigner makes a Signer of what a case says of its private key, nil if it says nothing.
func vectorSigner(t *testing.T, private, key json.RawMessage) *jose.Signer {
	t.Helper()
	var signer *jose.Signer
	var err error
	switch {
	case private != nil:
		signer, err = jose.ParseSigner(private, "", "")
	case key != nil && vectorSecret(t, key) != nil:
		signer, err = jose.NewSecretSigner(vectorSecret(t, key), "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestRFCThumbprints(t *testing.T) {
	for _, tt := range load(t, "jwk-thumbprint.json").Cases {
		t.Run(tt.ID, func(t *testing.T) {
			key, err := jose.ParseKey(tt.JWK)
			if err != nil {
				t.Fatal(err)
			}
			if got := key.Thumbprint(); got != tt.Expect.Thumbprint {
				t.Errorf("got %s, want %s", got, tt.Expect.Thumbprint)
			}
		})
	}
}

func TestKeyVectors(t *testing.T) {
	for _, tt := range load(t, "jwks.json").Cases {
		t.Run(tt.ID, func(t *testing.T) {
			_, err := jose.ParseKey(tt.JWK)
			if use := tt.Expect.Key == "use"; use != (err == nil) {
				t.Errorf("ParseKey = %v, want %s", err, tt.Expect.Key)
			}
		})
	}
}

func TestKeySetVectors(t *testing.T) {
	for _, tt := range load(t, "jwks.json").Documents {
		if tt.Status != 200 {
			continue // the fetcher's part
		}
		t.Run(tt.ID, func(t *testing.T) {
			set, _, err := jose.ParseKeySet([]byte(tt.Body))
			if tt.Expect.Error != (err != nil) {
				t.Fatalf("ParseKeySet = %v, want an error: %v", err, tt.Expect.Error)
			}
			for _, kid := range tt.Expect.UsableKIDs {
				rs := set.Candidates(kid, jose.RS256, jose.Asymmetric())
				es := set.Candidates(kid, jose.ES256, jose.Asymmetric())
				if len(rs) > 1 || len(es) > 1 || len(rs)+len(es) == 0 {
					t.Errorf("kid %s: %d RS256 and %d ES256 candidates", kid, len(rs), len(es))
				}
			}
			for key := range set.Keys() {
				usable := append(tt.Expect.UsableKIDs, tt.Expect.AmbiguousKID)
				if !slices.Contains(usable, key.ID()) {
					t.Errorf("kid %s is usable", key.ID())
				}
			}
			if kid := tt.Expect.AmbiguousKID; kid != "" {
				if got := len(set.Candidates(kid, jose.RS256, jose.Asymmetric())); got != 2 {
					t.Errorf("%d candidates for a kid of two keys", got)
				}
			}
		})
	}
}
