package statuslist_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/revocation/statuslist"
)

// compress returns octets in another wrapper.
func compress(t testing.TB, octets []byte, wrap func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := wrap(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(octets); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// badLists are status_list members that cannot be read (sections 4.1 and 4.2).
func badLists(t testing.TB) map[string]any {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString
	var octets, good []byte
	for len(good)%3 == 0 || !strings.ContainsAny(text(good), "-_") {
		octets = append(octets, byte(len(octets)))
		good = compress(t, octets, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil })
	}
	badSum := bytes.Clone(good)
	badSum[len(badSum)-1]++
	lists := map[string]any{
		"raw deflate": compress(t, octets, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) }),
		"gzip":        compress(t, octets, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }),
		"dictionary": compress(t, octets, func(w io.Writer) (io.WriteCloser, error) {
			return zlib.NewWriterLevelDict(w, 6, []byte("dictionary"))
		}),
		"bad checksum":    badSum,
		"no checksum":     good[:len(good)-4],
		"cut short":       good[:len(good)-6],
		"trailing octet":  append(bytes.Clone(good), 0),
		"two streams":     append(bytes.Clone(good), good...),
		"not compressed":  octets,
		"nothing at all":  []byte{},
		"one octet":       good[:1],
		"header only":     good[:2],
		"one too many":    compress(t, make([]byte, 1<<10+1), func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }),
		"bad block":       append([]byte{0x78, 0x9c}, 0xff, 0xff, 0xff),
		"wrong algorithm": append([]byte{0x79, 0x9b}, good[2:]...),
	}
	for name, octets := range lists {
		lists[name] = object{"bits": 1, "lst": text(octets.([]byte))}
	}
	whole := good // of which base64url has a multiple of four characters
	for len(whole)%3 != 0 {
		octets = append(octets, byte(len(octets)))
		whole = compress(t, octets, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil })
	}
	lst := text(good)
	for name, wrong := range map[string]any{
		"rubbish behind": text(whole) + "=",
		"padding":        base64.URLEncoding.EncodeToString(good),
		"other alphabet": base64.RawStdEncoding.EncodeToString(good),
		"line break":     lst[:4] + "\n" + lst[4:],
		"space":          lst + " ",
		"trailing bits":  lst[:len(lst)-1] + string(lst[len(lst)-1]+1),
		"null lst":       nil,
		"number for lst": 1,
		"list of lsts":   []string{lst},
	} {
		lists[name] = object{"bits": 1, "lst": wrong}
	}
	for name, bits := range map[string]any{
		"no bits": nil, "0 bits": 0, "3 bits": 3, "16 bits": 16, "-1 bits": -1, "text bits": "1", "float bits": 1.5,
	} {
		lists[name] = object{"bits": bits, "lst": lst}
	}
	lists["no lst"] = object{"bits": 1}
	lists["no list"] = nil
	lists["text for a list"] = lst
	lists["list of lists"] = []any{object{"bits": 1, "lst": lst}}
	return lists
}

// TestT4: a list in any other form is a bad one.
func TestT4(t *testing.T) {
	run(t, func(c *statuslist.Config) { c.MaxListBytes = 1 << 10 }, func(f *fixture) {
		f.serve(object{"status_list": object{"bits": 1, "lst": deflate(t, make([]byte, 1<<10))}})
		f.accepts(token(listURI, 0))
	})
	for name, list := range badLists(t) {
		t.Run("T-4 "+name, func(t *testing.T) {
			run(t, func(c *statuslist.Config) { c.MaxListBytes = 1 << 10 }, func(f *fixture) {
				f.serve(object{"status_list": list})
				f.refuses(token(listURI, 0), statuslist.ReasonBadList)
				f.fetched(1)
			})
		})
	}
}
