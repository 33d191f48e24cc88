package main

import "strings"

// redactor keeps the token out of what others say: a service may repeat it in its answer, whole or in part.
type redactor struct {
	token string
	known map[string]bool // every part of it that has window bytes
}

// window is the shortest part of a token that is recognised.
const window = 16

func newRedactor(token string) *redactor {
	r := &redactor{token, map[string]bool{}}
	for i := 0; i+window <= len(token); i++ {
		r.known[token[i:i+window]] = true
	}
	return r
}

// text returns what others say, unless a part of the token is in it.
func (r *redactor) text(said string) string {
	if r.token != "" && strings.Contains(said, r.token) {
		return redacted
	}
	for i := 0; i+window <= len(said); i++ {
		if r.known[said[i:i+window]] {
			return redacted
		}
	}
	return said
}

const redacted = "[left out: a part of the token is in it]"

// challenges returns challenges without the token.
func (r *redactor) challenges(all []challenge) []challenge {
	var clean []challenge
	for _, c := range all {
		params := make(map[string]string, len(c.Params))
		for name, value := range c.Params {
			params[r.text(name)] = r.text(value)
		}
		clean = append(clean, challenge{r.text(c.Scheme), params})
	}
	return clean
}
