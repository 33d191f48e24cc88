package introspection

import (
	"container/list"
	"errors"

	"github.com/bearergate/bearergate/middleware"
)

// flight is one question. Once done is closed, token and err may be read.
type flight struct {
	key         key
	accessToken string
	private     bool // for one request alone
	waiters     int
	turn        *list.Element // in pending; nil once it has begun
	began       uint64
	overtaken   bool // the token was forgotten since it began
	done        chan struct{}
	token       *middleware.Token
	err         error
}

// late reports whether a request has to ask again rather than take the outcome of the flight it joined: an active token
// that was forgotten meanwhile, or a failure that began before the request arrived.
func (f *flight) late(arrived uint64) bool {
	if f.err == nil {
		return f.overtaken
	}
	return f.began < arrived && errors.Is(f.err, middleware.ErrUnavailable)
}
