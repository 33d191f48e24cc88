// Command reasons writes docs/reasons.md. Run it in the repository's root; a test of internal/tools/catalogue says when
// that is due.
package main

import (
	"fmt"
	"os"

	"github.com/bearergate/bearergate/internal/tools/catalogue"
)

func main() {
	if err := write("docs/reasons.md"); err != nil {
		fmt.Fprintln(os.Stderr, "reasons:", err)
		os.Exit(1)
	}
}

func write(file string) error {
	constants, err := catalogue.Constants(os.DirFS("."))
	if err != nil {
		return err
	}
	document, err := catalogue.Markdown(constants)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(document), 0o644)
}
