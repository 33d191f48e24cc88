// Package peers sends the same ordinary and hostile requests to the demo resource server and to other software for the same
// purpose, and explains by a rule of a standard where the answers differ.
package peers
