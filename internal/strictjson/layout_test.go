package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/strictjson"
)

var (
	layoutNames = []string{"a", "b", "iss", "client_id", "x5t#S256"}
	layout      = strictjson.NewLayout(layoutNames...)
)

// read reads with the layout and returns what it found by name.
func read(object string) (map[string]string, error) {
	values := make([]strictjson.Value, len(layoutNames))
	if err := layout.Read([]byte(object), values); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for i, name := range layoutNames {
		if values[i] != nil {
			found[name] = string(values[i])
		}
	}
	return found, nil
}

func TestLayout(t *testing.T) {
	for object, want := range map[string]string{
		`{}`: "map[]",
		` { "a" : [ 1 , "[" ] ,"b":null , "c":{"a":2} } ` + "\n":                 `map[a:[ 1 , "[" ] b:null]`,
		`{"A":1,"iss":"https:\/\/as","ISS":"x","client_id":"\u00e9\"","issa":1}`: `map[client_id:"\u00e9\"" iss:"https:\/\/as"]`,
		`{"x5t#S256":-0.5e+10,"b":true,"a":false}`:                               `map[a:false b:true x5t#S256:-0.5e+10]`,
		`{"\u0061":"escaped","b":"\ud83d\ude00"}`:                                `map[a:"escaped" b:"\ud83d\ude00"]`,
		`{"a":{"a":{"a":1},"b":[{"a":1},{"a":2}]},"b":"ü😀"}`:                     `map[a:{"a":{"a":1},"b":[{"a":1},{"a":2}]} b:"ü😀"]`,
		`{"":1,"a":2}`: `map[a:2]`,
		`{"a":"` + strings.Repeat("[", 100) + `"}`:          `map[a:"` + strings.Repeat("[", 100) + `"]`,
		"{" + members(500) + `"a":1}`:                       "map[a:1]",
		`{"a":` + nested(strictjson.MaxDepth-1) + `,"b":1}`: "map[a:" + nested(strictjson.MaxDepth-1) + " b:1]",
		strings.Repeat(`{"a":`, strictjson.MaxDepth-1) + "{}" + strings.Repeat("}", strictjson.MaxDepth-1): "map[a:" +
			strings.Repeat(`{"a":`, strictjson.MaxDepth-2) + "{}" + strings.Repeat("}", strictjson.MaxDepth-2) + "]",
		`{"` + strings.Repeat("n", 300) + `":1,"` + strings.Repeat("n", 301) + `":1}`: "map[]",
	} {
		got, err := read(object)
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("%.80s: %v, %v, want %s", object, got, err, want)
		}
	}
}

// members returns that many members of an object.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"name-%d":%d,`, i, i)
	}
	return b.String()
}

func TestLayoutRefuses(t *testing.T) {
	for _, tt := range refused {
		if _, err := read(tt.input); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for input, want := range map[string]error{
		"null": strictjson.ErrType, "[]": strictjson.ErrType, `"a"`: strictjson.ErrType, "1": strictjson.ErrType,
		"{" + members(500) + `"name-7":1}`: strictjson.ErrSyntax, `{"a":1 "b":2}`: strictjson.ErrSyntax,
		`{"a":-}`: strictjson.ErrSyntax, `{"a":1.}`: strictjson.ErrSyntax, `{"a":1e}`: strictjson.ErrSyntax,
		`{"a":.5}`: strictjson.ErrSyntax, `{"a":+1}`: strictjson.ErrSyntax, `{"a":tru}`: strictjson.ErrSyntax,
		`{"a":"\x"}`: strictjson.ErrSyntax, `{"a":"\u12g4"}`: strictjson.ErrSyntax, `{"a":"\u12`: strictjson.ErrSyntax,
		`{"a"}`: strictjson.ErrSyntax, `{"a":}`: strictjson.ErrSyntax, `{,}`: strictjson.ErrSyntax, `{a:1}`: strictjson.ErrSyntax,
		`{"a":[1,]}`: strictjson.ErrSyntax, `{"a":[,1]}`: strictjson.ErrSyntax, `{"a":[1}`: strictjson.ErrSyntax,
	} {
		if _, err := read(input); !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", input, err, want)
		}
	}
}

// Names that differ in neither their first nor their last octets are told apart, and found twice if they are there twice.
func TestLayoutNamesThatLookAlike(t *testing.T) {
	alike := []string{"scopes-of-1-the-user", "scopes-of-2-the-user", "scopes-of-3-the-user"}
	layout := strictjson.NewLayout(alike[0])
	values := make([]strictjson.Value, 1)
	object := fmt.Sprintf(`{%q:1,%q:2,%q:3}`, alike[1], alike[0], alike[2])
	if err := layout.Read([]byte(object), values); err != nil || string(values[0]) != "2" {
		t.Errorf("%s, %v", values[0], err)
	}
	twice := fmt.Sprintf(`{%q:1,%q:2,%q:3}`, alike[1], alike[0], alike[1])
	if err := layout.Read([]byte(twice), values); !errors.Is(err, strictjson.ErrSyntax) {
		t.Errorf("twice: %v", err)
	}
}

