// Command docs checks the Markdown files of the repository: that their links, anchors and commands lead somewhere, and that
// the code of the guides is code that is compiled and run. With -update it writes that code into the guides first. Run it
// in the repository's root.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/bearergate/bearergate/internal/tools/pages"
)

func main() {
	update := flag.Bool("update", false, "write the code of the guides before the check")
	flag.Parse()
	if err := run(*update); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(update bool) error {
	tree := os.DirFS(".")
	if update {
		write := func(file string, text []byte) error { return os.WriteFile(file, text, 0o644) }
		if err := pages.Update(tree, write); err != nil {
			return err
		}
	}
	problems, err := pages.Problems(tree)
	if err != nil {
		return err
	}
	for _, sentence := range problems {
		fmt.Println(sentence)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d mistakes in Markdown files", len(problems))
	}
	return nil
}
