package oauthtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// members returns the members of a recipe as Go values, those to be left out as nil.
func (s *scene) members(recipe map[string]json.RawMessage, omit []string) (map[string]any, error) {
	changes := make(map[string]any, len(recipe)+len(omit))
	for name, raw := range recipe {
		value, err := s.member(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		changes[name] = value
	}
	for _, name := range omit {
		changes[name] = nil
	}
	return changes, nil
}

// member returns a value: one that only the moment of making knows, or JSON as it stands, with its placeholders replaced.
func (s *scene) member(raw json.RawMessage) (any, error) {
	var special struct {
		Now    *int64  `json:"$now"`
		JWK    *string `json:"$jwk"`
		X5C    *string `json:"$x5c"`
		MaxAge *int64  `json:"$max_age"`
	}
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &special); err != nil {
			return nil, err
		}
	}
	now := s.stage.as.cfg.Now()
	switch {
	case special.Now != nil:
		return now.Unix() + *special.Now, nil
	case special.MaxAge != nil:
		return now.Add(-s.route.MaxAge).Unix() + *special.MaxAge, nil
	case special.JWK != nil:
		return s.stage.attacker.JWK(), nil
	case special.X5C != nil:
		der, err := s.stage.attacker.Certificate(now)
		return []string{base64.StdEncoding.EncodeToString(der)}, err
	}
	text, err := s.texts().expand(string(raw))
	return strictjson.Value(text), err
}
