package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// Altered returns a token, of whatever kind, with another character near its end. In a JWT that is the signature, and not the
// last character of it, whose bits need not all count.
func Altered(token string) string {
	at := len(token) - 20
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

// SecretFile writes a secret to a new file.
func SecretFile(t testing.TB, secret string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
