package claim_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// wrong is what a test wants of a value of the wrong kind.
const wrong = "wrong kind"

func TestDecoder(t *testing.T) {
	readers := map[string]func(*claim.Decoder, strictjson.Value) any{
		"text":         func(d *claim.Decoder, v strictjson.Value) any { return d.Text(v) },
		"list":         func(d *claim.Decoder, v strictjson.Value) any { return d.List(v) },
		"actor":        func(d *claim.Decoder, v strictjson.Value) any { return d.Actor(v) },
		"confirmation": func(d *claim.Decoder, v strictjson.Value) any { return maps.Collect(d.Confirmation(v).All()) },
		"date": func(d *claim.Decoder, v strictjson.Value) any {
			if date := d.Date(v); !date.IsZero() {
				return date.UnixMilli()
			}
			return 0
		},
	}
	tests := []struct{ kind, value, want string }{
		{"text", `"a\u0062"`, "ab"}, {"text", `""`, ""}, {"text", ``, ""},
		{"text", `null`, wrong}, {"text", `1`, wrong}, {"text", `["a"]`, wrong},
		{"list", `"a"`, "[a]"}, {"list", `["a","b"]`, "[a b]"}, {"list", `[]`, "[]"}, {"list", ``, "[]"},
		{"list", `null`, wrong}, {"list", `[1]`, wrong}, {"list", `[null]`, wrong}, {"list", `{"a":"b"}`, wrong},
		{"date", `1`, "1000"}, {"date", `1.5`, "1500"}, {"date", `1.8e9`, "1800000000000"}, {"date", ``, "0"},
		{"date", `253402300799`, "253402300799000"}, {"date", `253402300800`, wrong}, {"date", `1e400`, wrong},
		{"date", `0`, wrong}, {"date", `-1`, wrong}, {"date", `"1"`, wrong}, {"date", `null`, wrong}, {"date", `true`, wrong},
		{"actor", `{"sub":"a","act":{"sub":"b"}}`, "{ a }"}, {"actor", `{"iss":"i","client_id":"c"}`, "{i  c}"}, {"actor", ``, "{  }"},
		{"actor", `{}`, wrong}, {"actor", `{"sub":1}`, wrong}, {"actor", `"a"`, wrong}, {"actor", `null`, wrong},
		{"confirmation", `{"jkt":"a","jwk":{"kty":"EC"}}`, `map[jkt:a jwk:{"kty":"EC"}]`}, {"confirmation", ``, "map[]"},
		{"confirmation", `{}`, wrong}, {"confirmation", `"a"`, wrong}, {"confirmation", `null`, wrong}, {"confirmation", `[]`, wrong},
	}
	for _, tt := range tests {
		var d claim.Decoder
		var value strictjson.Value
		if tt.value != "" {
			value = strictjson.Value(tt.value)
		}
		got := fmt.Sprint(readers[tt.kind](&d, value))
		if d.Failed() {
			got = wrong
		}
		if got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.kind, tt.value, got, tt.want)
		}
	}
}

func TestDecoderRemembers(t *testing.T) {
	var d claim.Decoder
	d.Text(strictjson.Value(`1`))
	if d.Text(strictjson.Value(`"a"`)); !d.Failed() {
		t.Error("a later claim makes up for a wrong one")
	}
}

func TestFirst(t *testing.T) {
	var d claim.Decoder
	if got := d.First(nil, strictjson.Value(`""`), strictjson.Value(`"a"`), strictjson.Value(`"b"`)); got != "a" || d.Failed() {
		t.Errorf("got %q", got)
	}
	if got := d.First(); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}

func TestOptional(t *testing.T) {
	if claim.OptionalText(strictjson.Value(`7`)) != "" || claim.OptionalText(nil) != "" || claim.OptionalText(strictjson.Value(`"a"`)) != "a" {
		t.Error("text")
	}
	if !claim.OptionalDate(strictjson.Value(`"a"`)).IsZero() || !claim.OptionalDate(nil).IsZero() ||
		!claim.OptionalDate(strictjson.Value(`7`)).Equal(time.Unix(7, 0)) {
		t.Error("date")
	}
}
