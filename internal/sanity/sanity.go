// Package sanity recognises settings that cannot be meant, so that constructors refuse them with a sentence that says what
// to write instead. Its errors repeat nothing of a secret.
package sanity

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// IsNil also finds a nil pointer or function inside an interface, which comes from an error that nobody looked at.
func IsNil(part any) bool {
	switch value := reflect.ValueOf(part); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return value.IsNil()
	default:
		return false
	}
}

// Identifier says why text that is compared octet by octet, such as an issuer or an audience, cannot be meant. Nil if it
// can.
func Identifier(text string) error {
	switch {
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it has a control character, such as the line break at the end of a file: remove it")
	case text != strings.TrimSpace(text):
		return errors.New("it has white space around it, which would be compared like the rest: remove it")
	}
	return nil
}

// Identifiers says which of the identifiers in the list called name cannot be meant.
func Identifiers(name string, list []string) error {
	for i, text := range list {
		if text == "" {
			return fmt.Errorf("%s[%d] is empty: leave it out, or write an identifier", name, i)
		}
		if err := Identifier(text); err != nil {
			return fmt.Errorf("%s[%d]: %w", name, i, err)
		}
	}
	return nil
}

// Port reports whether something can listen on a port.
func Port(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && number > 0
}

// Key says why octets that are long enough are no secret key all the same. Nil if they may be one.
func Key(secret []byte) error {
	text := bytes.TrimSpace(secret)
	switch {
	case bytes.Count(secret, secret[:min(len(secret), 1)]) == len(secret):
		return errors.New("all of its octets are the same: fill it from crypto/rand")
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		return errors.New("it is a PEM block, and what others know is no secret: write the octets of the shared key")
	case bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"kty"`)):
		return errors.New("it is a JWK: write the octets that its member k stands for")
	case len(text) < len(secret) && isText(text):
		return errors.New("it is text with white space around it, such as the line break at the end of a file, which would " +
			"be a part of the key: remove it")
	}
	return nil
}

func isText(octets []byte) bool {
	return !bytes.ContainsFunc(octets, func(c rune) bool { return c < ' ' || c > '~' })
}

// Duration is a setting.
type Duration struct {
	// Name is that of the field.
	Name string
	// Value is what was set. Zero and negative values have a meaning of their own everywhere.
	Value time.Duration
	// Most is the longest that makes sense, Because says why, zero for no bound.
	Most    time.Duration
	Because string
}

// Durations says which of the settings cannot be meant. Nobody means less than a millisecond: that is what a number without
// a unit comes to.
func Durations(all ...Duration) error {
	for _, d := range all {
		switch {
		case 0 < d.Value && d.Value < time.Millisecond:
			return fmt.Errorf("%s is %v, because a number without a unit counts nanoseconds: write a unit, such as 5*time.Second",
				d.Name, d.Value)
		case d.Most > 0 && d.Value > d.Most:
			return fmt.Errorf("%s must be at most %v: %s", d.Name, d.Most, d.Because)
		}
	}
	return nil
}
