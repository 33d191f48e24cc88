package main

import "strings"

// columns is how wide prose is written. Long words, such as URLs, stay whole.
const columns = 110

// wrap breaks a text into lines, the first of which begins with a label and the others below the text after it.
func wrap(label, text string) []string {
	var lines []string
	line, empty := label, true
	for word := range strings.FieldsSeq(text) {
		if !empty && len(line)+1+len(word) > columns {
			lines = append(lines, line)
			line, empty = strings.Repeat(" ", len(label)), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, line)
}

func wrapAll(texts []string) []string {
	var lines []string
	for _, text := range texts {
		lines = append(lines, wrap("- ", text)...)
	}
	return lines
}
