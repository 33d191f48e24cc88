package sections_test

import (
	"reflect"
	"runtime"
	"testing"
	"weak"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/sections"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/middleware"
)

// What a token says without a cache would otherwise be weighed with all that the cache knows of it.
func TestDetachedLetsGoOfTheEntry(t *testing.T) {
	issuer, err := tokens.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	defer issuer.Close()
	kit, err := peers.Kit(peers.SourceOf(issuer, tokens.HS256), peers.NoCache)
	if err != nil {
		t.Fatal(err)
	}
	defer kit.Close()
	list, err := issuer.Mint(tokens.HS256, 1, 1, tokens.Variant{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := kit.Validate(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	said := claims(t, answer)
	copied, err := sections.Detached(answer)
	if err != nil {
		t.Fatal(err)
	}
	subject, original := answer.Subject, weak.Make(answer)
	answer = nil
	runtime.GC()
	if original.Value() != nil {
		t.Error("the validator's answer is still held")
	}
	if now := claims(t, copied); !reflect.DeepEqual(now, said) || copied.Subject != subject {
		t.Errorf("the copy says %v of %s, not %v of %s", now, copied.Subject, said, subject)
	}
	runtime.KeepAlive(copied)
}

func claims(t *testing.T, token *middleware.Token) map[string]any {
	t.Helper()
	all, err := middleware.Claims[map[string]any](*token)
	if err != nil || len(all) == 0 {
		t.Fatalf("%v: %v", all, err)
	}
	return all
}
