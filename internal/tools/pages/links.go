package pages

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	inline     = regexp.MustCompile(`\]\(([^()\s]+)(?:\s+"[^"]*")?\)`)
	definition = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s+(\S+)`)
	codeSpan   = regexp.MustCompile("`[^`]*`")
	linkText   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// slug is the anchor that GitHub gives a heading.
func slug(title string) string {
	title = linkText.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// targets returns where the links of a line lead, those to other sites left out.
func (l line) targets() (targets []string) {
	if l.code {
		return nil
	}
	text := codeSpan.ReplaceAllString(l.text, "")
	for _, match := range slices.Concat(inline.FindAllStringSubmatch(text, -1), definition.FindAllStringSubmatch(text, -1)) {
		if target := match[1]; !strings.Contains(target, "://") && !strings.HasPrefix(target, "mailto:") {
			targets = append(targets, target)
		}
	}
	return targets
}

// resolve returns the file and the anchor that a link on a page leads to.
func resolve(file, target string) (to, anchor string) {
	name, anchor, _ := strings.Cut(target, "#")
	if name == "" {
		return file, anchor
	}
	return path.Join(path.Dir(file), name), anchor
}

// links returns a sentence for each link of a page that leads nowhere.
func (s *site) links(file string) (dead []string) {
	for _, l := range s.pages[file].lines {
		for _, target := range l.targets() {
			to, anchor := resolve(file, target)
			switch known := s.pages[to]; {
			case strings.HasPrefix(to, "..") || !s.exists(to):
				dead = append(dead, fmt.Sprintf("%s:%d: %s does not exist", file, l.number, target))
			case anchor != "" && (known == nil || !known.anchors[anchor]):
				dead = append(dead, fmt.Sprintf("%s:%d: %s has no heading %s", file, l.number, to, anchor))
			}
		}
	}
	return dead
}

// index is the page that all others below docs can be reached from.
const index = "docs/README.md"

// unreachable returns a sentence for each page below docs that nobody finds who starts at the index.
func (s *site) unreachable() (lost []string) {
	if s.pages[index] == nil {
		return []string{index + " does not exist"}
	}
	reached := map[string]bool{index: true}
	for queue := []string{index}; len(queue) > 0; queue = queue[1:] {
		for _, to := range s.neighbours(queue[0]) {
			if !reached[to] {
				reached[to] = true
				queue = append(queue, to)
			}
		}
	}
	for file := range s.pages {
		if strings.HasPrefix(file, "docs/") && !reached[file] {
			lost = append(lost, fmt.Sprintf("%s: no way leads here from %s", file, index))
		}
	}
	slices.Sort(lost)
	return lost
}

func (s *site) neighbours(file string) (files []string) {
	for _, l := range s.pages[file].lines {
		for _, target := range l.targets() {
			to, _ := resolve(file, target)
			for _, candidate := range []string{to, path.Join(to, "README.md")} {
				if s.pages[candidate] != nil {
					files = append(files, candidate)
				}
			}
		}
	}
	return files
}
