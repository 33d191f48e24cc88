package statuslist_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthhttp"
	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/oauthtest"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// Two tokens are good but for their status: the issuer has revoked the second one.
func Example() {
	as, err := oauthtest.Start(oauthtest.Config{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	client := &http.Client{Transport: web{as, exampleHost(as)}}

	validator, err := jwks.New(jwks.Config{Issuer: as.Issuer(), Audience: "https://api.example.com", HTTPClient: client})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer validator.Close()
	verifier, err := validator.Verifier(jwks.VerifierConfig{Type: "statuslist+jwt", AnyAudience: true, MaxBytes: 8 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	checker, err := statuslist.New(statuslist.Config{
		Validator:  validator,
		Verify:     verifier.Verify,
		Prefixes:   []string{"https://as.example.com/lists"},
		HTTPClient: client,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer checker.Close()
	guard, err := middleware.New(checker, middleware.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := oauthhttp.Require(guard)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	for index := range 2 {
		status := map[string]any{"status_list": map[string]any{"idx": index, "uri": "https://as.example.com/lists/1"}}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+as.Mint(oauthtest.Token{Claims: map[string]any{"status": status}}))
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 401
}

// exampleHost serves a list in which entry 1 is revoked.
func exampleHost(as *oauthtest.Server) *host {
	var lst bytes.Buffer
	w := zlib.NewWriter(&lst)
	_, _ = w.Write([]byte{0b10})
	_ = w.Close()
	claims, _ := json.Marshal(map[string]any{
		"iss": as.Issuer(), "aud": "https://api.example.com", "sub": "https://as.example.com/lists/1",
		"iat": time.Now().Unix(), "ttl": 300,
		"status_list": map[string]any{"bits": 1, "lst": base64.RawURLEncoding.EncodeToString(lst.Bytes())},
	})
	h := &host{}
	h.put("https://as.example.com/lists/1", page{body: as.Sign(map[string]any{"typ": "statuslist+jwt"}, claims)})
	return h
}
