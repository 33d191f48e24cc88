package pages_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bearergate/bearergate/internal/tools/pages"
)

func TestRepository(t *testing.T) {
	problems, err := pages.Problems(os.DirFS("../../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range problems {
		t.Error(sentence)
	}
}

const fence = "```"

// tree is a repository without mistakes, but for the files that replace its own.
func tree(replaced map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, contents := range []map[string]string{{
		"Makefile":                        ".PHONY: test\ntest: setup ## Test\n\tgo test\nsetup:\n",
		"README.md":                       "# Kit\n\n## Two `words`, [one](docs/README.md) link\n",
		"docs/README.md":                  "# Index\n\n[a](guides/a.md)\n",
		"docs/guides/a.md":                "# A\n\n<!-- code: x/a.go one -->\n" + fence + "go\na()\n\tb()\n" + fence + "\n",
		"x/a.go":                          "package x\n\nfunc f() {\n\t//docs:begin one\n\ta()\n\t\tb()\n\t//docs:end\n}\n",
		"scripts/fuzz":                    "",
		"internal/z/node_modules/x/it.md": "[dead](nowhere.md)",
	}, replaced} {
		for name, text := range contents {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return files
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, text string
		want             string // a part of the only sentence, "" for none
	}{
		{"nothing", "b.md", "", ""},
		{"link to a file", "b.md", "[x](x/a.go) ![y](docs/guides/a.md \"title\")", ""},
		{"link to a directory", "b.md", "[x](docs/guides)", ""},
		{"link to another site", "b.md", "[x](https://example.com/nowhere.md#at-all) [m](mailto:a@example.com)", ""},
		{"link within code", "b.md", "`[x](nowhere)`\n" + fence + "\n[x](nowhere)\n" + fence, ""},
		{"dead link", "b.md", "\n[x](nowhere.md)", "b.md:2: nowhere.md does not exist"},
		{"dead definition", "b.md", "[x]: nowhere.md", "nowhere.md does not exist"},
		{"link out of the repository", "b.md", "[x](../b.md)", "does not exist"},
		{"anchor", "b.md", "[x](README.md#two-words-one-link) [y](#b)\n# B", ""},
		{"second anchor", "b.md", "[y](#b-1)\n# B\n# B", ""},
		{"dead anchor", "b.md", "[x](README.md#three)", "README.md has no heading three"},
		{"dead anchor here", "b.md", "[y](#b)\n" + fence + "\n# B\n" + fence, "b.md has no heading b"},
		{"anchor of a program", "b.md", "[x](x/a.go#L1)", "has no heading"},
		{"commands", "b.md", fence + "\n$ make test FUZZTIME=1m # now\ncd x && go test ./a.go\n" + fence + " `make setup`", ""},
		{"quoted arguments", "b.md", "`make test FLAGS=\"-only 'two words'\"`", ""},
		{"unknown target", "b.md", "`make coffee`", "there is no target coffee"},
		{"unknown target in a block", "b.md", fence + "\nA=1 make test coffee\n" + fence, "there is no target coffee"},
		{"unknown program", "b.md", "`go run ./y`", "there is no ./y"},
		{"unknown program elsewhere", "b.md", fence + "\ncd x && go run ./x\n" + fence, "there is no ./x"},
		{"unknown module", "b.md", "`go get github.com/bearergate/bearergate/y@latest`", "bearergate/y"},
		{"known module", "b.md", "`go get github.com/bearergate/bearergate/x@latest`", ""},
		{"unknown script", "b.md", "`scripts/coffee now`", "there is no scripts/coffee"},
		{"known script", "b.md", "`scripts/fuzz`", ""},
		{"long README", "README.md", strings.Repeat("\n", 150), "fewer than 150"},
		{"lost page", "docs/b.md", "# B", "docs/b.md: no way leads here"},
		{"no index", "docs/README.md", "# Index", "docs/guides/a.md: no way leads here"},
		{"changed code", "x/a.go", "//docs:begin one\na()\n//docs:end\n", "run make docs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pages.Problems(tree(map[string]string{tt.file: tt.text}))
			switch {
			case err != nil:
				t.Error(err)
			case tt.want == "" && len(got) > 0:
				t.Errorf("got %q, want nothing", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one sentence with %q", got, tt.want)
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	const guide = "docs/guides/a.md"
	stale := tree(map[string]string{guide: "begin\n<!-- code: x/a.go one -->\n" + fence + "go\nold()\n" + fence + "\nend\n"})
	written := make(map[string]string)
	err := pages.Update(stale, func(file string, text []byte) error { written[file] = string(text); return nil })
	want := "begin\n<!-- code: x/a.go one -->\n" + fence + "go\na()\n\tb()\n" + fence + "\nend\n"
	if err != nil || len(written) != 1 || written[guide] != want {
		t.Errorf("%v, %q, want %q", err, written, want)
	}
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"code that nobody compiles": {fence + "go\nx()\n" + fence, "nothing says where"},
		"code of another library":   {"<!-- another library -->\n" + fence + "go\nx()\n" + fence, "nothing says where"},
		"no block":                  {"<!-- code: x/a.go one -->\n\ntext", "no block"},
		"no end":                    {"<!-- code: x/a.go one -->\n" + fence + "go\nx()", "no block"},
		"no file":                   {"<!-- code: x/b.go one -->\n" + fence + "go\n" + fence, "x/b.go"},
		"no region":                 {"<!-- code: x/a.go two -->\n" + fence + "go\n" + fence, "no region two"},
	} {
		write := func(file string, _ []byte) error { t.Errorf("%s: wrote %s", name, file); return nil }
		err := pages.Update(tree(map[string]string{"docs/guides/a.md": tt.text}), write)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
