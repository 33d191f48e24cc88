package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// input is a file of a corpus.
type input []byte

// name is made as the go command does it.
func (i input) name() string {
	digest := sha256.Sum256(i)
	return hex.EncodeToString(digest[:8])
}

// limits bound what is carried over.
type limits struct{ files, bytes, tries int }

// blocks is a set of pieces of code.
type blocks map[string]bool

// blocksOf reads a coverage profile: after a line with its mode, one line "block statements count" for each block.
func blocksOf(profile string) blocks {
	reached := blocks{}
	for line := range strings.Lines(profile) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[2] != "0" {
			reached[fields[0]] = true
		}
	}
	return reached
}

// add reports whether there was anything new.
func (b blocks) add(more blocks) bool {
	before := len(b)
	for block := range more {
		b[block] = true
	}
	return len(b) > before
}

// choose returns the smallest inputs that reach something new each, beyond what was reached.
func choose(reached blocks, found []input, limits limits, reach func(input) (blocks, error)) (chosen []input, err error) {
	found = slices.DeleteFunc(slices.Clone(found), func(i input) bool { return len(i) > limits.bytes })
	slices.SortFunc(found, func(a, b input) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	for _, i := range found[:min(len(found), limits.tries)] {
		if len(chosen) == limits.files {
			break
		}
		more, err := reach(i)
		if err != nil {
			return nil, err
		}
		if reached.add(more) {
			chosen = append(chosen, i)
		}
	}
	return chosen, nil
}
