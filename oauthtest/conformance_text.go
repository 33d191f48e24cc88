package oauthtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// texts are what placeholders stand for.
type texts map[string]string

var placeholder = regexp.MustCompile(`\$\{([a-z_]+)([^{}]*)\}`)

// expand replaces the placeholders of a template. The README beside the cases lists them.
func (t texts) expand(template string) (string, error) {
	var failed error
	expanded := placeholder.ReplaceAllStringFunc(template, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		text, err := t.value(parts[1], strings.TrimPrefix(parts[2], ":"))
		if err != nil {
			failed = fmt.Errorf("%s: %w", found, err)
		}
		return text
	})
	return expanded, failed
}

func (t texts) value(name, argument string) (string, error) {
	switch name {
	case "random":
		return rand.Text(), nil
	case "octet":
		octet, err := hex.DecodeString(argument)
		return string(octet), err
	case "repeat":
		count, text, _ := strings.Cut(argument, ":")
		n, err := strconv.Atoi(count)
		return strings.Repeat(text, max(n, 0)), err
	}
	text, known := t[name]
	if !known {
		return "", fmt.Errorf("no such placeholder here")
	}
	return text, nil
}

// with returns a copy that knows more.
func (t texts) with(more texts) texts {
	all := make(texts, len(t)+len(more))
	for _, known := range []texts{t, more} {
		for name, text := range known {
			all[name] = text
		}
	}
	return all
}
