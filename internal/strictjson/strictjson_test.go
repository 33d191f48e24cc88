package strictjson_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/strictjson"
)

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

var refused = []struct {
	name, input string
	want        error
}{
	{"empty", "", strictjson.ErrSyntax},
	{"white space", " \n", strictjson.ErrSyntax},
	{"truncated", `{"a":1`, strictjson.ErrSyntax},
	{"second value", `{} {}`, strictjson.ErrSyntax},
	{"trailing garbage", `{"a":1}x`, strictjson.ErrSyntax},
	{"trailing NUL", "{}\x00", strictjson.ErrSyntax},
	{"trailing comma", `{"a":1,}`, strictjson.ErrSyntax},
	{"comment", `{/**/}`, strictjson.ErrSyntax},
	{"single quotes", `{'a':1}`, strictjson.ErrSyntax},
	{"NaN", `{"a":NaN}`, strictjson.ErrSyntax},
	{"leading zero", `{"a":01}`, strictjson.ErrSyntax},
	{"duplicate member", `{"a":1,"a":1}`, strictjson.ErrSyntax},
	{"duplicate member after unescaping", `{"a":1,"\u0061":1}`, strictjson.ErrSyntax},
	{"nested duplicate member", `{"a":{"b":[{"c":1,"c":2}]}}`, strictjson.ErrSyntax},
	{"byte order mark", "\ufeff{}", strictjson.ErrSyntax},
	{"UTF-16", "{\x00}\x00", strictjson.ErrSyntax},
	{"invalid UTF-8", "{\"a\":\"\xff\"}", strictjson.ErrSyntax},
	{"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", strictjson.ErrSyntax},
	{"lone surrogate", `{"a":"\ud800"}`, strictjson.ErrSyntax},
	{"control character in string", "{\"a\":\"\n\"}", strictjson.ErrSyntax},
	{"too deep", `{"a":` + nested(strictjson.MaxDepth) + `}`, strictjson.ErrDepth},
	{"too deep with objects", strings.Repeat(`{"a":`, strictjson.MaxDepth) + "{}" + strings.Repeat("}", strictjson.MaxDepth), strictjson.ErrDepth},
	{"far too deep and truncated", strings.Repeat("[", 1<<20), strictjson.ErrDepth},
	{"too deep behind an escaped quote", `{"\"":` + nested(strictjson.MaxDepth) + `}`, strictjson.ErrDepth},
}

