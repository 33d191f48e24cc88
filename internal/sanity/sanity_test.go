package sanity_test

import (
	"crypto/rand"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/sanity"
)

func TestIsNil(t *testing.T) {
	var (
		pointer  *http.Client
		function http.HandlerFunc
		table    http.Header
		list     []string
		channel  chan int
	)
	for _, nothing := range []any{nil, pointer, function, table, list, channel, http.Handler(function)} {
		if !sanity.IsNil(nothing) {
			t.Errorf("%T is there", nothing)
		}
	}
	for _, something := range []any{0, "", &http.Client{}, http.Client{}, http.Header{}, []string{}, http.NotFoundHandler()} {
		if sanity.IsNil(something) {
			t.Errorf("%T is not there", something)
		}
	}
}

func TestIdentifier(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"https://api.example.com/": "",
		"the orders API":           "",
		"büro":                     "",
		"api\n":                    "control character",
		"a\x00b":                   "control character",
		"a\u0085b":                 "control character",
		" api":                     "white space around",
		"api ":                     "white space around",
		"api\u00a0":                "white space around",
		" ":                        "white space around",
	} {
		expect(t, text, sanity.Identifier(text), want)
	}
	expect(t, "none", sanity.Identifiers("Names", nil), "")
	expect(t, "good", sanity.Identifiers("Names", []string{"a", "a"}), "")
	expect(t, "empty", sanity.Identifiers("Names", []string{"a", ""}), "Names[1] is empty")
	expect(t, "odd", sanity.Identifiers("Names", []string{"a", "b", "c "}), "Names[2]: it has white space")
}

func TestKey(t *testing.T) {
	random := make([]byte, 32)
	rand.Read(random)
	binary := slices.Concat([]byte{0xff}, random[:30], []byte{'\n'}) // of which one in 256 ends so
	for name, tt := range map[string]struct {
		key  []byte
		want string
	}{
		"random":          {random, ""},
		"ends like text":  {binary, ""},
		"text":            {[]byte("correct horse battery staple, and more"), ""},
		"braces":          {[]byte("{correct horse battery staple, and more}"), ""},
		"not filled":      {make([]byte, 32), "octets are the same"},
		"blank":           {[]byte(strings.Repeat(" ", 32)), "octets are the same"},
		"one letter":      {[]byte(strings.Repeat("s", 40)), "octets are the same"},
		"end of a file":   {[]byte("correct horse battery staple, and more\n"), "line break at the end of a file"},
		"of another file": {[]byte("correct horse battery staple, and more\r\n"), "line break at the end of a file"},
		"indented":        {[]byte("  correct horse battery staple, and more"), "white space around"},
		"public key":      {[]byte("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n"), "PEM block"},
		"JWK":             {[]byte(`{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}`), "member k"},
	} {
		err := sanity.Key(tt.key)
		expect(t, name, err, tt.want)
		if err != nil && (strings.Contains(err.Error(), "correct") || strings.Contains(err.Error(), "AyM1")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDurations(t *testing.T) {
	for value, want := range map[time.Duration]string{
		0:                    "",
		-1:                   "",
		math.MinInt64:        "",
		time.Millisecond:     "",
		time.Hour:            "",
		1:                    "Wait is 1ns, because a number without a unit counts nanoseconds: write a unit",
		time.Millisecond - 1: "Wait is 999.999µs",
		time.Hour + 1:        "Wait must be at most 1h0m0s: so it is",
		math.MaxInt64:        "Wait must be at most 1h0m0s: so it is",
	} {
		other := sanity.Duration{Name: "Other", Value: math.MaxInt64}
		expect(t, value.String(), sanity.Durations(other, sanity.Duration{Name: "Wait", Value: value, Most: time.Hour, Because: "so it is"}), want)
	}
}

// expect wants an error with that text, and none for no text.
func expect(t *testing.T, name string, err error, text string) {
	t.Helper()
	if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%q: %v, want %q", name, err, text)
	}
}

func TestPort(t *testing.T) {
	for text, want := range map[string]bool{
		"1": true, "443": true, "65535": true, "0": false, "65536": false, "": false, "-1": false, "+1": false, "http": false,
	} {
		if got := sanity.Port(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
