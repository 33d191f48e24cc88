package oauthtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bearergate/bearergate/internal/challenge"
	"github.com/bearergate/bearergate/internal/conformance"
)

// judge returns what is wrong with an answer, nothing if one of those that are right is like it.
func (s *scene) judge(got exchanged) []string {
	if got.err != nil {
		return s.report(got, []string{"no answer"})
	}
	wrong := s.always(got)
	closest := s.Expect[0]
	for _, right := range s.Expect {
		if right.Takes(got.status) {
			closest = right
		}
	}
	return s.report(got, append(wrong, s.differences(closest, got)...))
}

// report puts each problem into the context of the whole exchange.
func (s *scene) report(got exchanged, wrong []string) []string {
	context := "\n  source: " + s.Source + s.decoded(got.request) + got.String()
	var problems []string
	for _, sentence := range wrong {
		problems = append(problems, s.Title+": "+sentence+context)
	}
	return problems
}

// decoded shows what the first two parts of the token say, if it was sent and says something.
func (s *scene) decoded(r *http.Request) string {
	var b strings.Builder
	if !strings.Contains(fmt.Sprint(r.Header, r.URL), s.token) {
		return ""
	}
	for i, part := range strings.Split(s.token, ".") {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if i > 1 || err != nil || len(text) == 0 || text[0] != '{' || len(text) > shown {
			break
		}
		fmt.Fprintf(&b, "\n  %s %s", [...]string{"header", "claims"}[i], strings.ToValidUTF8(string(text), "\ufffd"))
	}
	return b.String()
}

// always returns what no answer may do.
func (s *scene) always(got exchanged) (wrong []string) {
	if got.visits > 0 {
		wrong = append(wrong, "the service made a request to a URL that the token named")
	}
	if got.counted && !got.admitted() && got.calls > 0 {
		wrong = append(wrong, "the handler was called although the request was refused")
	}
	if got.counted && got.admitted() && got.calls == 0 {
		wrong = append(wrong, "the answer is a success, but the handler was not called")
	}
	if !got.admitted() && s.leaks(got) {
		wrong = append(wrong, "the refusal repeats a part of the token")
	}
	return wrong
}

// leaks reports whether the answer holds a long part of the token.
func (s *scene) leaks(got exchanged) bool {
	const long = 16
	said := fmt.Sprint(got.header, got.body)
	return slices.ContainsFunc(strings.Split(s.token, "."), func(part string) bool {
		return len(part) >= long && strings.Contains(said, part)
	})
}

// differences returns how an answer differs from one that is right.
func (s *scene) differences(right conformance.Answer, got exchanged) (wrong []string) {
	if !right.Takes(got.status) {
		return []string{fmt.Sprintf("status %d, want %s", got.status, s.wanted())}
	}
	if right.Challenge != nil {
		wrong = s.challenge(*right.Challenge, challenge.Parse(got.header.Values("WWW-Authenticate")))
	}
	for _, name := range slices.Sorted(maps.Keys(right.Header)) {
		text := right.Header[name]
		value := strings.Join(got.header.Values(name), ", ")
		if !s.mustOnly && (value == "" || !strings.Contains(value, text)) {
			wrong = append(wrong, fmt.Sprintf("%s is %q and should contain %q", name, value, text))
		}
	}
	for _, name := range right.WithoutHeader {
		if got.header.Values(name) != nil {
			wrong = append(wrong, fmt.Sprintf("there is a header field %s", name))
		}
	}
	if right.MaxFetches != nil && got.fetches > *right.MaxFetches {
		wrong = append(wrong, fmt.Sprintf("keys were fetched %d times, want at most %d", got.fetches, *right.MaxFetches))
	}
	return wrong
}

// wanted lists the answers that are right.
func (s *scene) wanted() string {
	var all []string
	for _, right := range s.Expect {
		text := "2xx"
		if !right.Admitted {
			text = strings.Trim(fmt.Sprint(right.Status), "[]")
		}
		if right.Why != "" {
			text += " (" + right.Why + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", or ")
}

// challenge returns how the challenge that comes closest differs from what one of them has to say.
func (s *scene) challenge(want conformance.Challenge, got []challenge.Challenge) []string {
	closest := []string{"there is no " + want.Scheme + " challenge in WWW-Authenticate"}
	found := false
	for _, c := range got {
		if !strings.EqualFold(c.Scheme, want.Scheme) {
			continue
		}
		if wrong := s.says(want, c); !found || len(wrong) < len(closest) {
			found, closest = true, wrong
		}
	}
	return closest
}

// says returns how a challenge differs from what it has to say.
func (s *scene) says(want conformance.Challenge, got challenge.Challenge) (wrong []string) {
	wrong = s.parameters(want.Must, got.Params, "must")
	if s.mustOnly {
		return wrong
	}
	wrong = append(wrong, s.parameters(want.Should, got.Params, "should")...)
	for _, name := range want.ShouldNotHave {
		if _, found := got.Params[name]; found {
			wrong = append(wrong, fmt.Sprintf("the challenge should not have %s", name))
		}
	}
	return wrong
}

func (s *scene) parameters(want, got map[string]string, verb string) (wrong []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, found := got[name]
		text, err := s.texts().expand(want[name])
		if err != nil || !found || text != anyValue && !sameWords(value, text) {
			wrong = append(wrong, fmt.Sprintf("%s in the challenge is %q and %s be %q", name, value, verb, text))
		}
	}
	return wrong
}

// anyValue stands for whatever a parameter says.
const anyValue = "*"

// sameWords compares lists such as scope, whose order means nothing.
func sameWords(a, b string) bool {
	one, other := strings.Fields(a), strings.Fields(b)
	slices.Sort(one)
	slices.Sort(other)
	return slices.Equal(one, other)
}
