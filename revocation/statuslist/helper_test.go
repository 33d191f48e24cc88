package statuslist_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

const (
	prefix  = "https://as.example.com/lists"
	listURI = prefix + "/1"
)

type object = map[string]any

// with returns a copy of members with changes; nil leaves a member out.
func with(members, changes object) object {
	changed := maps.Clone(members)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

func encode(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// deflate returns lst for those octets.
func deflate(t testing.TB, octets []byte) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(octets); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// pack puts statuses of that many bits into octets, one bit at a time, the way the draft's prose has it.
func pack(bits int, statuses ...byte) []byte {
	octets := make([]byte, (len(statuses)*bits+7)/8)
	for i, status := range statuses {
		for b := range bits {
			at := i*bits + b
			octets[at/8] |= status >> b & 1 << (at % 8)
		}
	}
	return octets
}

// oneBit is a list of 16 entries with those set.
func oneBit(t testing.TB, revoked ...int) object {
	t.Helper()
	statuses := make([]byte, 16)
	for _, i := range revoked {
		statuses[i] = 1
	}
	return object{"bits": 1, "lst": deflate(t, pack(1, statuses...))}
}

// token returns an access token with that status; the Validator of the tests takes its claims for the token.
func token(uri string, index any) string {
	return fmt.Sprintf(`{"sub":"alice","status":{"status_list":{"idx":%v,"uri":%q}}}`, index, uri)
}

func wantOutcome(t testing.TB, err, outcome error, reason middleware.Reason) {
	t.Helper()
	if !errors.Is(err, outcome) || middleware.ReasonOf(err) != reason {
		t.Errorf("got %v, want %v: %s", err, outcome, reason)
	}
	if err != nil && strings.Contains(err.Error(), "/lists") {
		t.Errorf("the error repeats a claim: %v", err)
	}
}
