package revocation_test

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// A look-up allocates nothing, whether it finds something or not.
func TestCheckAllocatesNothing(t *testing.T) {
	empty := newList(t, &clock{}, revocation.Config{})
	full := newList(t, &clock{}, revocation.Config{})
	for _, way := range ways {
		r := way.revoke
		if r.Issuer != "" {
			r.Issuer = otherIssuer
		}
		revoke(t, full, r)
	}
	fill(t, full, 0, 1000)
	good := holding("never revoked")
	longName := aliceBut(func(t *middleware.Token) { *t = *good; t.Subject = strings.Repeat("a", 10_000) })
	byToken := alice()
	byID := aliceBut(func(t *middleware.Token) { *t = *good; t.Issuer = otherIssuer })
	for _, tt := range []struct {
		name  string
		list  *revocation.List
		token *middleware.Token
		want  string
	}{
		{"empty list", empty, good, "good"},
		{"good", full, good, "good"},
		{"good with a long name", full, longName, "good"},
		{"revoked by the first way", full, &byToken, "revoked"},
		{"revoked by another way", full, byID, "revoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantVerdict(t, tt.list, tt.token, tt.want)
			if n := testing.AllocsPerRun(100, func() { _ = tt.list.Check(tt.token) }); n != 0 {
				t.Errorf("Check allocates %v times", n)
			}
		})
	}
}
