// Package tokenkey makes short keys out of access tokens, for caches that must not hold the tokens themselves.
//
// A key is 16 octets, made with secrets of this process: whoever chooses tokens can neither find two with one key nor aim
// at a place in a table. With AES in hardware it takes a fifth to a half of the time that SHA-256 takes, depending on the
// processor and on what the other half of the core does.
package tokenkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"runtime"
	"sync"

	"github.com/bearergate/bearergate/internal/octets"
)

// Key stands for a token.
type Key [16]byte

// Maker makes keys. Those of two Makers have nothing in common. It is safe for concurrent use.
type Maker struct {
	tag  cipher.AEAD  // nil: SHA-256 is used
	last cipher.Block // hides from tables what is linear in the token
	salt [32]byte
}

// New returns a Maker with secrets of its own.
func New() *Maker {
	if fast() {
		return newAES()
	}
	return newSHA256()
}

// fast reports whether AES-GCM is likely done in hardware, and may be used with a nonce of one's own: what is computed
// here is a keyed hash, not an encryption, but FIPS mode cannot know.
func fast() bool {
	return (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") && !fips140.Enabled()
}

func newAES() *Maker {
	m := &Maker{}
	var err error
	if m.tag, err = cipher.NewGCM(newBlock()); err != nil {
		return newSHA256()
	}
	m.last = newBlock()
	return m
}

func newBlock() cipher.Block {
	var secret [16]byte
	rand.Read(secret[:]) // never fails
	block, _ := aes.NewCipher(secret[:])
	return block
}

func newSHA256() *Maker {
	m := &Maker{}
	rand.Read(m.salt[:]) // never fails
	return m
}

// Key returns the key of a token. It allocates nothing.
func (m *Maker) Key(token string) Key {
	if m.tag == nil {
		return m.digest(token)
	}
	s := scratches.Get().(*scratch)
	// An authentication tag over the token. The nonce is always the same, which gives nothing away as long as no tag
	// leaves the process.
	tag := m.tag.Seal(s.tag[:0], s.nonce[:], nil, octets.Of(token))
	m.last.Encrypt(s.key[:], tag)
	key := s.key
	scratches.Put(s)
	return key
}

// scratch is memory that would escape with every call.
type scratch struct {
	nonce [12]byte
	tag   [16]byte
	key   Key
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (m *Maker) digest(token string) Key {
	var usual [2 << 10]byte
	sum := sha256.Sum256(append(append(usual[:0], m.salt[:]...), token...))
	return Key(sum[:16])
}
