package dpop

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/jose"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

var (
	errNoProof       = middleware.RejectProof(ReasonNoProof, nil)
	errMultiple      = middleware.RejectProof(ReasonMultipleProofs, nil)
	errWrongType     = middleware.RejectProof(ReasonWrongType, nil)
	errNotAllowed    = middleware.RejectProof(ReasonAlgorithmNotAllowed, nil)
	errNotObject     = middleware.RejectProof(ReasonMalformedProof, errors.New("the claims are not one strict JSON object"))
	errKind          = middleware.RejectProof(ReasonMalformedClaim, errors.New("a claim has a value of the wrong kind"))
	errMissing       = middleware.RejectProof(ReasonMalformedClaim, errors.New("a claim is missing or empty"))
	errLongID        = middleware.RejectProof(ReasonMalformedClaim, errors.New("jti is longer than 256 bytes"))
	errWrongMethod   = middleware.RejectProof(ReasonWrongMethod, nil)
	errExpired       = middleware.RejectProof(ReasonExpired, nil)
	errAhead         = middleware.RejectProof(ReasonNotYetValid, nil)
	errWrongToken    = middleware.RejectProof(ReasonWrongToken, nil)
	errProofURL      = middleware.RejectProof(ReasonWrongURL, errors.New("htu is no http or https URL"))
	errOtherURL      = middleware.RejectProof(ReasonWrongURL, errors.New("the proof is for another URL"))
	errRequestTarget = middleware.RejectProof(ReasonWrongURL, errors.New("the target of the request has no path"))
)

// field is the name of the field that carries a proof, as net/http spells it.
const field = "Dpop"

// mediaType is the typ of a proof (RFC 9449, section 4.2).
const mediaType = "dpop+jwt"

// proof is a parsed proof. It means nothing before its signature was verified.
type proof struct {
	jws *jose.JWS

	id, method, url, tokenHash, nonce string
	issued                            time.Time
}

// wireClaims are the claims somebody here looks at, as they were sent. An absent one is nil.
type wireClaims struct {
	ID        strictjson.Value `json:"jti"`
	Method    strictjson.Value `json:"htm"`
	URL       strictjson.Value `json:"htu"`
	IssuedAt  strictjson.Value `json:"iat"`
	TokenHash strictjson.Value `json:"ath"`
	Nonce     strictjson.Value `json:"nonce"`
}

// parse reads the one proof of a request (RFC 9449, section 4.3, checks 1 to 5).
func (v *Verifier) parse(h http.Header) (*proof, error) {
	switch sent := h[field]; len(sent) {
	case 0:
		return nil, errNoProof
	case 1:
		return v.parseJWT(sent[0])
	}
	return nil, errMultiple
}

func (v *Verifier) parseJWT(compact string) (*proof, error) {
	t, err := jose.ParseUpTo(compact, v.config.MaxProofBytes)
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return nil, middleware.RejectProof(ReasonProofTooLarge, err)
	case errors.Is(err, jose.ErrAlgorithm):
		return nil, middleware.RejectProof(ReasonAlgorithmNotAllowed, err)
	case err != nil:
		return nil, middleware.RejectProof(ReasonMalformedProof, err)
	case !strings.EqualFold(t.Type, mediaType): // media types have no case
		return nil, errWrongType
	case !slices.Contains(v.allowed, t.Algorithm):
		return nil, errNotAllowed
	}
	return readClaims(t)
}

// maxIDBytes has room for every kind of jti in use and bounds what is hashed and compared.
const maxIDBytes = 256

func readClaims(t *jose.JWS) (*proof, error) {
	var wire wireClaims
	if strictjson.Unmarshal(t.Payload, &wire) != nil {
		return nil, errNotObject
	}
	var d claim.Decoder
	p := &proof{
		jws:       t,
		id:        d.Text(wire.ID),
		method:    d.Text(wire.Method),
		url:       d.Text(wire.URL),
		tokenHash: d.Text(wire.TokenHash),
		nonce:     d.Text(wire.Nonce),
		issued:    d.Date(wire.IssuedAt),
	}
	switch {
	case d.Failed():
		return nil, errKind
	case p.id == "" || p.method == "" || p.url == "" || p.tokenHash == "" || p.issued.IsZero():
		return nil, errMissing
	case len(p.id) > maxIDBytes:
		return nil, errLongID
	}
	return p, nil
}

// checkRequest checks that the proof is for this request, now, with this access token (checks 8, 9, 11 and 12).
func (v *Verifier) checkRequest(p *proof, r *http.Request, accessToken string) error {
	now := v.config.Now()
	switch {
	case p.method != r.Method:
		return errWrongMethod
	case now.After(p.issued.Add(v.config.MaxAge)):
		return errExpired
	case p.issued.After(now.Add(v.config.Skew)):
		return errAhead
	case !isHashOf(accessToken, p.tokenHash):
		return errWrongToken
	}
	proven, ok := canonicalURL(p.url)
	if !ok {
		return errProofURL
	}
	sent, err := v.target(r)
	if err != nil {
		return err
	}
	if proven != sent {
		return errOtherURL
	}
	return nil
}

// isHashOf compares without decoding, which would let one token have several hashes.
func isHashOf(accessToken, tokenHash string) bool {
	digest := sha256.Sum256([]byte(accessToken))
	return equal(base64.RawURLEncoding.EncodeToString(digest[:]), tokenHash)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