// Names are told apart wherever they differ, however long they are, also at the very end of the object.
func TestLayoutTellsNamesApart(t *testing.T) {
	for length := 1; length <= 40; length++ {
		name := strings.Repeat("n", length)
		layout := strictjson.NewLayout(name)
		values := make([]strictjson.Value, 1)
		for _, rest := range []string{":1}", `:"12345678"}`} {
			for at := range length {
				other := name[:at] + "m" + name[at+1:]
				if err := layout.Read([]byte(`{"`+other+`"`+rest), values); err != nil || values[0] != nil {
					t.Errorf("%s%s: %q, %v", other, rest, values[0], err)
				}
			}
			for _, other := range []string{name[1:] + "m", name + "n", name[1:]} {
				object := `{"` + other + `"` + rest[:len(rest)-1] + `,"` + name + `"` + rest
				if err := layout.Read([]byte(object), values); err != nil || string(values[0]) != rest[1:len(rest)-1] {
					t.Errorf("%s: %q, %v", object, values[0], err)
				}
			}
			if err := layout.Read([]byte(`{"`+name+`":2,"`+name+`"`+rest), values); !errors.Is(err, strictjson.ErrSyntax) {
				t.Errorf("%s twice: %v", name, err)
			}
		}
	}
}

// Names of up to 16 octets can be laid out together wherever they differ.
func TestLayoutOfNamesThatDifferAnywhere(t *testing.T) {
	for length := 1; length <= 16; length++ {
		name := strings.Repeat("n", length)
		for at := range length {
			other := name[:at] + "m" + name[at+1:]
			values := make([]strictjson.Value, 2)
			err := strictjson.NewLayout(name, other).Read([]byte(`{"`+other+`":1}`), values)
			if err != nil || values[0] != nil || string(values[1]) != "1" {
				t.Errorf("%s and %s: %q, %v", name, other, values, err)
			}
		}
	}
}

func TestLayoutThatCannotBe(t *testing.T) {
	values := make([]strictjson.Value, 2)
	for name, layout := range map[string]*strictjson.Layout{
		"a name twice": strictjson.NewLayout("a", "a"), "an empty name": strictjson.NewLayout("a", ""),
		"another number of values": strictjson.NewLayout("a"), "alike": strictjson.NewLayout("scopes-of-1-the-user", "scopes-of-2-the-user"),
	} {
		if err := layout.Read([]byte(`{"a":1}`), values); !errors.Is(err, strictjson.ErrType) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLayoutAllocatesNothing(t *testing.T) {
	object := []byte(`{"iss":"https://as.example.com","aud":["a","b"],"realm_access":{"roles":["x","y"]},"exp":1790000000,"a":null}`)
	values := make([]strictjson.Value, 5)
	if n := testing.AllocsPerRun(100, func() {
		if layout.Read(object, values) != nil {
			t.Error("refused")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLayout(b *testing.B) {
	object := []byte(claimsOf387)
	values := make([]strictjson.Value, 5)
	b.SetBytes(int64(len(object)))
	for b.Loop() {
		if layout.Read(object, values) != nil {
			b.Fatal("refused")
		}
	}
}

// BenchmarkLibrary reads the same with the library.
func BenchmarkLibrary(b *testing.B) {
	object := []byte(claimsOf387)
	var values struct {
		A        strictjson.Value `json:"a"`
		B        strictjson.Value `json:"b"`
		Issuer   strictjson.Value `json:"iss"`
		ClientID strictjson.Value `json:"client_id"`
		X5T      strictjson.Value `json:"x5t#S256"`
	}
	b.SetBytes(int64(len(object)))
	for b.Loop() {
		if strictjson.Unmarshal(object, &values) != nil {
			b.Fatal("refused")
		}
	}
}

const claimsOf387 = `{"iss":"https://login.example.com/realms/orders","sub":"248289761001","aud":"https://orders.example.com",` +
	`"exp":1790003600,"iat":1790000000,"jti":"9f0a1b3e-1c1b-4a4c-8f1e-3f1d1f0c2b1a","client_id":"web-frontend",` +
	`"scope":"openid orders:read orders:write","sid":"0e5c1f5c-6f6a-4c43-9c55-0a1f5d1a7a11","acr":"1","realm_access":{"roles":` +
	`["offline_access","uma_authorization"]},"auth_time":1789999990}`