func TestRefused(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			var v any
			if err := strictjson.Unmarshal([]byte(tt.input), &v); !errors.Is(err, tt.want) {
				t.Errorf("Unmarshal = %v, want %v", err, tt.want)
			}
			if _, err := strictjson.Object([]byte(tt.input)); !errors.Is(err, tt.want) {
				t.Errorf("Object = %v, want %v", err, tt.want)
			}
			// Unknown and raw members are held to the same rules as known ones.
			var raw struct {
				A strictjson.Value `json:"a"`
			}
			if err := strictjson.Unmarshal([]byte(tt.input), &raw); !errors.Is(err, tt.want) {
				t.Errorf("Unmarshal into a struct = %v, want %v", err, tt.want)
			}
			var none struct{}
			if err := strictjson.Unmarshal([]byte(tt.input), &none); !errors.Is(err, tt.want) {
				t.Errorf("Unmarshal into an empty struct = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestUnmarshal(t *testing.T) {
	var v struct {
		Name  string           `json:"name"`
		Other strictjson.Value `json:"other"`
		Null  strictjson.Value `json:"null"`
		None  strictjson.Value `json:"none"`
	}
	input := ` {"NAME":"folded","name":"exact","other":[1, "["],"null":null,"unknown":{}}` + "\n"
	if err := strictjson.Unmarshal([]byte(input), &v); err != nil {
		t.Fatal(err)
	}
	if v.Name != "exact" || string(v.Other) != `[1, "["]` || string(v.Null) != "null" || v.None != nil {
		t.Errorf("got %+v", v)
	}
}

func TestUnmarshalDepth(t *testing.T) {
	var v strictjson.Value
	if err := strictjson.Unmarshal([]byte(nested(strictjson.MaxDepth)), &v); err != nil {
		t.Errorf("depth %d: %v", strictjson.MaxDepth, err)
	}
	brackets := `"` + strings.Repeat("[", 100) + `\"{{"`
	if err := strictjson.Unmarshal([]byte(brackets), &v); err != nil {
		t.Errorf("brackets in a string: %v", err)
	}
}

func TestUnmarshalType(t *testing.T) {
	var v struct {
		A int `json:"a"`
	}
	for _, input := range []string{`{"a":"1"}`, `{"a":1.5}`, `{"a":1e400}`, `[]`} {
		if err := strictjson.Unmarshal([]byte(input), &v); !errors.Is(err, strictjson.ErrType) {
			t.Errorf("Unmarshal(%s) = %v, want %v", input, err, strictjson.ErrType)
		}
	}
	if err := strictjson.Unmarshal([]byte(`{"a":"1","b":1,"b":1}`), &v); !errors.Is(err, strictjson.ErrSyntax) {
		t.Errorf("wrong type before a duplicate = %v, want %v", err, strictjson.ErrSyntax)
	}
}

func TestObject(t *testing.T) {
	members, err := strictjson.Object([]byte(`{"a":null,"b":{"c":"d"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(members) != 2 || string(members["a"]) != "null" || string(members["b"]) != `{"c":"d"}` {
		t.Errorf("got %s", members)
	}
	for _, input := range []string{"null", "[]", `"a"`, "1", "true"} {
		if _, err := strictjson.Object([]byte(input)); !errors.Is(err, strictjson.ErrType) {
			t.Errorf("Object(%s) = %v, want %v", input, err, strictjson.ErrType)
		}
	}
}

func TestString(t *testing.T) {
	for input, want := range map[string]string{`"a\u0062\n"`: "ab\n", `""`: ""} {
		if got, ok := strictjson.String(strictjson.Value(input)); !ok || got != want {
			t.Errorf("String(%s) = %q, %v", input, got, ok)
		}
		if got, ok := strictjson.Text(strictjson.Value(input)); !ok || got != want {
			t.Errorf("Text(%s) = %q, %v", input, got, ok)
		}
	}
	for _, input := range []string{"", "null", "1", "[]", `{"a":"b"}`} {
		if got, ok := strictjson.Text(strictjson.Value(input)); ok {
			t.Errorf("Text(%s) = %q, want no string", input, got)
		}
	}
	for _, input := range []string{"", "null", "1", "[]", `"a`} {
		if got, ok := strictjson.String(strictjson.Value(input)); ok {
			t.Errorf("String(%s) = %q, want no string", input, got)
		}
	}
}

func TestMembers(t *testing.T) {
	members, err := strictjson.Members([]byte(` {"a":{"x":1,"x":2},"b":[ ]} `))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %q", got)
	}
	if string(members["a"]) != `{"x":1,"x":2}` || string(members["b"]) != "[ ]" {
		t.Errorf("got %s", members)
	}
	for _, tt := range refused {
		if strings.HasPrefix(tt.name, "nested duplicate") || strings.HasPrefix(tt.name, "too deep") {
			continue
		}
		if _, err := strictjson.Members([]byte(tt.input)); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
	for _, input := range []string{"null", "[]", `"a"`, "1"} {
		if _, err := strictjson.Members([]byte(input)); !errors.Is(err, strictjson.ErrType) {
			t.Errorf("Members(%s) = %v, want %v", input, err, strictjson.ErrType)
		}
	}
}

func TestElements(t *testing.T) {
	elements, err := strictjson.Elements([]byte(`[{"x":1,"x":2},null]`))
	if err != nil || len(elements) != 2 || string(elements[0]) != `{"x":1,"x":2}` {
		t.Errorf("got %s, %v", elements, err)
	}
	for input, want := range map[string]error{
		"null": strictjson.ErrType, "{}": strictjson.ErrType, "": strictjson.ErrSyntax, "[1,]": strictjson.ErrSyntax,
		"[] []": strictjson.ErrSyntax, nested(20_000): strictjson.ErrSyntax,
	} {
		if _, err := strictjson.Elements([]byte(input)); !errors.Is(err, want) {
			t.Errorf("Elements(%.40s) = %v, want %v", input, err, want)
		}
	}
}

func TestMarshal(t *testing.T) {
	got, err := strictjson.Marshal(map[string]any{"b": 1, "a": "<", "c": strictjson.Value(`[1]`)})
	if want := `{"a":"<","b":1,"c":[1]}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v; want %s", got, err, want)
	}
	for _, v := range []any{func() {}, "\xff", map[string]any{"a": strictjson.Value(`{"b":1,"b":2}`)}} {
		if _, err := strictjson.Marshal(v); !errors.Is(err, strictjson.ErrType) {
			t.Errorf("Marshal(%T) = %v, want %v", v, err, strictjson.ErrType)
		}
	}
}

// A log line made of an error must not leak what a token or an answer said.
func TestErrorsCarryNoInput(t *testing.T) {
	const secret = "hunter2"
	inputs := []string{
		secret, `{"` + secret + `":1,"` + secret + `":2}`, `{"a":"` + secret + `"}`, `{"a":"` + secret + `}`,
		`{"a":1} ` + secret, `{"a":{"` + secret + `":tru}}`, `["` + secret + `"]`,
	}
	for _, input := range inputs {
		var v struct {
			A int `json:"a"`
		}
		errs := []error{strictjson.Unmarshal([]byte(input), &v)}
		_, err := strictjson.Object([]byte(input))
		errs = append(errs, err)
		_, err = strictjson.Members([]byte(input))
		errs = append(errs, err)
		_, err = strictjson.Elements([]byte(input))
		errs = append(errs, err)
		for i, err := range errs {
			for ; err != nil; err = errors.Unwrap(err) {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("function %d on %s: %v", i, input, err)
				}
			}
		}
	}
}

// UnmarshalKnown takes what Unmarshal takes, but for members that nobody asked for.
func TestUnmarshalKnown(t *testing.T) {
	for _, tt := range []struct {
		input string
		want  error
	}{
		{`{"a":1}`, nil},
		{`{}`, nil},
		{`{"a":1,"b":2}`, strictjson.ErrType},
		{`{"A":1}`, strictjson.ErrType},
		{`{"a":1,"a":1}`, strictjson.ErrSyntax},
		{`{"a":` + nested(strictjson.MaxDepth) + `}`, strictjson.ErrDepth},
	} {
		var v struct {
			A strictjson.Value `json:"a"`
		}
		if err := strictjson.UnmarshalKnown([]byte(tt.input), &v); !errors.Is(err, tt.want) {
			t.Errorf("%.40s: %v, want %v", tt.input, err, tt.want)
		}
	}
}
