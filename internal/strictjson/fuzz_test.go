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
