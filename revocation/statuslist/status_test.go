package statuslist_test

import (
	"testing"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

// TestT3 reads every entry of lists of all four sizes (sections 4.1 and 11.1).
func TestT3(t *testing.T) {
	for _, bits := range []int{1, 2, 4, 8} {
		run(t, nil, func(f *fixture) {
			statuses := make([]byte, 64)
			for i := range statuses {
				statuses[i] = byte(i*i*7) & (1<<bits - 1)
			}
			f.serve(object{"status_list": object{"bits": bits, "lst": deflate(t, pack(bits, statuses...))}})
			for i, status := range statuses {
				if status == 0 {
					f.accepts(token(listURI, i))
				} else {
					f.refuses(token(listURI, i), middleware.ReasonRevoked)
				}
			}
			f.fetched(1)
		})
	}
}

// TestT3Draft reads the two lists that the draft explains its packing with (section 4.1).
func TestT3Draft(t *testing.T) {
	for _, tt := range []struct {
		bits    int
		lst     string
		revoked []bool
	}{
		{1, "eNrbuRgAAhcBXQ", []bool{
			true, false, false, true, true, true, false, true, true, true, false, false, false, true, false, true,
		}},
		{2, "eNo76fITAAPfAgc", []bool{
			true, true, false, true, false, true, false, true, true, true, true, true,
		}},
	} {
		run(t, nil, func(f *fixture) {
			f.serve(object{"status_list": object{"bits": tt.bits, "lst": tt.lst}})
			for i, revoked := range tt.revoked {
				if revoked {
					f.refuses(token(listURI, i), middleware.ReasonRevoked)
				} else {
					f.accepts(token(listURI, i))
				}
			}
			f.refuses(token(listURI, len(tt.revoked)), statuslist.ReasonBadList)
		})
	}
}

// TestT6: an index beyond the end refuses the token (section 8.3).
func TestT6(t *testing.T) {
	for _, tt := range []struct {
		bits, entries int
	}{{1, 16}, {2, 8}, {4, 4}, {8, 2}} {
		run(t, nil, func(f *fixture) {
			f.serve(object{"status_list": object{"bits": tt.bits, "lst": deflate(t, []byte{0, 0})}})
			f.accepts(token(listURI, tt.entries-1))
			for _, index := range []any{tt.entries, tt.entries + 1, 1 << 40, "18446744073709551615"} {
				f.refuses(token(listURI, index), statuslist.ReasonBadList)
			}
			f.fetched(1)
		})
	}
	run(t, nil, func(f *fixture) {
		f.serve(object{"status_list": object{"bits": 1, "lst": deflate(t, nil)}})
		f.refuses(token(listURI, 0), statuslist.ReasonBadList)
	})
}

// TestT9: status 0 is valid, and every other one is not (section 7.1).
func TestT9(t *testing.T) {
	run(t, nil, func(f *fixture) {
		octets := make([]byte, 256)
		for i := range octets {
			octets[i] = byte(i)
		}
		f.serve(object{"status_list": object{"bits": 8, "lst": deflate(t, octets)}})
		f.accepts(token(listURI, 0))
		for i := 1; i < 256; i++ {
			f.refuses(token(listURI, i), middleware.ReasonRevoked)
		}
	})
}
