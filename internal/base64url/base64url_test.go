package base64url_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/base64url"
)

// standard is what Decode is held to. It skips line breaks, which have no place in a token.
func standard(text string) ([]byte, bool) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return decoded, err == nil && !strings.ContainsAny(text, "\r\n")
}

func compare(t *testing.T, text string) {
	t.Helper()
	want, canonical := standard(text)
	got := make([]byte, base64url.DecodedLen(len(text)))
	if ok := base64url.Decode(got, text); ok != canonical {
		t.Fatalf("%q: %v, want %v", text, ok, canonical)
	}
	if canonical && !bytes.Equal(got, want) {
		t.Fatalf("%q: %x, want %x", text, got, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "_-_-", "aGVsbG8gd29ybGQ", "AA==", "+/AA", "AA\nAA"} {
		f.Add(text)
		f.Add(strings.Repeat("a0_-", 20) + text)
	}
	f.Fuzz(compare)
}

// Every octet is tried at every place of a text whose length leaves each of the four rests, and is longer than what is
// decoded at once.
func TestEveryOctetEverywhere(t *testing.T) {
	for length := range 28 {
		text := bytes.Repeat([]byte("A"), length)
		compare(t, string(text))
		for place := range text {
			for octet := range 256 {
				text[place] = byte(octet)
				compare(t, string(text))
			}
			text[place] = 'A'
		}
	}
}

// Octets behind those that a text stands for are not written to.
func TestWritesNoFurther(t *testing.T) {
	for length := range 40 {
		text := strings.Repeat("_", length-length%4)
		decoded := base64url.DecodedLen(len(text))
		to := bytes.Repeat([]byte{0x55}, decoded+16)
		if !base64url.Decode(to, text) {
			t.Fatalf("%q refused", text)
		}
		if want := bytes.Repeat([]byte{0x55}, 16); !bytes.Equal(to[decoded:], want) {
			t.Errorf("%d characters: wrote %x behind", len(text), to[decoded:])
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, length := range []int{86, 342, 516} { // a signature of 64 octets, one of 256, and 387 octets of claims
		text := strings.Repeat("a0_-", 150)[:length-length%4]
		to := make([]byte, base64url.DecodedLen(len(text)))
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			for b.Loop() {
				base64url.Decode(to, text)
			}
		})
		source := []byte(text)
		b.Run(fmt.Sprint(length, "/encoding/base64"), func(b *testing.B) {
			for b.Loop() {
				_, _ = base64.RawURLEncoding.Strict().Decode(to, source)
			}
		})
	}
}
