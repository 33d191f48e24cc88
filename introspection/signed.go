package introspection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
)

const (
	// maxSignedAge is how old a signed answer may be. It has no exp (RFC 9701, section 5), so its iat is what keeps an
	// old one from being played back.
	maxSignedAge = 2 * time.Minute
	// maxSignedAhead tolerates clocks that differ, as FAPI 2.0 does.
	maxSignedAhead = time.Minute
)

var (
	errNotSigned = errors.New("the signed answer could not be verified")
	errNoContent = errors.New("the signed answer has no token_introspection object")
	errNotFresh  = errors.New("the iat of the signed answer is missing, too old or in the future")
)

// open verifies a signed answer and returns what it says about the token. Members beside token_introspection say nothing
// (RFC 9701, section 5).
func (c *client) open(ctx context.Context, jwt []byte) ([]byte, error) {
	payload, err := c.verify(ctx, string(jwt))
	if err != nil {
		// Its text alone: inside may be a verdict that is about the answer, and must not pass for one about the token.
		return nil, fmt.Errorf("%w: %s", errNotSigned, err.Error())
	}
	var envelope struct {
		IssuedAt strictjson.Value `json:"iat"`
		Content  strictjson.Value `json:"token_introspection"`
	}
	if strictjson.Unmarshal(payload, &envelope) != nil || envelope.Content.Kind() != '{' {
		return nil, errNoContent
	}
	issued, now := claim.OptionalDate(envelope.IssuedAt), c.now()
	if issued.Before(now.Add(-maxSignedAge)) || issued.After(now.Add(maxSignedAhead)) {
		return nil, errNotFresh
	}
	return envelope.Content, nil
}
