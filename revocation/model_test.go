package revocation_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

// model is the deny-list in its plainest form.
type model struct {
	limit   int
	entries map[revocation.Revocation]modelEntry
}

type modelEntry struct{ before, until int64 }

// name is what a revocation names, and nothing else.
func name(r revocation.Revocation) revocation.Revocation {
	r.Before, r.ExpiresAt = time.Time{}, time.Time{}
	return r
}

// names lists the revocations that would mean a token.
func names(accessToken string, t *middleware.Token) []revocation.Revocation {
	all := []revocation.Revocation{{Token: accessToken}, {Issuer: t.Issuer}}
	for _, r := range []revocation.Revocation{
		{ID: t.ID}, {SessionID: t.SessionID}, {Subject: t.Subject}, {ClientID: t.ClientID},
	} {
		if r != (revocation.Revocation{}) {
			r.Issuer = t.Issuer
			all = append(all, r)
		}
	}
	if t.Subject != "" && t.ClientID != "" {
		all = append(all, revocation.Revocation{Issuer: t.Issuer, Subject: t.Subject, ClientID: t.ClientID})
	}
	return all
}

// revoke returns whether there was room.
func (m *model) revoke(r revocation.Revocation, now time.Time) bool {
	e := modelEntry{math.MaxInt64, now.Add(hour + 3*margin).Unix()}
	if ofOne := r.Token != "" || r.ID != ""; ofOne && !r.ExpiresAt.IsZero() {
		e.until = min(e.until, r.ExpiresAt.Add(margin).Unix())
	} else if !ofOne && r.SessionID == "" {
		e.before = now.Unix()
		if !r.Before.IsZero() {
			e.before = r.Before.Unix()
		}
	}
	if e.until <= now.Unix() {
		return true
	}
	for key, entry := range m.entries {
		if entry.until <= now.Unix() {
			delete(m.entries, key)
		}
	}
	old, extends := m.entries[name(r)]
	if !extends && len(m.entries) == m.limit {
		return false
	}
	m.entries[name(r)] = modelEntry{max(old.before, e.before), max(old.until, e.until)}
	return true
}

func (m *model) revoked(accessToken string, t *middleware.Token, now time.Time) bool {
	return slices.ContainsFunc(names(accessToken, t), func(name revocation.Revocation) bool {
		entry, ok := m.entries[name]
		return ok && entry.until > now.Unix() && (t.IssuedAt.IsZero() || t.IssuedAt.Unix() <= entry.before)
	})
}

// world makes random revocations and tokens from few names, so that they meet often.
type world struct{ *rand.Rand }

func (w world) pick(names ...string) string { return names[w.IntN(len(names))] }

func (w world) ago(now time.Time, longest time.Duration) time.Time {
	return now.Add(-time.Duration(w.Int64N(int64(longest/time.Second))) * time.Second)
}

func (w world) revocation(now time.Time) revocation.Revocation {
	r := revocation.Revocation{Issuer: w.pick(issuer, otherIssuer)}
	switch w.IntN(7) {
	case 0:
		r = revocation.Revocation{Token: w.pick("a", "b", "c.d.e", "eyJ9.d.f", "c.e.f")}
	case 1:
		r.ID = w.pick("1", "2", "3")
	case 2:
		r.SessionID = w.pick("1", "2", "3")
	case 3:
		r.Subject = w.pick("1", "2", "3")
	case 4:
		r.ClientID = w.pick("1", "2", "3")
	case 5:
		r.Subject, r.ClientID = w.pick("1", "2", "3"), w.pick("1", "2", "3")
	case 6:
		r.Before = w.ago(now, hour)
	}
	if w.IntN(3) == 0 && r.Token == "" && r.ID == "" && r.SessionID == "" {
		r.Before = w.ago(now, hour)
	}
	if w.IntN(3) == 0 {
		r.ExpiresAt = w.ago(now, hour).Add(hour / 2)
	}
	return r
}

func (w world) token(now time.Time) (string, *middleware.Token) {
	accessToken := w.pick("a", "b", "eyJ9.d.e", "eyJ9.e.e", "f")
	t := &middleware.Token{
		Issuer:      w.pick(issuer, otherIssuer),
		ID:          w.pick("", "1", "2", "3", "4"),
		SessionID:   w.pick("", "1", "2", "3", "4"),
		Subject:     w.pick("", "1", "2", "3", "4"),
		ClientID:    w.pick("", "1", "2", "3", "4"),
		Fingerprint: middleware.FingerprintOf(accessToken),
	}
	if w.IntN(4) > 0 {
		t.IssuedAt = w.ago(now, hour)
	}
	return accessToken, t
}

// Whatever is revoked in whatever order, the list says what the model says.
func TestListAgainstModel(t *testing.T) {
	for seed := range uint64(40) {
		w := world{rand.New(rand.NewPCG(seed, 7009))}
		c := &clock{}
		limit := 1 + w.IntN(60)
		list := newList(t, c, revocation.Config{MaxTokenLifetime: hour, MaxEntries: limit})
		m := &model{limit: limit, entries: map[revocation.Revocation]modelEntry{}}
		for step := range 300 {
			c.advance(time.Duration(w.IntN(120)) * time.Second)
			r := w.revocation(c.now())
			err := list.Revoke(t.Context(), r)
			if err != nil && !errors.Is(err, revocation.ErrFull) {
				t.Fatal(err)
			}
			if taken := m.revoke(canonical(r), c.now()); taken != (err == nil) {
				t.Fatalf("seed %d, step %d: Revoke returned %v with %d live entries of %d", seed, step, err, len(m.entries), limit)
			}
			for range 10 {
				accessToken, token := w.token(c.now())
				want := m.revoked(canonical(revocation.Revocation{Token: accessToken}).Token, token, c.now())
				if got := verdict(t, list, token) == "revoked"; got != want {
					t.Fatalf("seed %d, step %d: revoked is %t, want %t", seed, step, got, want)
				}
			}
		}
	}
}

// canonical takes the signature off a token, which is the third of its parts.
func canonical(r revocation.Revocation) revocation.Revocation {
	if len(r.Token) == len("eyJ9.d.e") {
		r.Token = r.Token[:len("eyJ9.d")]
	}
	return r
}
