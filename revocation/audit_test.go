package revocation_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// recorder keeps what is logged, as JSON lines.
type recorder struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (r *recorder) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(line)
}

func (r *recorder) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(r, nil)) }

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

// records returns what was logged, without the time.
func (r *recorder) records() []map[string]string {
	var records []map[string]string
	for line := range strings.Lines(r.text()) {
		record := map[string]string{}
		_ = json.Unmarshal([]byte(line), &record)
		delete(record, "time")
		records = append(records, record)
	}
	return records
}

// values returns one attribute of every record.
func (r *recorder) values(attr string) []string {
	var values []string
	for _, record := range r.records() {
		values = append(values, record[attr])
	}
	return values
}

// Every revocation leaves one record: who, what, from when until when, and why.
func TestAudit(t *testing.T) {
	digest := middleware.FingerprintOf(aliceToken)
	named := []map[string]string{
		{"target": "token", "fingerprint": hex.EncodeToString(digest[:8])},
		{"target": "jti", "iss": issuer, "jti": "token-1"},
		{"target": "session", "iss": issuer, "sid": "session-1"},
		{"target": "session of subject", "iss": issuer, "sid": "session-1", "sub": "alice", "before": "2027-01-15T08:00:00Z"},
		{"target": "subject", "iss": issuer, "sub": "alice", "before": "2027-01-15T08:00:00Z"},
		{"target": "client", "iss": issuer, "client_id": "shop", "before": "2027-01-15T08:00:00Z"},
		{"target": "grant", "iss": issuer, "sub": "alice", "client_id": "shop", "before": "2027-01-15T08:00:00Z"},
		{"target": "issuer", "iss": issuer, "before": "2027-01-15T08:00:00Z"},
	}
	for i, way := range ways {
		var records recorder
		list := newList(t, &clock{}, revocation.Config{MaxTokenLifetime: hour, Logger: records.logger()})
		way.revoke.By, way.revoke.Reason = "ops", "stolen laptop"
		revoke(t, list, way.revoke)
		want := map[string]string{
			"level": "INFO", "msg": "oauth revocation", "by": "ops", "reason": "stolen laptop", "until": "2027-01-15T09:15:00Z",
		}
		maps.Copy(want, named[i])
		if got := records.records(); len(got) != 1 || !maps.Equal(got[0], want) {
			t.Errorf("%s: got %v, want %v", way.name, got, want)
		}
	}
}

// What failed leaves no record that says otherwise.
func TestAuditOfFailures(t *testing.T) {
	var records recorder
	list := newList(t, &clock{}, revocation.Config{MaxEntries: 1, Logger: records.logger()})
	revoke(t, list, revocation.Revocation{Token: "first"})
	for _, r := range []revocation.Revocation{
		{}, {Token: "second"}, {Issuer: issuer, Before: noon.Add(hour)},
	} {
		if list.Revoke(t.Context(), r) == nil {
			t.Errorf("%+v succeeded", r)
		}
	}
	if got := records.records(); len(got) != 1 {
		t.Errorf("got %v, want the record of the first", got)
	}
}

// No form of a record holds a token, nor a part of one.
func TestAuditKeepsTokensOut(t *testing.T) {
	signer := newSigner(t)
	jwt := sign(t, signer, nil)
	tokens := []string{aliceToken, refreshToken, jwt}
	var records recorder
	list := newList(t, &clock{}, revocation.Config{Logger: records.logger()})
	client := newClient(t, list, newServer(t, answer(503, "SAID")).URL, described(nil, nil))
	for _, token := range tokens {
		revoke(t, list, revocation.Revocation{Token: token})
		for _, hint := range []string{revocation.HintAccessToken, revocation.HintRefreshToken} {
			_ = client.Revoke(t.Context(), revocation.Request{Token: token, Hint: hint})
			post(t, guarded(revocation.Handler(client)), "token="+token+"&token_type_hint="+hint)
		}
	}
	logged := records.text()
	if strings.Count(logged, "\n") < 5*len(tokens) {
		t.Errorf("only %d records", strings.Count(logged, "\n"))
	}
	for _, token := range tokens {
		parts := strings.Split(token, ".")
		if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(logged, part) }) {
			t.Errorf("a part of a token was logged:\n%s", logged)
		}
	}
	if strings.Contains(logged, "SAID") || strings.Contains(logged, secret) {
		t.Errorf("the answer or the secret was logged:\n%s", logged)
	}
}

// The default logger is that of the process, at the time the list is made.
func TestAuditDefaultLogger(t *testing.T) {
	var records recorder
	previous := slog.Default()
	slog.SetDefault(records.logger())
	defer slog.SetDefault(previous)
	list, err := revocation.NewList(revocation.Config{})
	if err != nil {
		t.Fatal(err)
	}
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", ExpiresAt: time.Now()})
	if got := records.values("target"); !slices.Equal(got, []string{"subject"}) {
		t.Errorf("got %v", got)
	}
}
