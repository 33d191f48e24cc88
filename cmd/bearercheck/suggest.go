package main

import (
	"fmt"
	"go/format"
	"slices"
	"strings"
	"time"

	"github.com/bearergate/bearergate/jwks"
	"github.com/bearergate/bearergate/middleware"
)

// suggestion is what to configure for the token, or why nothing should be.
type suggestion struct {
	// Code is Go code, "" if nothing should be configured for this token.
	Code string `json:"code,omitempty"`
	// Tried says whether the kit accepted the token with it. Introspection is not tried: it would send the token away.
	Tried bool `json:"tried"`
	// Loosens says what a service gives up with it.
	Loosens []string `json:"loosens,omitempty"`
	// Against says why no configuration should accept the token.
	Against []string `json:"against,omitempty"`
}

// suggest returns what to configure, nil for a token that is accepted as it is.
func (c *check) suggest(met []obstacle, last situation) *suggestion {
	if len(met) == 0 {
		return nil
	}
	unreadable := c.view.Form == formOpaque || c.view.Form == formEncrypted
	if unreadable && met[0].reason == middleware.ReasonMalformedToken {
		return c.suggestIntrospection()
	}
	s := &suggestion{}
	if against := c.whyNoAccessToken(); against != "" {
		s.Against = append(s.Against, against)
	}
	for _, o := range met {
		switch {
		case o.past == nil && o.reason == middleware.ReasonNotAccessToken && len(s.Against) > 0:
		case o.past == nil:
			s.Against = append(s.Against, c.deadEnd(o))
		case o.past.against != "" && !slices.Contains(s.Against, o.past.against):
			s.Against = append(s.Against, o.past.against)
		case o.past.against == "":
			s.Loosens = append(s.Loosens, o.past.loosens)
		}
	}
	c.doubtAudience(s, last)
	if len(s.Against) > 0 {
		return &suggestion{Against: s.Against}
	}
	s.Code, s.Tried = c.code(last.config)+policyCode(last), true
	return s
}

// doubtAudience says that an audience which was not given comes from the token.
func (c *check) doubtAudience(s *suggestion, last situation) {
	if len(c.options.audiences) > 0 {
		return
	}
	if why := c.whyNotAudience(last.config.Audience); why != "" && !slices.Contains(s.Against, why) {
		s.Against = append(s.Against, why)
		return
	}
	s.Loosens = append(s.Loosens, "Audience is what the token says, since -audience was not given: only if that is a name "+
		"of this service.")
}

// deadEnd says why nothing gets past an obstacle.
func (c *check) deadEnd(o obstacle) string {
	if c.unsigned() {
		return "It is not signed: anybody can make such a token."
	}
	switch o.reason {
	case middleware.ReasonMalformedToken, middleware.ReasonMalformedCredentials:
		return "It is not one whole token. Copy it again, all of it and nothing else."
	case middleware.ReasonBadSignature, middleware.ReasonUnknownKey:
		return "Its signature was made with none of the issuer's keys, so it must not be believed."
	case middleware.ReasonKeysUnavailable:
		return "Without keys nothing can be said about the token. Run this again when the issuer has some."
	case middleware.ReasonInsufficientScope:
		return "It does not grant what the route requires. The client has to ask for more; the route should not ask for less."
	case middleware.ReasonAlgorithmNotAllowed:
		return "It is not signed in a way that the configured keys can verify."
	case middleware.ReasonUntrustedIssuer:
		return "It is of an issuer that is not trusted here. If it should be, run this again with its name in -issuer."
	case middleware.ReasonNotAccessToken:
		return "It is no access token."
	}
	return fmt.Sprintf("Nothing that can be configured accepts it (%s).", o.reason)
}

func (c *check) suggestIntrospection() *suggestion {
	if c.issuer.introspection == "" {
		return &suggestion{Against: []string{"No jwks.Config accepts it, for it is no signed JWT. " + c.hereIntrospection()}}
	}
	return &suggestion{
		Code: formatted("introspection.New(introspection.Config{\n" +
			field("Issuer", c.options.issuer) +
			audienceField(c.options.audiences) +
			"\tClientAuth: introspection.SecretBasic(clientID, clientSecret),\n})"),
		Loosens: []string{"Nothing: the authorization server is asked about each token, and its answers are believed for " +
			"a minute. With middleware.ByFormat JWTs are still judged here."},
	}
}

func audienceField(audiences []string) string {
	if len(audiences) == 0 {
		return ""
	}
	return field("Audience", audiences[0])
}

// code writes a configuration as one writes it in a program. Only what differs from the default is there.
func (c *check) code(config jwks.Config) string {
	var b strings.Builder
	b.WriteString("jwks.New(jwks.Config{\n")
	b.WriteString(field("Issuer", config.Issuer))
	b.WriteString(field("Audience", config.Audience))
	if len(config.OtherAudiences) > 0 {
		fmt.Fprintf(&b, "\tOtherAudiences: %s,\n", stringSlice(config.OtherAudiences))
	}
	if config.Profile != jwks.RFC9068 {
		fmt.Fprintf(&b, "\tProfile: %s,\n", profileOf(config.Profile))
	}
	if len(config.Algorithms) > 0 {
		fmt.Fprintf(&b, "\tAlgorithms: %s,\n", stringSlice(config.Algorithms))
	}
	if config.Leeway != 0 {
		fmt.Fprintf(&b, "\tLeeway: %s,\n", duration(config.Leeway))
	}
	switch {
	case config.Keys != nil:
		b.WriteString("\tKeys: keys, // jwks.ParseKeys(document)\n")
	case config.Secret != nil:
		b.WriteString("\tSecret: secret,\n")
	case config.JWKSURL != "":
		b.WriteString(field("JWKSURL", config.JWKSURL))
	}
	if c.options.caFile != "" {
		b.WriteString("\tHTTPClient: client, // that trusts the certificates of -ca-file\n")
	}
	if config.AllowLoopbackHTTP {
		b.WriteString("\tAllowLoopbackHTTP: true,\n")
	}
	b.WriteString("})")
	return formatted(b.String())
}

// formatted writes Go code as gofmt does.
func formatted(code string) string {
	pretty, err := format.Source([]byte(code))
	if err != nil {
		return code
	}
	return string(pretty)
}

// duration writes a duration as one writes it in a program.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}} {
		if d%unit.length == 0 {
			return fmt.Sprintf("%d * %s", d/unit.length, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}

func field(name, value string) string { return fmt.Sprintf("\t%s: %+q,\n", name, value) }

func stringSlice(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%+q", v)
	}
	return "[]string{" + strings.Join(quoted, ", ") + "}"
}

func (s *suggestion) text(b *strings.Builder, outcome string) {
	switch {
	case s.Code == "" && outcome == outcomeUnknown:
		section(b, "no configuration is suggested", wrapAll(s.Against))
		return
	case s.Code == "":
		section(b, "no configuration should accept this token", wrapAll(s.Against))
		return
	}
	title := "this configuration accepts the token"
	if !s.Tried {
		title = "what can judge such tokens (not tried, since that would send the token away)"
	}
	section(b, title, strings.Split(strings.ReplaceAll(s.Code, "\t", "    "), "\n"))
	section(b, "what it loosens", wrapAll(s.Loosens))
}
