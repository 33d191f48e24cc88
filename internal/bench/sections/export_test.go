package sections

import "github.com/bearergate/bearergate/middleware"

// Detached is for tests.
func Detached(token *middleware.Token) (*middleware.Token, error) {
	p, err := detached(token)
	if err != nil {
		return nil, err
	}
	return &p.token, nil
}
