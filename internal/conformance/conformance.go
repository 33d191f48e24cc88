// Package conformance holds the test vectors, the behaviour table and the replayable cases that the tests of several
// packages run against. testdata/README.md describes the files. Only tests import it, and what is made for tests.
package conformance

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed testdata/vectors/*.json testdata/http-behaviour.jsonl
var files embed.FS

// Vectors decodes the vector file of that base name, such as "jwks.json", into a pointer.
func Vectors(name string, into any) error {
	data, err := files.ReadFile("testdata/vectors/" + name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// BehaviourRow is one row of the HTTP behaviour table: a request in words and the answer to it.
type BehaviourRow struct {
	ID              string `json:"id"`
	Given           string `json:"given"`
	ExpectStatus    int    `json:"expect_status"`
	ExpectChallenge string `json:"expect_challenge"`
	Source          string `json:"source"`
	Note            string `json:"note"`
}

const (
	calledNote    = "handler_called=true"
	notCalledNote = "handler_called=false"
)

// HandlerCalled reports whether the protected handler runs. It is the first thing that every note says.
func (r BehaviourRow) HandlerCalled() bool {
	return strings.HasPrefix(r.Note, calledNote)
}

// Behaviour returns the HTTP behaviour table in the order of the file.
func Behaviour() ([]BehaviourRow, error) {
	data, err := files.ReadFile("testdata/http-behaviour.jsonl")
	if err != nil {
		return nil, err
	}
	var rows []BehaviourRow
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var row BehaviourRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("behaviour row %d: %w", len(rows)+1, err)
		}
		if !row.HandlerCalled() && !strings.HasPrefix(row.Note, notCalledNote) {
			return nil, fmt.Errorf("behaviour row %s: the note does not say whether the handler is called", row.ID)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}
