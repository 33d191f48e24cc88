package pages

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

var target = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)

// quoted is a part of a command that is one word, whatever is in it.
var quoted = regexp.MustCompile(`"[^"]*"|'[^']*'`)

func makeTargets(tree fs.FS) (map[string]bool, error) {
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return nil, err
	}
	targets := make(map[string]bool)
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets[match[1]] = true
	}
	return targets, nil
}

// commands returns a sentence for each command of a page, in a block or a span of code, that this repository does not have.
func (s *site) commands(file string) (missing []string) {
	for _, l := range s.pages[file].lines {
		for _, text := range l.snippets() {
			dir := "."
			for _, command := range strings.Split(text, "&&") {
				words := strings.Fields(quoted.ReplaceAllString(command, "quoted"))
				if len(words) == 2 && words[0] == "cd" {
					dir = path.Join(dir, words[1])
				}
				if what := s.missing(dir, words); what != "" {
					missing = append(missing, fmt.Sprintf("%s:%d: there is no %s", file, l.number, what))
				}
			}
		}
	}
	return missing
}

// snippets returns what on a line may be commands.
func (l line) snippets() (snippets []string) {
	if l.code {
		text, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(l.text), "$ "), " #")
		return []string{text}
	}
	for _, span := range codeSpan.FindAllString(l.text, -1) {
		snippets = append(snippets, strings.Trim(span, "`"))
	}
	return snippets
}

// missing returns what a command names and this repository does not have, "" if it has all.
func (s *site) missing(dir string, words []string) string {
	for len(words) > 0 && strings.Contains(words[0], "=") { // variables
		words = words[1:]
	}
	if len(words) == 0 {
		return ""
	}
	switch arguments := words[1:]; {
	case words[0] == "make":
		return s.missingTarget(arguments)
	case words[0] == "go":
		return s.missingPackage(dir, arguments)
	case strings.HasPrefix(words[0], "scripts/") && !s.exists(words[0]):
		return words[0]
	}
	return ""
}

func (s *site) missingTarget(arguments []string) string {
	for _, word := range arguments {
		if !strings.Contains(word, "=") && !s.targets[word] {
			return "target " + word
		}
	}
	return ""
}

func (s *site) missingPackage(dir string, arguments []string) string {
	for _, word := range arguments {
		name, _, _ := strings.Cut(strings.TrimSuffix(word, "..."), "@")
		if local, ok := strings.CutPrefix(name, "./"); ok && !s.exists(path.Join(dir, local)) {
			return word
		}
		if ours, ok := strings.CutPrefix(name, module+"/"); ok && !s.exists(path.Clean(ours)) {
			return word
		}
	}
	return ""
}

const module = "github.com/bearergate/bearergate"
