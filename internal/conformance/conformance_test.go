package conformance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/conformance"
)

func TestVectors(t *testing.T) {
	entries, err := os.ReadDir("testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		var file map[string]any
		if err := conformance.Vectors(entry.Name(), &file); err != nil || file["title"] == "" {
			t.Errorf("%s: %v", entry.Name(), err)
		}
	}
}

func TestVectorsRefuses(t *testing.T) {
	var file map[string]any
	if err := conformance.Vectors("nothing.json", &file); err == nil {
		t.Error("a missing file has no error")
	}
	var list []string
	if err := conformance.Vectors("jwks.json", &list); err == nil || !strings.Contains(err.Error(), "jwks.json") {
		t.Errorf("wrong type: %v", err)
	}
}

func TestBehaviour(t *testing.T) {
	rows, err := conformance.Behaviour()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := make(map[string]bool)
	for _, row := range rows {
		if seen[row.ID] || row.Given == "" || row.ExpectStatus < 200 || row.ExpectChallenge == "" {
			t.Errorf("row %+v", row)
		}
		seen[row.ID] = true
	}
}
