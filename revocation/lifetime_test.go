package revocation_test

import (
	"math"
	"testing"
	"time"

	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/revocation"
)

const (
	hour   = time.Hour
	margin = 5 * time.Minute
)

// An entry is there as long as the longest token it could mean can be honoured, and not a second longer: a token issued
// by a clock that is ahead, living as long as is tolerated, and granted the largest leeway that validators have.
func TestEntryEndsWithTheLongestToken(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			c := &clock{}
			list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
			if !way.revoke.Before.IsZero() {
				way.revoke.Before = noon.Add(margin)
			}
			revoke(t, list, way.revoke)
			longest := aliceBut(func(t *middleware.Token) {
				t.IssuedAt = noon
				t.ExpiresAt = t.IssuedAt.Add(hour + margin)
			})
			end := noon.Add(margin + hour + margin + margin)
			for _, tt := range []struct {
				at   time.Time
				want string
			}{
				{noon, "revoked"},
				{longest.ExpiresAt.Add(margin), "revoked"},
				{end.Add(-time.Nanosecond), "revoked"},
				{end, "good"},
			} {
				c.set(tt.at)
				if got := verdict(t, list, longest); got != tt.want {
					t.Errorf("after %v: %s, want %s", tt.at.Sub(noon), got, tt.want)
				}
			}
		})
	}
}

// Where the end of a token is known, the entry need not be there longer.
func TestExpiresAt(t *testing.T) {
	const fraction = 300 * time.Millisecond
	for _, tt := range []struct {
		name    string
		r       revocation.Revocation
		expires time.Duration
		end     time.Duration
	}{
		{"token", revocation.Revocation{Token: aliceToken}, 10 * time.Minute, 15 * time.Minute},
		{"jti", revocation.Revocation{Issuer: issuer, ID: "token-1"}, 10 * time.Minute, 15 * time.Minute},
		{"fraction of a second", revocation.Revocation{Token: aliceToken}, fraction, margin + time.Second},
		{"expired within leeway", revocation.Revocation{Token: aliceToken}, -4 * time.Minute, time.Minute},
		{"later than others can", revocation.Revocation{Token: aliceToken}, 1000 * hour, 1000*hour + margin},
		// The other ways mean tokens that nobody has seen: one of them says nothing about when the others end.
		{"session", revocation.Revocation{Issuer: issuer, SessionID: "session-1"}, time.Minute, hour + 3*margin},
		{"subject", revocation.Revocation{Issuer: issuer, Subject: "alice"}, time.Minute, hour + 3*margin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{}
			list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
			tt.r.ExpiresAt = noon.Add(tt.expires)
			revoke(t, list, tt.r)
			token := alice()
			c.set(noon.Add(tt.end - time.Nanosecond))
			wantVerdict(t, list, &token, "revoked")
			c.set(noon.Add(tt.end))
			wantVerdict(t, list, &token, "good")
		})
	}
}

// Whoever knows less about when a token ends cannot make its revocation end sooner.
func TestExpiresAtNeverShortens(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{})
	revoke(t, list, revocation.Revocation{Token: aliceToken})
	revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: noon.Add(time.Second)})
	revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: noon.Add(-hour)})
	c.advance(hour)
	token := alice()
	wantVerdict(t, list, &token, "revoked")
}

// A token that ended before it was revoked takes no room.
func TestRevokeEndedToken(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: noon.Add(-margin)})
	if list.Len() != 0 {
		t.Errorf("Len is %d, want 0", list.Len())
	}
}

// An entry that ended leaves nothing behind that would widen the next one for the same name.
func TestRevokeAfterTheEnd(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: hour})
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice"})
	c.advance(hour + 3*margin)
	issued := noon.Add(-time.Minute)
	revoke(t, list, revocation.Revocation{Issuer: issuer, Subject: "alice", Before: issued})
	for at, want := range map[time.Time]string{issued: "revoked", issued.Add(time.Second): "good"} {
		// A token without an end is the only kind that can be this old.
		old := aliceBut(func(t *middleware.Token) { t.IssuedAt, t.ExpiresAt = at, time.Time{} })
		wantVerdict(t, list, old, want)
	}
}

// A token that would outlive its own revocation is refused whether or not anything was revoked.
func TestMaxTokenLifetime(t *testing.T) {
	for _, tt := range []struct {
		name             string
		issued, lifetime time.Duration
		unknownIssue     bool
		want             string
	}{
		{"exactly", 0, hour, false, "good"},
		{"tolerated", 0, hour + margin, false, "good"},
		{"too long", 0, hour + margin + time.Second, false, "misconfigured"},
		{"too long, almost over", -2 * hour, 2*hour + time.Minute, false, "misconfigured"},
		{"for ever", 0, 1<<63 - 1, false, "misconfigured"},
		{"unknown iat", 0, hour + margin, true, "good"},
		{"unknown iat, too long", 0, hour + margin + time.Second, true, "misconfigured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := newList(t, &clock{}, revocation.Config{MaxTokenLifetime: hour})
			token := aliceBut(func(t *middleware.Token) {
				t.IssuedAt = noon.Add(tt.issued)
				t.ExpiresAt = t.IssuedAt.Add(tt.lifetime)
				if tt.unknownIssue {
					t.IssuedAt = time.Time{}
				}
			})
			wantVerdict(t, list, token, tt.want)
			if tt.want == "good" {
				return
			}
			revoke(t, list, revocation.Revocation{Token: aliceToken})
			wantVerdict(t, list, token, tt.want)
			if got := authorize(t, newGuard(t, honour(*token), list), aliceToken); got != "500 misconfigured" {
				t.Errorf("the guard answers %s", got)
			}
		})
	}
}

// The default lifetime is 24 hours.
func TestDefaultLifetime(t *testing.T) {
	list := newList(t, &clock{}, revocation.Config{})
	for lifetime, want := range map[time.Duration]string{
		24*hour + margin:               "good",
		24*hour + margin + time.Second: "misconfigured",
	} {
		wantVerdict(t, list, aliceBut(func(t *middleware.Token) { t.ExpiresAt = t.IssuedAt.Add(lifetime) }), want)
	}
}

// Without a longest lifetime, tokens may live for ever, and what was revoked stays so.
func TestEntriesWithoutEnd(t *testing.T) {
	c := &clock{}
	list := newList(t, c, revocation.Config{MaxTokenLifetime: -1})
	token := alice()
	token.IssuedAt, token.ExpiresAt = noon, noon.AddDate(500, 0, 0)
	wantVerdict(t, list, &token, "good")
	revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: noon.Add(hour)})
	c.set(noon.AddDate(499, 0, 0))
	wantVerdict(t, list, &token, "revoked")
}

// Somebody who says "never" gets as long as there is.
func TestExpiresNever(t *testing.T) {
	for _, never := range []time.Time{time.Unix(math.MaxInt64, 0), time.Unix(1<<62, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		list := newList(t, &clock{}, revocation.Config{})
		revoke(t, list, revocation.Revocation{Token: aliceToken, ExpiresAt: never})
		token := alice()
		wantVerdict(t, list, &token, "revoked")
	}
}
