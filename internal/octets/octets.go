// Package octets lets texts and octets share memory. Everything that comes out of it must not be written to, nor what went
// in. It is the only package that does this, so that there is one place to look for it.
package octets

import "unsafe"

// Of returns the octets of a text, for callees that only read.
func Of(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }

// Text returns octets that nobody changes any more as a text.
func Text(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }
