package archtest_test

import (
	"encoding/json"
	"go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bearergate/bearergate/internal/archtest"
	"github.com/bearergate/bearergate/internal/tools/surface"
)

const root = "../.."

func TestRepositoryImports(t *testing.T) {
	broken, err := archtest.Imports(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}

func TestRepositorySurface(t *testing.T) {
	packages, err := surface.Load(root, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range archtest.Leaks(packages) {
		t.Error(sentence)
	}
}

func TestRepositoryModules(t *testing.T) {
	mods, err := archtest.ReadMods(root, os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	work, err := archtest.ReadWork(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range archtest.Modules(mods, work) {
		t.Error(sentence)
	}
}

func TestRepositoryExamples(t *testing.T) {
	missing, err := archtest.Examples(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range missing {
		t.Error(sentence)
	}
}

func TestExamples(t *testing.T) {
	const (
		checked   = "package a_test\n\nimport \"fmt\"\n\nfunc Example() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n"
		unchecked = "package a_test\n\nfunc Example() {}\n"
		silent    = "package a_test\n\nfunc Example() {\n\t// Output:\n}\n"
	)
	for _, test := range []struct{ name, dir, example, want string }{
		{"checked", "jwks", checked, ""},
		{"compiled only", "jwks", unchecked, "jwks: no example"},
		{"prints nothing", "jwks", silent, "jwks: no example"},
		{"nested", "adapters/oauthgin", unchecked, "adapters/oauthgin: no example"},
		{"internal", "jwks/internal/cache", unchecked, ""},
		{"an example", "examples/mcp", unchecked, ""},
		{"a program", "cmd/jwt", unchecked, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := archtest.Examples(fstest.MapFS{
				test.dir + "/a.go":            {Data: []byte("package a\n")},
				test.dir + "/example_test.go": {Data: []byte(test.example)},
			})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, test.want)
		})
	}
}

func TestImports(t *testing.T) {
	const own = "github.com/bearergate/bearergate/"
	tests := []struct {
		file, imported string
		want           string // a part of the only sentence, "" for none
	}{
		{"middleware/a.go", "net/http", ""},
		{"middleware/a.go", own + "internal/jose", "middleware may not import"},
		{"middleware/a.go", "golang.org/x/sync/singleflight", "middleware may not import"},
		{"middleware/a_test.go", own + "oauthtest", ""},
		{"jwks/a.go", own + "middleware", ""},
		{"jwks/a.go", own + "jwks/internal/cache", ""},
		{"jwks/internal/cache/a.go", own + "jwks", ""},
		{"jwks/a.go", own + "introspection", "jwks may not import"},
		{"jwks/a.go", own + "middlewares", "jwks may not import"},
		{"introspection/a.go", "github.com/maypok86/otter/v2", ""},
		{"jwks/a.go", "github.com/maypok86/otter/v2", "jwks may not import"},
		{"dpop/a.go", "github.com/maypok86/otter/v2", "dpop may not import"},
		{"jwks/a_test.go", "github.com/stretchr/testify/assert", "jwks may not import"},
		{"jwks/a.go", "github.com/lestrrat-go/jwx/v3/jwk", "belongs to internal/jose"},
		{"jwks/a_test.go", "github.com/lestrrat-go/jwx/v2/jwk", "belongs to internal/jose"},
		{"internal/jose/a.go", "github.com/lestrrat-go/jwx/v2/jwk", ""},
		{"internal/jose/a.go", "github.com/go-json-experiment/json", "belongs to internal/strictjson"},
		{"internal/strictjson/a.go", "github.com/go-json-experiment/json/jsontext", ""},
		{"adapters/oauthgin/a.go", "github.com/gin-gonic/gin", ""},
		{"adapters/oauthgin/a.go", "github.com/labstack/echo/v4", "adapters/oauthgin may not import"},
		{"adapters/oauthhttp/a.go", own + "jwks", "adapters/oauthhttp may not import"},
		{"adapters/oauthhttp/a_test.go", own + "internal/adaptertest", ""},
		{"cmd/bearercheck/main.go", own + "jwks", ""},
		{"cmd/bearercheck/main.go", "github.com/spf13/cobra", "cmd may not import"},
		{"examples/quickstart/main.go", "github.com/go-chi/chi/v5", ""},
		{"examples/quickstart/main.go", "github.com/lestrrat-go/jwx/v2", "belongs to internal/jose"},
		{"utils/a.go", "net/http", "no rule says what utils may import"},
		{"a.go", "net/http", "no rule says what . may import"},
		{"jwks/testdata/a.go", "github.com/lestrrat-go/jwx/v2", ""},
	}
	for _, test := range tests {
		t.Run(test.file+" imports "+test.imported, func(t *testing.T) {
			source := "package a\n\nimport _ \"" + test.imported + "\"\n"
			got, err := archtest.Imports(fstest.MapFS{test.file: {Data: []byte(source)}})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, test.want)
		})
	}
}

func TestLeaks(t *testing.T) {
	library := types.NewPackage("github.com/lestrrat-go/jwx/v2/jwk", "jwk")
	key := types.NewNamed(types.NewTypeName(token.NoPos, library, "Key", nil), types.NewStruct(nil, nil), nil)

	pkg := types.NewPackage("github.com/bearergate/bearergate/jwks", "jwks")
	pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, "hidden", key))
	expect(t, archtest.Leaks([]*types.Package{pkg}), "")

	pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, "Keys", types.NewSlice(key)))
	expect(t, archtest.Leaks([]*types.Package{pkg}), "exposes github.com/lestrrat-go/jwx")
}

