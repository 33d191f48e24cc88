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
		ID     string          `json:"id"`
		Token  string          `json:"token"`
		JSON   json.RawMessage `json:"json"`
		Key    json.RawMessage `json:"key"`
		JWK    json.RawMessage `json:"jwk"`
		Alg    string          `json:"alg"`
		Expect struct {
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

// vectorKey reads the JWK of a case, also a symmetric one, which is never taken from a key set.
func vectorKey(t *testing.T, data json.RawMessage) *jose.Key {
	t.Helper()
	var oct struct {
		K   string `json:"k"`
		KID string `json:"kid"`
	}
	if err := json.Unmarshal(data, &oct); err != nil {
		t.Fatal(err)
	}
	var key *jose.Key
	var err error
	if oct.K == "" {
		key, err = jose.ParseKey(data)
	} else {
		var secret []byte
		if secret, err = base64.RawURLEncoding.DecodeString(oct.K); err == nil {
			key, err = jose.NewSecret(secret, oct.KID)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRFCSignatures(t *testing.T) {
	for _, name := range []string{"jws-rfc7515.json", "jws-rfc7520.json", "jws-rfc8037.json"} {
		for _, tt := range load(t, name).Cases {
			t.Run(tt.ID, func(t *testing.T) {
				compact := tt.Token
				if compact == "" {
					compact = string(tt.JSON)
				}
				parsed, err := jose.Parse(compact)
				if tt.Expect.Reject {
					if err == nil {
						t.Error("parsed, want a refusal")
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
