package octets_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/bearergate/bearergate/internal/octets"
)

func TestSharing(t *testing.T) {
	text := strings.Repeat("text", 2)
	data := octets.Of(text)
	if string(data) != text || octets.Text(data) != text {
		t.Errorf("%s became %s and %s", text, data, octets.Text(data))
	}
	if unsafe.StringData(octets.Text(data)) != unsafe.StringData(text) {
		t.Error("copied")
	}
	if cap(data) != len(text) {
		t.Errorf("a capacity of %d for %d octets would let append write behind the text", cap(data), len(text))
	}
	if len(octets.Of("")) != 0 || octets.Text(nil) != "" {
		t.Error("nothing became something")
	}
}