func expect(t *testing.T, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("got %q, want nothing", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("got %q, want one sentence with %q", got, want)
	}
}

func TestModules(t *testing.T) {
	const (
		own      = `{"Path":"github.com/bearergate/bearergate","Version":"v0.1.0"}`
		newer    = `{"Path":"github.com/bearergate/bearergate","Version":"v0.2.0"}`
		replaced = `"Replace":[{"Old":{"Path":"github.com/bearergate/bearergate"},"New":{"Path":"../.."}}]`
		astray   = `"Replace":[{"Old":{"Path":"github.com/bearergate/bearergate"},"New":{"Path":".."}}]`
	)
	sound := map[string]string{
		".":          `{"Require":[{"Path":"a"},{"Path":"b"},{"Path":"c"},{"Path":"d"},{"Path":"e","Indirect":true}]}`,
		"adapters/a": `{"Require":[` + own + `],` + replaced + `}`,
		"adapters/b": `{"Require":[` + own + `],` + replaced + `}`,
	}
	tests := []struct {
		name, dir, mod string
		work           []string
		want           string
	}{
		{name: "sound"},
		{name: "forgotten", work: []string{".", "adapters/a"}, want: "adapters/b: not in go.work"},
		{name: "vanished", work: []string{".", "adapters/a", "adapters/b", "adapters/c"}, want: "adapters/c: in go.work, but"},
		{
			name: "too many requirements", dir: ".", want: "5 direct requirements",
			mod: `{"Require":[{"Path":"a"},{"Path":"b"},{"Path":"c"},{"Path":"d"},{"Path":"e"}]}`,
		},
		{name: "two versions", dir: "adapters/b", mod: `{"Require":[` + newer + `],` + replaced + `}`, want: "[v0.1.0 v0.2.0]"},
		{name: "no replace", dir: "adapters/b", mod: `{"Require":[` + own + `]}`, want: "adapters/b: no local replace"},
		{name: "replaced astray", dir: "adapters/b", mod: `{"Require":[` + own + `],` + astray + `}`, want: "no local replace"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mods := make(map[string]archtest.Mod)
			for dir, text := range sound {
				if dir == test.dir {
					text = test.mod
				}
				mods[dir] = decode(t, text)
			}
			work := test.work
			if work == nil {
				work = slices.Sorted(maps.Keys(sound))
			}
			expect(t, archtest.Modules(mods, work), test.want)
		})
	}
}

func decode(t *testing.T, text string) (mod archtest.Mod) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &mod); err != nil {
		t.Fatal(err)
	}
	return mod
}
