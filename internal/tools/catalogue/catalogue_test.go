package catalogue_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bearergate/bearergate/internal/reasons"
	"github.com/bearergate/bearergate/internal/tools/catalogue"
	"github.com/bearergate/bearergate/middleware"
)

const root = "../../.."

func constants(t *testing.T) []catalogue.Constant {
	t.Helper()
	all, err := catalogue.Constants(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestComplete wants exactly one entry for each constant of the source, in its order.
func TestComplete(t *testing.T) {
	var declared, explained []string
	for _, c := range constants(t) {
		declared = append(declared, c.Value)
	}
	for _, e := range reasons.All() {
		explained = append(explained, string(e.Reason))
	}
	if !slices.Equal(declared, explained) {
		t.Errorf("declared  %q\nexplained %q", declared, explained)
	}
	inCore := slices.DeleteFunc(constants(t), func(c catalogue.Constant) bool { return c.Package != "middleware" })
	if first := middleware.ReasonNoCredentials; len(inCore) < 30 || inCore[0].Value != string(first) {
		t.Errorf("%d constants in package middleware, the first is %+v", len(inCore), inCore[0])
	}
}

// TestExplained wants a comment of its own for each constant, which is what an editor shows.
func TestExplained(t *testing.T) {
	for _, c := range constants(t) {
		says, ok := strings.CutPrefix(c.Doc, c.Name+": ")
		if !ok || !strings.HasSuffix(says, ".") || len(says) < 15 {
			t.Errorf("%s is explained by %q, want %s: and a sentence", c.Title(), c.Doc, c.Name)
		}
	}
}

// TestDocument fails when docs/reasons.md is out of date.
func TestDocument(t *testing.T) {
	want, err := catalogue.Markdown(constants(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(root + "/docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/reasons.md is not what the source says: run make reasons")
	}
}

// TestOptions wants every option that an entry names in the exported API.
func TestOptions(t *testing.T) {
	for _, e := range reasons.All() {
		if e.Cause == "" || e.Fix == "" {
			t.Errorf("%s lacks a cause or a fix", e.Reason)
		}
		for _, option := range e.Options {
			if !exported(t, option) {
				t.Errorf("%s names %s, which the API does not have", e.Reason, option)
			}
		}
	}
	if exported(t, "jwks.Config.Nothing") || exported(t, "jwks.Nothing") || exported(t, "nothing.Config") {
		t.Error("what does not exist is found")
	}
}

// exported looks a name such as jwks.Config.Profile or introspection.New up in the files of the API.
func exported(t *testing.T, name string) bool {
	t.Helper()
	parts := strings.Split(name, ".")
	for _, directory := range []string{"", "revocation/", "adapters/"} {
		text, err := os.ReadFile(root + "/api/" + directory + parts[0] + ".txt")
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if declares(strings.TrimSpace(line), parts[1:]) {
				return true
			}
		}
	}
	return false
}

// declares reports whether a line of the API declares a name, or a member of a type.
func declares(line string, name []string) bool {
	if len(name) == 2 {
		return strings.HasPrefix(line, "type "+name[0]+" struct, "+name[1]+" ")
	}
	for _, kind := range []string{"func", "type", "const", "var"} {
		rest, found := strings.CutPrefix(line, kind+" "+name[0])
		if found && (rest == "" || strings.ContainsAny(rest[:1], " ([")) {
			return true
		}
	}
	return false
}

func TestConstants(t *testing.T) {
	tree := fstest.MapFS{
		"dpop/reason.go": {Data: []byte(`package dpop

import "example.com/middleware"

const (
	// ReasonOne: the first.
	ReasonOne middleware.Reason = "one"
	// ReasonTwo: the second,
	// of two.
	ReasonTwo middleware.Reason = "two"

	limit = 3
)
`)},
		"middleware/reason.go": {Data: []byte(`package middleware

// A group.
const (
	// ReasonA: the first.
	ReasonA    Reason = "a"
	ReasonLong Reason = "b"
	code       Code   = "d"
)

const ReasonAlone Reason = "c"
`)},
		"middleware/reason_test.go": {Data: []byte("package middleware\n\nconst ReasonX Reason = \"x\"\n")},
		"internal/a/a.go":           {Data: []byte("package a\n\nconst ReasonX middleware.Reason = \"x\"\n")},
	}
	got, err := catalogue.Constants(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []catalogue.Constant{
		{Package: "middleware", Name: "ReasonA", Value: "a", Doc: "ReasonA: the first.", Group: "A group."},
		{Package: "middleware", Name: "ReasonLong", Value: "b", Group: "A group."},
		{Package: "middleware", Name: "ReasonAlone", Value: "c"},
		{Package: "dpop", Name: "ReasonOne", Value: "one", Doc: "ReasonOne: the first."},
		{Package: "dpop", Name: "ReasonTwo", Value: "two", Doc: "ReasonTwo: the second, of two."},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := catalogue.Markdown(got); err == nil {
		t.Error("constants without entries are written")
	}
}
