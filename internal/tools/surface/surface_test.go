package surface_test

import (
	"strings"
	"testing"

	"github.com/bearergate/bearergate/internal/tools/surface"
)

const sample = `const First Kind = 1
const Limit untyped int = 16
const Second Kind = 2
func Map[T, U any](in []T, f func(T) U) []U
method (*Record) Count() int
method (Kind) String() string
method (List[T Number]) Sum() (total T)
method (Record) Add(key string, value string)
method (Record) Clone() net/http.Header
method (Record) Del(key string)
method (Record) Get(key string) string
method (Record) Promoted(keys ...string)
method (Record) Set(key string, value string)
method (Record) Values(key string) []string
method (Record) Write(w io.Writer) error
method (Record) WriteSubset(w io.Writer, exclude map[string]bool) error
type Alias = net/http.Header
type Func func(*Record) error
type Kind int
type List[T Number] []T
type Number interface
type Number interface, ~int | ~float64
type Record struct
type Record struct, Name string
type Record struct, embedded net/http.Header
type Source interface
type Source interface, Error() string
type Source interface, Keys() []string
type Source interface, unexported methods
var Default *net/http.Client
`

func TestLines(t *testing.T) {
	packages, err := surface.Load(".", "./testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 1 {
		t.Fatalf("loaded %d packages, want 1", len(packages))
	}
	if got := strings.Join(surface.Lines(packages[0]), "\n") + "\n"; got != sample {
		t.Errorf("got:\n%s\nwant:\n%s", got, sample)
	}
}
