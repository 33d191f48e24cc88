// Package pages keeps the Markdown files of the repository true: the code in them is code that is compiled and run
// elsewhere, their links lead somewhere, and the commands they name exist.
package pages

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// list returns the Markdown files of the tree in the order of their paths, without those of dependencies.
func list(tree fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case !d.IsDir() && path.Ext(file) == ".md":
			files = append(files, file)
		}
		return nil
	})
	return files, err
}

// Problems returns a sentence for everything that is wrong with the Markdown files of the tree.
func Problems(tree fs.FS) ([]string, error) {
	files, err := list(tree)
	if err != nil {
		return nil, err
	}
	site := &site{tree: tree, pages: make(map[string]*page, len(files))}
	for _, file := range files {
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return nil, err
		}
		site.pages[file] = parse(string(text))
	}
	if site.targets, err = makeTargets(tree); err != nil {
		return nil, err
	}
	var problems []string
	for _, file := range files {
		problems = append(problems, site.links(file)...)
		problems = append(problems, site.commands(file)...)
	}
	problems = append(problems, site.unreachable()...)
	problems = append(problems, site.long()...)
	stale, err := Stale(tree)
	return append(problems, stale...), err
}

// site is all the pages together, and what they may speak of.
type site struct {
	tree    fs.FS
	pages   map[string]*page
	targets map[string]bool
}

func (s *site) exists(name string) bool {
	_, err := fs.Stat(s.tree, name)
	return err == nil
}

// maxReadme is how many lines a README may have that is read to the end.
const maxReadme = 150

func (s *site) long() []string {
	if readme := s.pages["README.md"]; readme != nil && len(readme.lines) >= maxReadme {
		return []string{fmt.Sprintf("README.md: %d lines, fewer than %d are wanted", len(readme.lines), maxReadme)}
	}
	return nil
}

// line is a line of a page. In a fenced block it is code, and means nothing to Markdown.
type line struct {
	number int
	text   string
	code   bool
}

type page struct {
	lines   []line
	anchors map[string]bool
}

func parse(text string) *page {
	p := &page{anchors: make(map[string]bool)}
	fenced := false
	for i, text := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(text), "```")
		p.lines = append(p.lines, line{i + 1, text, fenced || fence})
		if fence {
			fenced = !fenced
		}
	}
	for _, l := range p.lines {
		if title, ok := heading(l); ok {
			p.addAnchor(slug(title))
		}
	}
	return p
}

func heading(l line) (title string, ok bool) {
	title = strings.TrimLeft(l.text, "#")
	level := len(l.text) - len(title)
	return strings.TrimSpace(title), !l.code && level > 0 && level < 7 && strings.HasPrefix(title, " ")
}

// addAnchor gives the second heading with the same words a number, as GitHub does.
func (p *page) addAnchor(anchor string) {
	unique := anchor
	for n := 1; p.anchors[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", anchor, n)
	}
	p.anchors[unique] = true
}
