package statuslist

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// list is what a status list token says.
type list struct {
	bits    uint64 // of one entry: 1, 2, 4 or 8
	octets  []byte
	issued  time.Time
	expires time.Time     // zero: never
	ttl     time.Duration // zero: not stated
}

// status returns the entry at index, and false beyond the end. The first entry of an octet is in its lowest bits.
func (l *list) status(index uint64) (status byte, ok bool) {
	perOctet := 8 / l.bits
	at := index / perOctet
	if at >= uint64(len(l.octets)) {
		return 0, false
	}
	return l.octets[at] >> (index % perOctet * l.bits) & (1<<l.bits - 1), true
}

func (l *list) entries() int { return len(l.octets) * 8 / int(l.bits) }

var (
	errClaims   = errors.New("its claims are missing or of the wrong kind")
	errSubject  = errors.New("it is about another URI")
	errExpired  = errors.New("it has expired")
	errAhead    = errors.New("its iat is in the future")
	errEncoding = errors.New("its list is not base64url of one ZLIB stream")
)

// wireList are the claims of a status list token, as they were sent. An absent one is nil.
type wireList struct {
	Subject  strictjson.Value `json:"sub"`
	IssuedAt strictjson.Value `json:"iat"`
	Expiry   strictjson.Value `json:"exp"`
	TTL      strictjson.Value `json:"ttl"`
	List     *struct {
		Bits strictjson.Value `json:"bits"`
		List strictjson.Value `json:"lst"`
	} `json:"status_list"`
}

// readList reads the claims of a status list token that was fetched from uri. The list may have limit octets.
func readList(claims []byte, uri string, now time.Time, limit int64) (*list, error) {
	var w wireList
	if strictjson.Unmarshal(claims, &w) != nil || w.List == nil {
		return nil, errClaims
	}
	var d claim.Decoder
	subject, encoded := d.Text(w.Subject), d.Text(w.List.List)
	l := &list{issued: d.Date(w.IssuedAt), expires: d.Date(w.Expiry)}
	var okBits, okTTL bool
	l.bits, okBits = readBits(w.List.Bits)
	l.ttl, okTTL = readTTL(w.TTL)
	if d.Failed() || l.issued.IsZero() || !okBits || !okTTL {
		return nil, errClaims
	}
	switch {
	case subject != uri:
		return nil, errSubject
	case w.Expiry != nil && !now.Before(l.expires):
		return nil, errExpired
	case now.Add(maxAhead).Before(l.issued):
		return nil, errAhead
	}
	var err error
	l.octets, err = inflate(encoded, limit)
	return l, err
}

// maxAhead is how far iat may lie in the future, as in FAPI 2.0.
const maxAhead = time.Minute

func readBits(v strictjson.Value) (bits uint64, ok bool) {
	switch string(v) {
	case "1", "2", "4", "8":
		return uint64(v[0] - '0'), true
	}
	return 0, false
}

// maxSeconds is what a longer ttl counts as. It keeps durations from overflowing.
const maxSeconds = 1 << 31

func readTTL(v strictjson.Value) (ttl time.Duration, ok bool) {
	if v == nil {
		return 0, true
	}
	seconds, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != '0' || err != nil || seconds <= 0 {
		return 0, false
	}
	return max(time.Duration(min(seconds, maxSeconds)*float64(time.Second)), 1), true
}

// base64URL refuses padding, other alphabets and stray trailing bits.
var base64URL = base64.RawURLEncoding.Strict()

// inflate decodes a list. It stops reading at the limit, however much more there would be.
func inflate(encoded string, limit int64) ([]byte, error) {
	compressed, err := base64URL.DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, errEncoding
	}
	source := bytes.NewReader(compressed)
	stream, err := zlib.NewReader(source)
	if err != nil {
		return nil, errEncoding
	}
	octets, err := upstream.ReadBody(stream, limit)
	switch {
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, err
	case err != nil || source.Len() > 0:
		return nil, errEncoding
	}
	return octets, nil
}
