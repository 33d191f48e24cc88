package soak

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

// tokens are those that clients send, by what is to become of them.
type tokens struct {
	issuer string
	holder *holder

	mu      sync.Mutex
	pools   map[Kind][]*Token
	revoked []*Token
}

// The share of each kind of token, in percent; the rest are settled ones.
const (
	shareFresh   = 15
	shareOpaque  = 20
	shareBad     = 15
	shareRevoked = 5
	shareProven  = 5
)

func (k *tokens) add(pool []*Token, kind Kind) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pools[kind] = append(k.pools[kind], pool...)
}

func (k *tokens) gone(t *Token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.revoked = append(k.revoked, t)
}

// settle has tokens whose keys every replica has fetched by now count as settled.
func (k *tokens) settle() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.pools[Fresh] {
		k.pools[Settled] = append(k.pools[Settled], &Token{Text: t.Text, Name: t.Name, Kind: Settled})
	}
	k.pools[Fresh] = nil
}

// pick returns a token for a replica, nil if there is none of the kind whose turn it is.
func (k *tokens) pick(r *replica) *Token {
	k.mu.Lock()
	defer k.mu.Unlock()
	from := k.pools[Settled]
	switch n := mathrand.N(100); {
	case n < shareFresh:
		from = k.pools[Fresh]
	case n < shareFresh+shareBad:
		from = k.pools[Bad]
	case r.onlyJWT():
	case n < shareFresh+shareBad+shareOpaque:
		from = k.pools[Opaque]
	case n < shareFresh+shareBad+shareOpaque+shareRevoked:
		from = k.revoked
	case n < shareFresh+shareBad+shareOpaque+shareRevoked+shareProven:
		if t, err := k.holder.prove(); err == nil {
			return t
		}
	}
	if len(from) == 0 {
		from = k.pools[Settled]
	}
	return from[mathrand.N(len(from))]
}

// mint obtains a number of tokens from the authorization server.
func mint(t testing.TB, as *harness.OIDCProvider, kind Kind, ttl time.Duration, count int, name string) (minted []*Token) {
	t.Helper()
	for i := range count {
		var text string
		if kind == Opaque {
			text = as.Grant(t, fmt.Sprintf("%s/?format=opaque&ttl=%d", audience, int(ttl.Seconds())), scope)
		} else {
			algorithm := []string{"ES256", "RS256", "EdDSA"}[i%3]
			text = as.Token(t, harness.TokenRequest{Audience: audience, Algorithm: algorithm, Scopes: []string{scope}, TTL: ttl})
		}
		minted = append(minted, &Token{Text: text, Name: fmt.Sprintf("%s-%d", name, i), Kind: kind})
	}
	return minted
}

// forge makes bad tokens of a good one.
func forge(good string) (forged []*Token) {
	parts := strings.Split(good, ".")
	join := func(header, payload, signature string) string { return header + "." + payload + "." + signature }
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	signature[len(signature)/2] ^= 1
	altered := base64.RawURLEncoding.EncodeToString(signature)
	var claims map[string]any
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(payload, &claims)
	claims["sub"] = "somebody else"
	other := encode(claims)
	for name, text := range map[string]string{
		"altered signature": join(parts[0], parts[1], altered),
		"altered claims":    join(parts[0], other, parts[2]),
		"no signature":      join(parts[0], parts[1], ""),
		"alg none":          join(encode(map[string]any{"alg": "none", "typ": "at+jwt"}), parts[1], ""),
		"unknown opaque":    rand.Text(),
	} {
		forged = append(forged, &Token{Text: text, Name: name, Kind: Bad})
	}
	return forged
}

// invent makes a token of a stranger, well formed and with a key that does not exist.
func (k *tokens) invent() *Token {
	now := time.Now()
	header := map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": rand.Text()}
	claims := map[string]any{
		"iss": k.issuer, "aud": audience, "sub": rand.Text(), "client_id": rand.Text(), "jti": rand.Text(), "scope": scope,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	signature := new(big.Int).SetBit(new(big.Int), 511, 1).Bytes()
	_, _ = rand.Read(signature)
	text := encode(header) + "." + encode(claims) + "." + base64.RawURLEncoding.EncodeToString(signature)
	return &Token{Text: text, Name: "unknown key", Kind: Bad}
}

func encode(v any) string {
	text, _ := json.Marshal(v) // of strings and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// identity is what the deny-list is told about a JWT.
func identity(token string) ([]byte, error) {
	var claims struct {
		Issuer string `json:"iss"`
		ID     string `json:"jti"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	return json.Marshal(claims)
}
