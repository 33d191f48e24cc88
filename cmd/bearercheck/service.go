package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
)

// serviceView is what a running service says.
type serviceView struct {
	URL string `json:"url"`
	// Outcome is what the exit status says: without the token, accepted means that the service challenges as it should.
	Outcome string `json:"outcome"`
	// Anonymous is the answer to a request without a token.
	Anonymous answerView    `json:"without_token"`
	Metadata  *resourceView `json:"resource_metadata,omitempty"`
	// TokenSent says whether the token was sent, and WithToken what came back.
	TokenSent bool        `json:"token_sent"`
	WithToken *answerView `json:"with_token,omitempty"`
	Notes     []string    `json:"notes,omitempty"`
}

// answerView is an answer. Its body is not looked at.
type answerView struct {
	Status     int         `json:"status,omitempty"`
	Challenges []challenge `json:"challenges,omitempty"`
	RetryAfter string      `json:"retry_after,omitempty"`
	// Problem says why there is no answer.
	Problem  string   `json:"problem,omitempty"`
	Location string   `json:"location,omitempty"`
	Meaning  []string `json:"meaning"`
}

// resourceView is the metadata of a service (RFC 9728).
type resourceView struct {
	URL      string   `json:"url"`
	Problem  string   `json:"problem,omitempty"`
	Resource string   `json:"resource,omitempty"`
	Servers  []string `json:"authorization_servers,omitempty"`
	Scopes   []string `json:"scopes_supported,omitempty"`
}

// prober looks at a service.
type prober struct {
	client  *http.Client
	now     func() time.Time
	options options
	token   string
}

// probe asks without a token first, and with it only if it was told to.
func (p *prober) probe(ctx context.Context) *serviceView {
	s := &serviceView{URL: p.options.url}
	s.Anonymous = p.ask(ctx, "")
	s.Anonymous.Meaning = meaningWithout(&s.Anonymous, p.options.issuer != "")
	s.Outcome = outcomeWithout(&s.Anonymous)
	if s.Anonymous.Problem == "" {
		s.Metadata = p.metadata(ctx, &s.Anonymous, s)
	}
	p.compare(s)
	if !p.options.sendToken {
		return s
	}
	answer := p.ask(ctx, p.token)
	answer.Meaning = meaningWith(&answer, p.options.issuer != "")
	s.TokenSent, s.WithToken, s.Outcome = true, &answer, outcomeWith(&answer)
	return s
}

// ask sends one request, with the token if there is one, and to the URL that was given alone: redirects are not followed.
func (p *prober) ask(ctx context.Context, token string) answerView {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.options.url, nil)
	if err != nil {
		return answerView{Problem: "the URL cannot be asked"}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return answerView{Problem: upstream.Cause(err).Error()}
	}
	resp.Body.Close()
	clean := newRedactor(token)
	return answerView{
		Status:     resp.StatusCode,
		Challenges: clean.challenges(parseChallenges(resp.Header.Values("WWW-Authenticate"))),
		RetryAfter: clean.text(resp.Header.Get("Retry-After")),
		Location:   clean.text(resp.Header.Get("Location")),
	}
}

const wellKnown = "/.well-known/oauth-protected-resource"

// metadata reads what the challenge names, or else what is where RFC 9728, section 3.1 has it; nil if there is none.
func (p *prober) metadata(ctx context.Context, answer *answerView, s *serviceView) *resourceView {
	for _, c := range answer.Challenges {
		named := c.Params["resource_metadata"]
		switch {
		case named == "":
		case !sameOrigin(named, p.options.url):
			s.Notes = append(s.Notes, fmt.Sprintf("The challenge names metadata at %s, which is on another host and was "+
				"not fetched.", quote(named)))
			return nil
		default:
			return p.readMetadata(ctx, named)
		}
	}
	u, err := url.Parse(p.options.url)
	if err != nil {
		return nil
	}
	base := u.Scheme + "://" + u.Host + wellKnown
	for _, location := range []string{base + strings.TrimSuffix(u.EscapedPath(), "/"), base} {
		if found := p.readMetadata(ctx, location); found.Problem == "" {
			return found
		}
	}
	return nil
}

func (p *prober) readMetadata(ctx context.Context, location string) *resourceView {
	recorder := newRecorder(p.client, p.now)
	answer := recorder.get(ctx, recorder.client(p.options.timeout), location)
	m := &resourceView{URL: location, Problem: answer.problem()}
	if m.Problem != "" {
		return m
	}
	members, err := strictjson.Object(answer.body)
	if err != nil {
		m.Problem = "no JSON object"
		return m
	}
	m.Resource = claim.OptionalText(members["resource"])
	m.Servers = texts(members["authorization_servers"])
	m.Scopes = texts(members["scopes_supported"])
	if !covers(m.Resource, p.options.url) {
		m.Problem = "its resource is not the service: clients have to ignore it (RFC 9728, section 3.3)"
	}
	return m
}

// covers reports whether a URL belongs to a resource: it is that, or below it.
func covers(resource, target string) bool {
	rest, found := strings.CutPrefix(target, strings.TrimSuffix(resource, "/"))
	return resource != "" && found && (rest == "" || strings.ContainsAny(rest[:1], "/?"))
}

func (s *serviceView) text(b *strings.Builder) {
	section(b, "service "+quote(s.URL)+", without a token", s.Anonymous.lines())
	if s.Metadata != nil {
		section(b, "metadata of the service (RFC 9728)", s.Metadata.lines())
	}
	if s.WithToken != nil {
		section(b, "service, with the token", s.WithToken.lines())
	}
	if len(s.Notes) > 0 {
		section(b, "notes", wrapAll(s.Notes))
	}
	section(b, "service: "+s.summary(), nil)
}

// summary says in words what the exit status says.
func (s *serviceView) summary() string {
	if s.TokenSent {
		return s.Outcome
	}
	return map[string]string{
		outcomeAccepted: "challenges as it should",
		outcomeRefused:  "does not challenge as it should",
		outcomeUnknown:  "could not be found out",
	}[s.Outcome]
}

func (a *answerView) lines() []string {
	if a.Problem != "" {
		return append([]string{"no answer: " + a.Problem}, wrapAll(a.Meaning)...)
	}
	lines := []string{fmt.Sprintf("status %d %s", a.Status, http.StatusText(a.Status))}
	for _, c := range a.Challenges {
		lines = append(lines, "challenge "+c.String())
	}
	if a.RetryAfter != "" {
		lines = append(lines, "Retry-After "+quote(a.RetryAfter))
	}
	return append(lines, wrapAll(a.Meaning)...)
}

func (m *resourceView) lines() []string {
	lines := []string{quote(m.URL) + after(m.Problem)}
	if m.Resource != "" {
		lines = append(lines, "resource "+quote(m.Resource), "authorization servers "+cmp.Or(quoteAll(m.Servers), "none"))
	}
	if len(m.Scopes) > 0 {
		lines = append(lines, "scopes "+quoteAll(m.Scopes))
	}
	return lines
}
