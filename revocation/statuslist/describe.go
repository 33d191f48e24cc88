package statuslist

import "github.com/bearergate/bearergate/middleware"

// Describe implements middleware.Describer: what Config.Validator says, and that revocations are noticed where every token
// has to have a status.
func (c *Checker) Describe() middleware.Acceptance {
	d, ok := c.validator.(middleware.Describer)
	if !ok {
		return middleware.Acceptance{Unknown: true}
	}
	a := d.Describe()
	a.NoticesRevocation = a.NoticesRevocation || c.require
	return a
}
