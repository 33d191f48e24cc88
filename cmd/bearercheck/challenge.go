package main

import (
	challenges "github.com/bearergate/bearergate/internal/challenge"
)

// challenge is one challenge of a WWW-Authenticate field.
type challenge struct {
	Scheme string            `json:"scheme"`
	Params map[string]string `json:"params,omitempty"`
}

func parseChallenges(fields []string) []challenge {
	var all []challenge
	for _, c := range challenges.Parse(fields) {
		all = append(all, challenge(c))
	}
	return all
}
