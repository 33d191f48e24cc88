package fositeserver

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v3"
)

const keyBits = 2048

// keySet is the key that a server signs with. It publishes no other.
type keySet struct {
	mu         sync.Mutex
	key        jose.JSONWebKey
	generation int
}

func (k *keySet) rotate() error {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.generation++
	k.key = jose.JSONWebKey{
		Key: private, KeyID: fmt.Sprintf("rs256-%d", k.generation), Algorithm: string(jose.RS256), Use: "sig",
	}
	return nil
}

func (k *keySet) current() jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

// signing is what fosite asks for the key.
func (k *keySet) signing(context.Context) (any, error) {
	key := k.current()
	return &key, nil
}

func (k *keySet) serve(w http.ResponseWriter, _ *http.Request) {
	private := k.current()
	writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to be told
}
