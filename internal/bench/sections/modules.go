package sections

import (
	"debug/buildinfo"
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

const oathkeeperModule = "github.com/ory/oathkeeper"

// modules returns the versions of what is compared, as this program was built and that in testdata/oathkeeper, and what is
// missing.
func modules(oathkeeper string) (versions map[string]string, without []report.Missing, err error) {
	versions = make(map[string]string)
	if info, ok := debug.ReadBuildInfo(); ok {
		collect(versions, info, peers.Modules)
	}
	if oathkeeper == "" {
		absent := report.Missing{Name: oathkeeperModule, Reason: "was not built for this run; scripts/bench does so"}
		return versions, append(slices.Clone(missing), absent), nil
	}
	info, err := buildinfo.ReadFile(oathkeeper)
	if err != nil {
		return nil, nil, err
	}
	collect(versions, info, []string{oathkeeperModule})
	return versions, missing, nil
}

func collect(versions map[string]string, info *debug.BuildInfo, paths []string) {
	for _, m := range info.Deps {
		if slices.Contains(paths, m.Path) {
			versions[m.Path] = m.Version
		}
	}
}
