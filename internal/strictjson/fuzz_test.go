package strictjson_test

import (
	"encoding/json"
	"testing"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// FuzzUnmarshal compares with encoding/json: what is accepted here is JSON there, within the depth bound, and an
// object gives the same members again after writing and reading it.
func FuzzUnmarshal(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if strictjson.Unmarshal(data, &v) != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatal("accepted what encoding/json refuses")
		}
		if depth(v) > strictjson.MaxDepth {
			t.Fatal("accepted too deep a value")
		}
		members, err := strictjson.Object(data)
		if _, isObject := v.(map[string]any); isObject != (err == nil) {
			t.Fatalf("object %v, but Object says %v", isObject, err)
		}
		if err == nil {
			reread(t, members)
		}
	})
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			deepest = max(deepest, depth(member))
		}
	case []any:
		for _, element := range v {
			deepest = max(deepest, depth(element))
		}
	default:
		return 0
	}
	return deepest + 1
}

func reread(t *testing.T, members map[string]strictjson.Value) {
	t.Helper()
	data, err := strictjson.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	again, err := strictjson.Members(data)
	if err != nil || len(again) != len(members) {
		t.Fatalf("%d members became %d: %v", len(members), len(again), err)
	}
}

// FuzzLayout compares the pass of a Layout with the library: both accept the same objects, and find the same in them.
func FuzzLayout(f *testing.F) {
	for _, tt := range refused {
		f.Add([]byte(tt.input))
	}
	f.Add([]byte(claimsOf387))
	names := []string{"iss", "aud", "a", "b", "cnf", "client_id", "x5t#S256"}
	layout := strictjson.NewLayout(names...)
	f.Fuzz(func(t *testing.T, data []byte) { agree(t, layout, names, data) })
}

// agree fails unless the library says of an object what the layout of those names does.
func agree(t *testing.T, layout *strictjson.Layout, names []string, object []byte) {
	t.Helper()
	values := make([]strictjson.Value, len(names))
	err := layout.Read(object, values)
	members, want := strictjson.Object(object)
	if err != want {
		t.Fatalf("%q: %v, the library says %v", object, err, want)
	}
	for i, name := range names {
		if err == nil && (string(values[i]) != string(members[name]) || (values[i] == nil) != (members[name] == nil)) {
			t.Fatalf("%q: %s is %q, the library says %q", object, name, values[i], members[name])
		}
	}
}

// FuzzString compares the text of strings without escapes with the library's.
func FuzzString(f *testing.F) {
	f.Add([]byte(`"abc\u00e9"`))
	f.Add([]byte("\"aaaaaaaaaaaaaaa\x80\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, ok := strictjson.String(strictjson.Value(data))
		var want string
		err := strictjson.Unmarshal(data, &want)
		isString := err == nil && len(data) > 0 && data[0] == '"' && data[len(data)-1] == '"'
		if plain, ok := strictjson.Text(strictjson.Value(data)); isString && (!ok || plain != want) {
			t.Fatalf("%q, %v for a value that was read, the library says %q", plain, ok, want)
		}
		if isString && (!ok || text != want) {
			t.Fatalf("%q, %v, the library says %q", text, ok, want)
		}
		if ok && err != nil {
			t.Fatalf("%q, the library says %v", text, err)
		}
	})
}
