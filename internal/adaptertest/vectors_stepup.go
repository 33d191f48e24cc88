package adaptertest

import (
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
)

// stepUpVector is a case of step-up-rfc9470.json.
type stepUpVector struct {
	ID     string         `json:"id"`
	Claims map[string]any `json:"claims"`
	ACR    []string       `json:"required_acr"`
	MaxAge *int64         `json:"required_max_age"`
	Now    int64          `json:"now"`
	Expect struct {
		Allow  bool              `json:"allow"`
		Status int               `json:"status"`
		Error  string            `json:"error"`
		Params map[string]string `json:"challenge_params"`
	} `json:"expect"`
}

// stepUpVectors returns the scenarios of RFC 9470.
func stepUpVectors(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Cases []stepUpVector `json:"cases"`
	}
	load(t, "step-up-rfc9470.json", &file)
	scenarios := make([]scenario, len(file.Cases))
	for i, v := range file.Cases {
		scenarios[i] = scenario{"RFC 9470: " + v.ID, v.want(), v.play}
	}
	return scenarios
}

func (v stepUpVector) want() want {
	if v.Expect.Allow {
		return ok
	}
	notation := `Bearer error="` + v.Expect.Error + `"`
	for _, name := range []string{"acr_values", "max_age"} {
		if value, found := v.Expect.Params[name]; found {
			notation += " " + name + `="` + value + `"`
		} else {
			notation += " !" + name
		}
	}
	return want{v.Expect.Status, notation}
}

func (v stepUpVector) play(s *scene) {
	s.clock.set(time.Unix(v.Now, 0))
	s.policy = middleware.Policy{ACRValues: v.ACR}
	if v.MaxAge != nil {
		s.policy.MaxAge = max(time.Nanosecond, time.Duration(*v.MaxAge)*time.Second) // zero would be no limit
	}
	s.eitherWay(func() { s.expect(s.authenticated(v.Claims)) })
}
