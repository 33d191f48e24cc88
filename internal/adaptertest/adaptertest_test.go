package adaptertest

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearergate/bearergate/middleware"
)

var update = flag.Bool("update", false, "write the golden refusals anew")

// plain is the least that can be an adapter.
func plain(routes ...Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		if route.Open {
			mux.HandleFunc(route.Path, route.Handler)
			continue
		}
		layers := append(slices.Clone(route.Groups), route.Policy)
		for _, policy := range layers {
			route.Guard.Declare(policy)
		}
		mux.HandleFunc(route.Path, func(w http.ResponseWriter, r *http.Request) {
			for _, policy := range layers {
				admitted, err := route.Guard.Authorize(w.Header(), r, policy)
				if err != nil {
					middleware.WriteError(w, err)
					return
				}
				r = admitted
			}
			route.Handler(w, r)
		})
	}
	return mux
}

// TestGolden finds golden refusals that are wrong, missing or left over. With -update it writes them.
func TestGolden(t *testing.T) {
	got := golden{}
	play(t, plain, got.collect)
	if *update && !t.Failed() {
		data, err := got.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenFile, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := loadGolden(t)
	names := slices.Concat(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)))
	for _, name := range names {
		if !got[name].equal(want[name]) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got[name], want[name])
		}
	}
}

// TestAttacks finds attacks on the transport of credentials and on proof of possession that nobody plays.
func TestAttacks(t *testing.T) {
	all := scenarios(t)
	for n := 54; n <= 79; n++ {
		id := fmt.Sprintf("A-%d ", n)
		if !slices.ContainsFunc(all, func(s scenario) bool { return strings.HasPrefix(s.name, id) }) {
			t.Errorf("no scenario plays attack %s", id)
		}
	}
}
