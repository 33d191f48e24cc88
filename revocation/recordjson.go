package revocation

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// wireRecord is a Record as text. Times are seconds since 1970.
type wireRecord struct {
	Fingerprint string `json:"token,omitempty"`
	Issuer      string `json:"iss,omitempty"`
	ID          string `json:"jti,omitempty"`
	SessionID   string `json:"sid,omitempty"`
	Subject     string `json:"sub,omitempty"`
	ClientID    string `json:"client_id,omitempty"`
	Before      *int64 `json:"before,omitempty"`
	ExpiresAt   *int64 `json:"exp,omitempty"`
	RevokedAt   *int64 `json:"at"`
}

// MarshalJSON writes the record as one JSON object, whose members are named like claims. It refuses what UnmarshalJSON would.
func (r Record) MarshalJSON() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	w := wireRecord{
		Issuer:    r.Issuer,
		ID:        r.ID,
		SessionID: r.SessionID,
		Subject:   r.Subject,
		ClientID:  r.ClientID,
		Before:    toSeconds(r.Before),
		ExpiresAt: toSeconds(r.ExpiresAt),
		RevokedAt: toSeconds(r.RevokedAt),
	}
	if r.Fingerprint != [32]byte{} {
		w.Fingerprint = base64.RawURLEncoding.EncodeToString(r.Fingerprint[:])
	}
	return json.Marshal(w)
}

var errRecord = errors.New("revocation: not a revocation record that this version understands")

// UnmarshalJSON reads what MarshalJSON wrote. It refuses members that it does not know: they may narrow or widen what is
// revoked.
func (r *Record) UnmarshalJSON(text []byte) error {
	var w wireRecord
	if err := strictjson.UnmarshalKnown(text, &w); err != nil || w.RevokedAt == nil {
		return errRecord
	}
	read := Record{
		Issuer:    w.Issuer,
		ID:        w.ID,
		SessionID: w.SessionID,
		Subject:   w.Subject,
		ClientID:  w.ClientID,
		Before:    fromSeconds(w.Before),
		ExpiresAt: fromSeconds(w.ExpiresAt),
		RevokedAt: fromSeconds(w.RevokedAt),
	}
	if w.Fingerprint != "" {
		sum, err := base64.RawURLEncoding.Strict().DecodeString(w.Fingerprint)
		if err != nil || len(sum) != len(read.Fingerprint) {
			return errRecord
		}
		read.Fingerprint = [32]byte(sum)
	}
	if read.check() != nil {
		return errRecord
	}
	*r = read
	return nil
}

func toSeconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	seconds := t.Unix()
	return &seconds
}

func fromSeconds(seconds *int64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(*seconds, 0)
}
