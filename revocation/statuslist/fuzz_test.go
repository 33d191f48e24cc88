package statuslist_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// fuzzLimit is small, so that a short input can be a bomb.
const fuzzLimit = 64 << 10

// FuzzList reads the claims of a status list token and looks up one entry. What passes, or is found revoked, is so for
// a second reader too, which unpacks one bit at a time and knows no bounds but the limit. Everything else is refused.
func FuzzList(f *testing.F) {
	noon := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, claims []byte, index uint64) {
		h := &host{}
		h.put(listURI, page{body: string(claims)})
		c := newChecker(t, statuslist.Config{
			Validator: honour, Verify: trusting, Prefixes: []string{prefix}, MaxListBytes: fuzzLimit,
			HTTPClient: &http.Client{Transport: h}, Now: func() time.Time { return noon },
		})
		_, err := c.Validate(t.Context(), token(listURI, index))
		if middleware.ReasonOf(err) == statuslist.ReasonBadList {
			return
		}
		if err != nil && middleware.ReasonOf(err) != middleware.ReasonRevoked {
			t.Fatalf("neither a status nor a bad list: %v", err)
		}
		status, want := readAgain(claims, index, noon)
		if want != nil {
			t.Fatalf("a second reader says: %v", want)
		}
		if (status == 0) != (err == nil) {
			t.Errorf("status %d, but: %v", status, err)
		}
	})
}

// readAgain is the second reader.
func readAgain(claims []byte, index uint64, now time.Time) (status byte, err error) {
	var c struct {
		Subject  string   `json:"sub"`
		IssuedAt float64  `json:"iat"`
		Expiry   *float64 `json:"exp"`
		TTL      *float64 `json:"ttl"`
		List     struct {
			Bits uint64 `json:"bits"`
			List string `json:"lst"`
		} `json:"status_list"`
	}
	if err := json.Unmarshal(claims, &c); err != nil {
		return 0, err
	}
	switch {
	case c.Subject != listURI, c.IssuedAt == 0, c.IssuedAt > float64(now.Unix()+61), c.TTL != nil && *c.TTL <= 0:
		return 0, errors.New("unacceptable claims")
	case c.Expiry != nil && *c.Expiry <= float64(now.Unix()):
		return 0, errors.New("expired")
	case c.List.Bits == 0 || c.List.Bits > 8 || 8%c.List.Bits != 0:
		return 0, errors.New("wrong bits")
	}
	octets, err := unpackAgain(c.List.List)
	if err != nil {
		return 0, err
	}
	if index >= uint64(len(octets))*8/c.List.Bits {
		return 0, errors.New("beyond the end")
	}
	for b := range c.List.Bits {
		at := index*c.List.Bits + b
		status |= octets[at/8] >> (at % 8) & 1 << b
	}
	return status, nil
}

func unpackAgain(lst string) ([]byte, error) {
	compressed, err := base64.RawURLEncoding.DecodeString(lst)
	if err != nil || base64.RawURLEncoding.EncodeToString(compressed) != lst {
		return nil, errors.New("no canonical base64url")
	}
	source := bytes.NewReader(compressed)
	stream, err := zlib.NewReader(source)
	if err != nil {
		return nil, err
	}
	var octets bytes.Buffer
	n, err := io.CopyN(&octets, stream, fuzzLimit+1)
	switch {
	case n > fuzzLimit:
		return nil, errors.New("too long")
	case err != io.EOF:
		return nil, err
	case source.Len() > 0:
		return nil, errors.New("trailing octets")
	}
	return octets.Bytes(), nil
}
