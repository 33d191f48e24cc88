package main

import (
	"context"
	"fmt"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/jwks"
)

// keySetView is a key set as the kit sees it.
type keySetView struct {
	OK      bool      `json:"ok"`
	Problem string    `json:"problem,omitempty"`
	Keys    []keyView `json:"keys,omitempty"`

	reached bool
}

// keyView is one key of a set.
type keyView struct {
	KeyID string `json:"kid,omitempty"`
	Type  string `json:"kty,omitempty"`
	// Algorithm is its alg, "" if it names none.
	Algorithm string `json:"alg,omitempty"`
	// UsedWith is the one algorithm that the kit uses it with, "" for a key that is not used.
	UsedWith string `json:"used_with,omitempty"`
	// Skipped says why it is not used.
	Skipped string `json:"skipped,omitempty"`
}

// inspectKeySet looks at the key set of the issuer.
func (c *check) inspectKeySet(ctx context.Context) {
	answer := c.recorder.get(ctx, c.client, c.issuer.KeySetURL)
	c.compareClock(answer)
	set := &keySetView{Problem: answer.problem()}
	set.reached = answer.err == nil && answer.status < 500
	c.issuer.KeySet = set
	if set.Problem != "" {
		return
	}
	c.issuer.document = answer.body
	if err := set.read(answer.body, c.given.config.Algorithms); err != nil {
		set.Problem = err.Error()
	}
	set.OK = set.Problem == ""
}

// read judges every key by the rules of the kit.
func (s *keySetView) read(document []byte, algorithms []string) error {
	members, err := strictjson.Members(document)
	if err != nil {
		return errNoDocument
	}
	elements, err := strictjson.Elements(members["keys"])
	if err != nil {
		return errNoDocument
	}
	_, refused := jwks.ParseKeys(document)
	usable := 0
	for _, element := range elements[:min(len(elements), maxKeys)] {
		k := readKey(element, algorithms)
		if k.Skipped == "" {
			usable++
		}
		s.Keys = append(s.Keys, k)
	}
	switch {
	case usable == 0:
		return fmt.Errorf("none of its %d keys can be used", len(elements))
	case len(elements) > maxKeys:
		return fmt.Errorf("it has %d keys, and no set of more than %d is read", len(elements), maxKeys)
	}
	return refused
}

// maxKeys is the largest number of keys that the kit reads in a set.
const maxKeys = 100

func readKey(element strictjson.Value, algorithms []string) keyView {
	members, _ := strictjson.Members(element)
	k := keyView{
		KeyID:     claim.OptionalText(members["kid"]),
		Type:      claim.OptionalText(members["kty"]),
		Algorithm: claim.OptionalText(members["alg"]),
	}
	k.UsedWith, k.Skipped = usedWith(element, algorithms)
	return k
}

func (s *keySetView) lines(url string) []string {
	lines := []string{fmt.Sprintf("%-7s key set %s%s", mark(s.OK), quote(url), after(s.Problem))}
	for _, k := range s.Keys {
		line := fmt.Sprintf("          kid %s, kty %s, alg %s", orNone(k.KeyID), orNone(k.Type), orNone(k.Algorithm))
		if k.Skipped != "" {
			line += ": skipped, " + k.Skipped
		} else {
			line += ": used with " + k.UsedWith
		}
		lines = append(lines, line)
	}
	return lines
}

// find returns the keys with an ID.
func (s *keySetView) find(keyID string) []keyView {
	if s == nil {
		return nil
	}
	var found []keyView
	for _, k := range s.Keys {
		if k.KeyID == keyID {
			found = append(found, k)
		}
	}
	return found
}
