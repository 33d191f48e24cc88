package interop_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func addScope(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	claims := claims(t, token)
	claims["scope"] = scope
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, ".")
}

func expiry(t *testing.T, token string) time.Time {
	t.Helper()
	seconds, ok := claims(t, token)["exp"].(float64)
	if !ok {
		t.Fatal("token without exp")
	}
	return time.Unix(int64(seconds), 0)
}

func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(decode(t, strings.Split(token, ".")[1]), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func decode(t *testing.T, part string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
