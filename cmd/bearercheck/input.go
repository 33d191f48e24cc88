package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxInputBytes bounds what is read in search of a token; the kit itself looks at 16 KiB.
const maxInputBytes = 1 << 20

var (
	errNoToken = errors.New("no token: pipe it in, or name a file with -token-file or a variable with -token-env")
	errLarge   = errors.New("what should be the token is larger than 1 MiB")
)

// readToken returns the token, "" if none is needed. White space around it and a leading "Bearer" are taken away, since
// that is how tokens are copied.
func (o *options) readToken(w world) (string, error) {
	if o.issuer == "" && !o.sendToken {
		return "", nil
	}
	text, err := o.tokenText(w)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(text)
	if scheme, rest, _ := strings.Cut(token, " "); strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return "", errNoToken
	}
	return token, nil
}

func (o *options) tokenText(w world) (string, error) {
	from := w.stdin
	switch {
	case o.tokenEnv != "":
		return w.getenv(o.tokenEnv), nil
	case o.tokenFile != "" && o.tokenFile != "-":
		file, err := os.Open(o.tokenFile)
		if err != nil {
			return "", fmt.Errorf("-token-file: %w", err)
		}
		defer func() { _ = file.Close() }()
		from = file
	case isTerminal(from):
		return "", errNoToken // typed in, it would stay on the screen
	}
	text, err := io.ReadAll(io.LimitReader(from, maxInputBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading the token: %w", err)
	case len(text) > maxInputBytes:
		return "", errLarge
	}
	return string(text), nil
}

func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
