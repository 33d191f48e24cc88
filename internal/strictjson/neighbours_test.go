package strictjson_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// neighbours yields a text, and then those that one octet makes different: replaced by any other, left out, put in between,
// or with all that follows it.
func neighbours(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(text) {
			return
		}
		for at := range text {
			for octet := range 256 {
				if !yield(text[:at] + string([]byte{byte(octet)}) + text[at+1:]) {
					return
				}
			}
			for _, put := range []string{"0", "-", "a", "\f", "\v", "\x00", " ", `"`, `\`, ",", ":", "[", "}"} {
				if !yield(text[:at] + put + text[at:]) {
					return
				}
			}
			if !yield(text[:at]+text[at+1:]) || !yield(text[:at]) {
				return
			}
		}
	}
}

// Whatever is one octet away from these is judged as by the library, and read alike.
func TestLayoutAgreesWithTheLibrary(t *testing.T) {
	for _, text := range []string{
		`{ "a" :[1,-0.5e+10,123456789012345,{"x":1,"y":2,"z":{"x":[]}}], "iss":"some plain text" ,"c":0}`,
		`{"client_id":true,"w":false,"u":null,"name-1-of-ten":-15E-7, "name-2-of-ten":{},"v":1e+5,"b":-1}`,
		`{"a":"\uD7FF\ud7ff\n\"\u00e9\\","b":"ü😀 and more","iss":"é"}` + "\n",
		`{"a":"\ud83d\ude00"}`,
	} {
		for object := range neighbours(text) {
			agree(t, layout, layoutNames, []byte(object))
		}
	}
}

func TestStringsAgreeWithTheLibrary(t *testing.T) {
	for _, text := range []string{`"ab\n"`, `"\u00e9\ud7ff"`, `"ü"`, `["a" , "","b\"","ü"]`, `["a",1]`, `[]`} {
		for value := range neighbours(text) {
			var wantText string
			got, ok := strictjson.String([]byte(value))
			err := strictjson.Unmarshal([]byte(value), &wantText)
			if value[:min(len(value), 1)] != `"` {
				err = strictjson.ErrType // a value has no white space before it
			}
			if ok != (err == nil) || ok && got != wantText {
				t.Errorf("String of %q: %q, %t, the library says %q, %v", value, got, ok, wantText, err)
			}
			var wantList []string
			list, ok := strictjson.Strings(nil, []byte(value))
			if err := strictjson.Unmarshal([]byte(value), &wantList); ok != (err == nil) || ok && !slices.Equal(list, wantList) {
				t.Errorf("Strings of %q: %q, %t, the library says %q, %v", value, list, ok, wantList, err)
			}
		}
	}
}

// A member that comes twice is found wherever both are among others.
func TestLayoutFindsTwins(t *testing.T) {
	for first := range 5 {
		for second := range 5 {
			names := []string{"p", "q", "r", "s", "t"}
			names[second] = names[first]
			object := fmt.Sprintf(`{"o":{%q:0,%q:0,%q:0,%q:0,%q:0}}`, names[0], names[1], names[2], names[3], names[4])
			if _, err := read(object); (err == nil) != (first == second) {
				t.Errorf("%s: %v", object, err)
			}
		}
	}
}
