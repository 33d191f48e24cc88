// Package wycheproof holds internal/jose against the public test vectors of github.com/C2SP/wycheproof: tokens and key
// sets as the JWT validator judges them, and bare signatures with every algorithm that the kit has.
//
// The Go module proxy serves the vectors. The tests download one fixed version and check the hash of what they read;
// none of it is copied into this repository. Each case on which the kit and a file differ stands beside the file, with
// the reason; docs/reliability.md has them in words.
package wycheproof
