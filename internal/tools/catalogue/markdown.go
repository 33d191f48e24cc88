package catalogue

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/bearergate/bearergate/internal/reasons"
	"github.com/bearergate/bearergate/middleware"
)

const preamble = `# Why was this request refused?

<!-- Written by make reasons from the source. Change internal/reasons, or the doc comments of the constants. -->

Every refusal has a reason code. It is in ` + "`Decision.Reason`" + `, in what ` + "`middleware.LogDecisions`" + ` logs, and in
` + "`middleware.ReasonOf(err)`" + `. It is never sent: what a client sees is the status and the error code of the
challenge, which are in the table too. To find the reason for a token at hand, pipe it into

` + "```" + `
go run github.com/bearergate/bearergate/cmd/bearercheck@latest -issuer URL -audience ID
` + "```" + `

which sends it nowhere. The reason names the first thing that was found wrong. Claims are looked at before the signature, so
a forged token is usually refused for something else than its signature.
`

// Markdown writes the catalogue. It returns an error for a constant without an entry.
func Markdown(constants []Constant) (string, error) {
	var b strings.Builder
	b.WriteString(preamble)
	b.WriteString("\n| code | status | error of the challenge |\n|---|---|---|\n")
	for _, c := range constants {
		entry, ok := reasons.Of(middleware.Reason(c.Value))
		if !ok {
			return "", fmt.Errorf("%s has no entry in internal/reasons", c.Title())
		}
		fmt.Fprintf(&b, "| [`%s`](#%s) | %d | %s |\n", c.Value, c.Value, entry.Status, code(entry))
	}
	heading := ""
	for _, c := range constants {
		if h := section(c); h != heading {
			heading = h
			fmt.Fprintf(&b, "\n## %s\n", heading)
		}
		entry, _ := reasons.Of(middleware.Reason(c.Value))
		write(&b, c, entry)
	}
	return b.String(), nil
}

// section is the heading that a constant stands under.
func section(c Constant) string {
	if c.Package == core && c.Group != "" {
		return strings.TrimSuffix(c.Group, ".")
	}
	return "Package " + c.Package
}

func write(b *strings.Builder, c Constant, entry reasons.Entry) {
	fmt.Fprintf(b, "\n### %s\n\n", c.Value)
	fmt.Fprintf(b, "`%s`, %d %s", c.Title(), entry.Status, http.StatusText(entry.Status))
	if entry.Code != "" {
		fmt.Fprintf(b, ", `error=\"%s\"`", entry.Code)
	}
	b.WriteString(".")
	if doc := strings.TrimPrefix(c.Doc, c.Name+": "); doc != "" {
		fmt.Fprintf(b, " %s", capital(doc))
	}
	fmt.Fprintf(b, "\n\n- Cause: %s\n- Fix: %s\n", entry.Cause, entry.Fix)
	if len(entry.Options) > 0 {
		fmt.Fprintf(b, "- See: `%s`\n", strings.Join(entry.Options, "`, `"))
	}
}

func code(entry reasons.Entry) string {
	if entry.Code == "" {
		return "none"
	}
	return "`" + string(entry.Code) + "`"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
