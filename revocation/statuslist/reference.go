package statuslist

import (
	"errors"
	"strconv"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// reference says where a token's status is.
type reference struct {
	uri   string
	index uint64
}

var errReference = errors.New("the status claim has no status_list with an index and a uri")

// readReference reads the status claim of a token; it returns nil if there is none. A status that is not in a list is one
// that nobody here could look up, so it is an error.
func readReference(set middleware.ClaimSet) (*reference, error) {
	if set == nil {
		return nil, nil
	}
	var claims struct {
		Status strictjson.Value `json:"status"`
	}
	if set.Decode(&claims) != nil {
		return nil, errReference
	}
	if claims.Status == nil {
		return nil, nil
	}
	var status struct {
		List *struct {
			Index strictjson.Value `json:"idx"`
			URI   strictjson.Value `json:"uri"`
		} `json:"status_list"`
	}
	if strictjson.Unmarshal(claims.Status, &status) != nil || status.List == nil {
		return nil, errReference
	}
	uri, ok := strictjson.String(status.List.URI)
	index, err := strconv.ParseUint(string(status.List.Index), 10, 64)
	if !ok || err != nil {
		return nil, errReference
	}
	return &reference{uri, index}, nil
}
