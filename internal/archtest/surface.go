package archtest

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/bearergate/bearergate/internal/tools/surface"
)

// Leaks returns a sentence for each line of the packages' exported API that mentions a type of a library which is
// nobody else's business.
func Leaks(packages []*types.Package) (broken []string) {
	for _, pkg := range packages {
		for _, line := range surface.Lines(pkg) {
			for _, library := range private {
				if strings.Contains(line, library) {
					broken = append(broken, fmt.Sprintf("%s exposes %s: %s", pkg.Path(), library, line))
				}
			}
		}
	}
	return broken
}
