package statuslist

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

const mediaType = "application/statuslist+jwt"

var (
	// errBadList marks what is wrong with a status list token, as opposed to what kept one from coming.
	errBadList    = errors.New("the status list token cannot be believed")
	errStatus     = errors.New("the status list was answered with status")
	errMediaType  = errors.New("the answer has another media type than was asked for")
	errUnverified = errors.New("the status list token could not be verified")
	errOlder      = errors.New("it is older than the one at hand")
)

// fetcher gets status lists. It is safe for concurrent use.
type fetcher struct {
	config *Config
	client *http.Client
}

// fetch gets the list at uri, where last is what came before.
func (f *fetcher) fetch(ctx context.Context, uri string, last *snapshot) (*snapshot, error) {
	asked := f.config.Now()
	jwt, err := f.get(ctx, uri)
	if err != nil {
		return nil, err
	}
	claims, err := f.config.Verify(ctx, jwt)
	if err != nil {
		return nil, unverified(err)
	}
	now := f.config.Now()
	l, err := readList(claims, uri, now, int64(f.config.MaxListBytes))
	if err == nil && last.phase(now) != absent && l.issued.Before(last.issued) {
		err = errOlder
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadList, err)
	}
	return f.config.snapshot(l, asked), nil
}

// unverified presents the end of a verification. Of a verdict about the list it keeps the text and no more, which could
// otherwise pass for one about the access token.
func unverified(err error) error {
	if errors.Is(err, middleware.ErrInvalidToken) {
		return fmt.Errorf("%w: %s", errBadList, err.Error())
	}
	return fmt.Errorf("%w: %w", errUnverified, err)
}

// get returns a status list token, not looked at yet.
func (f *fetcher) get(ctx context.Context, uri string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return "", withoutURL(err)
	}
	req.Header.Set("Accept", mediaType)
	resp, err := f.client.Do(req)
	if err != nil {
		return "", withoutURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w %d", errStatus, resp.StatusCode)
	}
	if got, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || got != mediaType {
		return "", errMediaType
	}
	// A list that does not compress grows by a third twice: as lst, and as a part of the JWT.
	body, err := upstream.ReadBody(resp.Body, 2*int64(f.config.MaxListBytes))
	if errors.Is(err, upstream.ErrTooLarge) {
		return "", fmt.Errorf("%w: %w", errBadList, err)
	}
	return string(body), err
}

// withoutURL removes what net/http adds to an error: the URL is a claim value, which has no place in a log.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// verdict presents the end of a fetch to the Guard.
func verdict(err error, retryAfter time.Duration) error {
	if errors.Is(err, errBadList) {
		return middleware.Reject(ReasonBadList, err)
	}
	return middleware.Unavailable(middleware.ReasonRevocationsUnavailable, retryAfter, err)
}
