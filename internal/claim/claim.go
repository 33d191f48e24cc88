// Package claim reads the values of claims (RFC 7519, section 4) and of the members of introspection answers, which
// have the same form (RFC 7662, section 2.2).
package claim

import (
	"math"
	"strconv"
	"time"

	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/middleware"
)

// Decoder reads claims and remembers whether any had a value of the wrong kind. Null is a value, and no claim's kind;
// an absent claim, a nil value, reads as zero.
type Decoder struct{ failed bool }

// Failed reports whether any claim so far had a value of the wrong kind.
func (d *Decoder) Failed() bool { return d.failed }

// Text reads a string.
func (d *Decoder) Text(v strictjson.Value) string {
	if v == nil {
		return ""
	}
	s, ok := strictjson.Text(v)
	d.failed = d.failed || !ok
	return s
}

// First returns the first text that is there.
func (d *Decoder) First(values ...strictjson.Value) string {
	for _, v := range values {
		if s := d.Text(v); s != "" {
			return s
		}
	}
	return ""
}

// List reads a string or an array of strings, such as aud (RFC 7519, section 4.1.3).
func (d *Decoder) List(v strictjson.Value) []string { return d.appendList(nil, v) }

// Audience is List for an aud.
func (d *Decoder) Audience(v strictjson.Value) middleware.Audience {
	var usual [4]string
	return middleware.NewAudience(d.appendList(usual[:0], v)...)
}

func (d *Decoder) appendList(list []string, v strictjson.Value) []string {
	if v == nil {
		return list
	}
	if s, ok := strictjson.Text(v); ok {
		return append(list, s)
	}
	list, ok := strictjson.Strings(list, v)
	d.failed = d.failed || !ok
	return list
}

// Date reads a NumericDate.
func (d *Decoder) Date(v strictjson.Value) time.Time {
	if v == nil {
		return time.Time{}
	}
	t, ok := numericDate(v)
	d.failed = d.failed || !ok
	return t
}

// Start reads nbf. Some servers write 0 for a token that holds from the beginning.
func (d *Decoder) Start(v strictjson.Value) time.Time {
	if string(v) == "0" {
		return time.Time{}
	}
	return d.Date(v)
}

// maxDate is the last second that RFC 3339 can write; a NumericDate beyond it is a mistake or an attack.
const maxDate = 253402300799

// numericDate reads seconds since 1970, possibly fractional (RFC 7519, section 2).
func numericDate(v strictjson.Value) (time.Time, bool) {
	if seconds, ok := wholeSeconds(v); ok {
		return time.Unix(seconds, 0), true
	}
	if v.Kind() != '0' {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f <= 0 || f > maxDate {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// wholeSeconds reads what almost every NumericDate is: ten digits.
func wholeSeconds(v strictjson.Value) (seconds int64, ok bool) {
	if len(v) != 10 || v[0] == '0' {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = 10*seconds + int64(c-'0')
	}
	return seconds, true
}

// Actor reads the outermost act (RFC 8693, section 4.1). One that names nobody cannot be judged.
func (d *Decoder) Actor(v strictjson.Value) middleware.Actor {
	if v == nil {
		return middleware.Actor{}
	}
	members, err := strictjson.Object(v)
	if err != nil {
		d.failed = true
		return middleware.Actor{}
	}
	a := middleware.Actor{
		Issuer:   d.Text(members["iss"]),
		Subject:  d.Text(members["sub"]),
		ClientID: d.Text(members["client_id"]),
	}
	d.failed = d.failed || a == middleware.Actor{}
	return a
}

// Confirmation reads cnf (RFC 7800, section 3.1), an object with at least one member.
func (d *Decoder) Confirmation(v strictjson.Value) middleware.Confirmation {
	if v == nil {
		return middleware.Confirmation{}
	}
	members, err := strictjson.Object(v)
	if err != nil || len(members) == 0 {
		d.failed = true
		return middleware.Confirmation{}
	}
	methods := make(map[string]string, len(members))
	for method, value := range members {
		text, ok := strictjson.Text(value)
		if !ok {
			text = string(value)
		}
		methods[method] = text
	}
	return middleware.NewConfirmation(methods)
}

// OptionalText and [OptionalDate] are for claims that only ever add to what a token may do: a strange value adds
// nothing.
func OptionalText(v strictjson.Value) string {
	s, _ := strictjson.Text(v)
	return s
}

// OptionalDate is [OptionalText] for a NumericDate.
func OptionalDate(v strictjson.Value) time.Time {
	if v == nil {
		return time.Time{}
	}
	t, _ := numericDate(v)
	return t
}
