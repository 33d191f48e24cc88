package main

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearergate/bearergate/internal/claim"
	"github.com/bearergate/bearergate/internal/strictjson"
)

// The forms of a token.
const (
	formJWT       = "signed JWT"
	formEncrypted = "encrypted JWT"
	formOpaque    = "opaque"
	formBroken    = "broken JWT"
)

// tokenView is what a token says of itself. Nothing in it is proven: it is shown, and compared with what the kit found, and
// never decides. It has no value of a claim that could be a secret or name a person.
type tokenView struct {
	Form       string   `json:"form"`
	Bytes      int      `json:"bytes"`
	Algorithm  string   `json:"alg,omitempty"`
	Type       string   `json:"typ,omitempty"`
	KeyID      string   `json:"kid,omitempty"`
	Issuer     string   `json:"iss,omitempty"`
	Audience   []string `json:"aud,omitempty"`
	Subject    string   `json:"sub,omitempty"` // shortened
	Client     string   `json:"client,omitempty"`
	Scopes     []string `json:"scopes,omitempty"`
	IssuedAt   *stamp   `json:"iat,omitempty"`
	NotBefore  *stamp   `json:"nbf,omitempty"`
	Expires    *stamp   `json:"exp,omitempty"`
	BoundBy    []string `json:"cnf,omitempty"` // the members of cnf, not their values
	ClaimNames []string `json:"claims,omitempty"`

	header, claims map[string]strictjson.Value
	clientClaim    string
	scopeClaim     string
}

// stamp is a time that a token states.
type stamp struct{ time.Time }

// String writes the time to the second, in UTC.
func (s stamp) String() string { return s.UTC().Format(time.RFC3339) }

// MarshalText implements encoding.TextMarshaler.
func (s stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// view reads a token without believing it, as far as it can be read: the kit may have refused it for its form.
func view(token string) *tokenView {
	v := &tokenView{Form: formOpaque, Bytes: len(token)}
	parts := strings.Split(token, ".")
	if len(parts) != 3 && len(parts) != 5 {
		return v
	}
	v.header = jsonObject(parts[0])
	switch {
	case v.header == nil && !strings.HasPrefix(token, "eyJ"):
		return v
	case v.header == nil:
		v.Form = formBroken
		return v
	case len(parts) == 5:
		v.Form = formEncrypted
	default:
		v.Form = formJWT
		if v.claims = jsonObject(parts[1]); v.claims == nil {
			v.Form = formBroken
		}
	}
	v.read()
	return v
}

// jsonObject reads a part of a JWT, nil if it is no strict JSON object.
func jsonObject(part string) map[string]strictjson.Value {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	members, err := strictjson.Object(data)
	if err != nil {
		return nil
	}
	return members
}

func (v *tokenView) read() {
	v.Algorithm = claim.OptionalText(v.header["alg"])
	v.Type = claim.OptionalText(v.header["typ"])
	v.KeyID = claim.OptionalText(v.header["kid"])
	v.Issuer = claim.OptionalText(v.claims["iss"])
	v.Audience = texts(v.claims["aud"])
	v.Subject = shorten(claim.OptionalText(v.claims["sub"]))
	v.clientClaim, v.Client = v.firstText("client_id", "azp", "appid", "cid")
	v.IssuedAt, v.NotBefore, v.Expires = v.date("iat"), v.date("nbf"), v.date("exp")
	for _, name := range []string{"scope", "scp"} {
		if v.claims[name] != nil {
			v.scopeClaim, v.Scopes = name, words(v.claims[name])
			break
		}
	}
	if bound, err := strictjson.Object(v.claims["cnf"]); err == nil {
		v.BoundBy = slices.Sorted(maps.Keys(bound))
	}
	v.ClaimNames = slices.Sorted(maps.Keys(v.claims))
}

func (v *tokenView) has(name string) bool { return v.claims[name] != nil }

func (v *tokenView) text(name string) string { return claim.OptionalText(v.claims[name]) }

func (v *tokenView) firstText(names ...string) (name, text string) {
	for _, name := range names {
		if text := v.text(name); text != "" {
			return name, text
		}
	}
	return "", ""
}

func (v *tokenView) date(name string) *stamp {
	at := claim.OptionalDate(v.claims[name])
	if at.IsZero() {
		return nil
	}
	return &stamp{at}
}

// texts reads a string or an array of strings; anything else is nothing.
func texts(value strictjson.Value) []string {
	var d claim.Decoder
	list := d.List(value)
	if d.Failed() {
		return nil
	}
	return list
}

// words reads a list of scopes in any of the forms that servers use.
func words(value strictjson.Value) []string {
	var all []string
	for _, text := range texts(value) {
		all = append(all, strings.Fields(text)...)
	}
	return all
}

// shownSubject is how much of a subject is shown: enough to recognise one's own, and not enough to name a stranger.
const shownSubject = 3

func shorten(subject string) string {
	runes := []rune(subject)
	if len(runes) == 0 {
		return ""
	}
	return fmt.Sprintf("%s... (%d characters)", string(runes[:min(shownSubject, len(runes)/2)]), len(runes))
}

// maxShown bounds a value in the report.
const maxShown = 200

// quote makes text from a token or a server fit for a terminal.
func quote(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	}
	return strconv.QuoteToASCII(text)
}

// maxListed bounds a list in the report.
const maxListed = 20

func quoteAll(texts []string) string {
	var quoted []string
	for _, text := range texts[:min(len(texts), maxListed)] {
		quoted = append(quoted, quote(text))
	}
	if more := len(texts) - len(quoted); more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}

// lines describes the token, one fact in each line.
func (v *tokenView) lines() []string {
	lines := []string{fmt.Sprintf("%-8s %s, %d bytes", "form", v.Form, v.Bytes)}
	add := func(name, value string) { lines = append(lines, fmt.Sprintf("%-8s %s", name, value)) }
	if v.header != nil {
		add("header", fmt.Sprintf("alg %s, typ %s, kid %s", orNone(v.Algorithm), orNone(v.Type), orNone(v.KeyID)))
	}
	if v.claims == nil {
		return lines
	}
	add("iss", orNone(v.Issuer))
	add("aud", cmp.Or(quoteAll(v.Audience), "none"))
	add("sub", orNone(v.Subject))
	add("client", orNone(v.Client)+in(v.clientClaim))
	add("scope", cmp.Or(quoteAll(v.Scopes), "none")+in(v.scopeClaim))
	for _, each := range []struct {
		name string
		at   *stamp
	}{{"iat", v.IssuedAt}, {"nbf", v.NotBefore}, {"exp", v.Expires}} {
		if each.at != nil {
			add(each.name, each.at.String())
		}
	}
	if len(v.BoundBy) > 0 {
		add("cnf", "bound by "+quoteAll(v.BoundBy))
	}
	add("claims", plainNames(v.ClaimNames))
	return lines
}

func in(claim string) string {
	if claim == "" {
		return ""
	}
	return " (" + claim + ")"
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return quote(text)
}

// plainNames lists names, those in quotes that are none such as one sees.
func plainNames(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = name
		if quoted := quote(name); quoted != `"`+name+`"` || strings.ContainsAny(name, ", ") {
			shown[i] = quoted
		}
	}
	return cmp.Or(strings.Join(shown, ", "), "none")
}
