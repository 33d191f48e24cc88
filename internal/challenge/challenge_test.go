package challenge_test

import (
	"reflect"
	"testing"

	"github.com/bearergate/bearergate/internal/challenge"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		fields []string
		want   []challenge.Challenge
	}{
		{nil, nil},
		{[]string{"Bearer"}, []challenge.Challenge{{Scheme: "Bearer", Params: map[string]string{}}}},
		{
			[]string{`Bearer REALM="a, b=\"c\"" , error = x, DPoP algs="ES256"`, "NTLM"},
			[]challenge.Challenge{
				{Scheme: "Bearer", Params: map[string]string{"realm": `a, b="c"`, "error": "x"}},
				{Scheme: "DPoP", Params: map[string]string{"algs": "ES256"}},
				{Scheme: "NTLM", Params: map[string]string{}},
			},
		},
	} {
		if got := challenge.Parse(test.fields); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %v", test.fields, got)
		}
	}
}
