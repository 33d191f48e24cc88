package oauthredis

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// id is the ID of an entry of a stream: when it was added, in milliseconds by the clock of Redis, and a number for those
// of the same millisecond. Zero is before all of them.
type id struct{ ms, seq uint64 }

var errID = errors.New("oauthredis: Redis answered with something that is no ID")

func parseID(text string) (id, error) {
	ms, seq, _ := strings.Cut(text, "-")
	var parsed id
	var err, err2 error
	parsed.ms, err = strconv.ParseUint(ms, 10, 64)
	parsed.seq, err2 = strconv.ParseUint(seq, 10, 64)
	if err != nil || err2 != nil {
		return id{}, errID
	}
	return parsed, nil
}

func (i id) String() string { return fmt.Sprintf("%d-%d", i.ms, i.seq) }

func (i id) after(j id) bool {
	return cmp.Or(cmp.Compare(i.ms, j.ms), cmp.Compare(i.seq, j.seq)) > 0
}

// time returns when the entry was added. IDs can be made up, and reach further than times do.
func (i id) time() time.Time { return time.UnixMilli(int64(min(i.ms, math.MaxInt64/1000_000))) }
