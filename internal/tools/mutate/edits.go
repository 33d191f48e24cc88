package main

import (
	"cmp"
	"slices"
)

// edits are changes of one file, as text, so that what is not changed stays as it was.
type edits struct {
	source []byte
	all    []edit
}

// edit puts text in place of so many octets at an offset.
type edit struct {
	offset, drop int
	text         string
	order        int
}

// wrap puts text around a part. Of two wraps that begin or end together the later is the inner one.
func (e *edits) wrap(from, to int, before, after string) {
	n := len(e.all) + 1
	e.all = append(e.all, edit{offset: from, text: before, order: n}, edit{offset: to, text: after, order: -n})
}

// replace puts text in place of a part.
func (e *edits) replace(from, to int, text string) {
	e.all = append(e.all, edit{offset: from, drop: to - from, text: text, order: len(e.all) + 1})
}

// text returns a part as it was.
func (e *edits) text(from, to int) string { return string(e.source[from:to]) }

// apply returns the changed file.
func (e *edits) apply() []byte {
	slices.SortStableFunc(e.all, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.order, b.order))
	})
	var out []byte
	at := 0
	for _, edit := range e.all {
		out = append(out, e.source[at:edit.offset]...)
		out = append(out, edit.text...)
		at = edit.offset + edit.drop
	}
	return append(out, e.source[at:]...)
}
