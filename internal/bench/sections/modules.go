package sections

import (
	"runtime/debug"
	"slices"

	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
)

// missing are peers that belong here and cannot be had.
var missing = []report.Missing{
	{Name: "github.com/acronis/go-authkit", Reason: "no version of the module could be fetched"},
	{
		Name:   "github.com/lestrrat-go/jwx/v4",
		Reason: "builds with GOEXPERIMENT=jsonv2 only, which would change what all others are built with",
	},
}

// modules returns the versions of what is compared, as this program was built.
func modules() map[string]string {
	versions := make(map[string]string)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, m := range info.Deps {
		if slices.Contains(peers.Modules, m.Path) {
			versions[m.Path] = m.Version
		}
	}
	return versions
}
