package harness

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// Report is what cmd/bearercheck says about a token, and about a service.
type Report struct {
	// Exit is the exit status.
	Exit int `json:"-"`
	// Text is the whole report.
	Text string `json:"-"`

	Verdict struct {
		Outcome string `json:"outcome"`
		Status  int    `json:"status"`
		Reason  string `json:"reason"`
	} `json:"verdict"`
	Service struct {
		Outcome   string `json:"outcome"`
		WithToken struct {
			Status int `json:"status"`
		} `json:"with_token"`
		Notes []string `json:"notes"`
	} `json:"service"`
}

// Bearercheck has cmd/bearercheck look at a token, and at path of the resource server with it.
func (s *ResourceServer) Bearercheck(t testing.TB, path, accessToken string, flags ...string) Report {
	t.Helper()
	binary, err := buildBearercheck()
	if err != nil {
		t.Fatalf("build bearercheck: %v", err)
	}
	args := append([]string{"-json", "-allow-loopback-http", "-url", s.URL + path, "-send-token"}, flags...)
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdin = strings.NewReader(accessToken)
	output, err := cmd.Output()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		t.Fatalf("bearercheck: %v", err)
	}
	report := Report{Text: string(output)}
	if failed {
		report.Exit = exit.ExitCode()
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("report of bearercheck: %v\n%s", err, output)
	}
	return report
}
