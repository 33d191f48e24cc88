package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/bearergate/bearergate/examples/quickstart/playground"
)

// exchange is a request and its response, as text.
type exchange struct {
	request, response string
	// essence is what must be the same on every framework: status, challenge and body.
	essence string
}

// show sends the same request to every API. It prints the first exchange, and another one only if it was different.
func show(apis []api, token string) error {
	var first exchange
	var same []string
	for i, a := range apis {
		e, err := send(a.url, token)
		switch {
		case err != nil:
			return err
		case i == 0:
			first = e
			e.print()
		case e.essence == first.essence:
			same = append(same, a.framework)
		default:
			fmt.Printf("\n  %s answers otherwise:\n", a.framework)
			e.print()
		}
	}
	if len(same) > 0 {
		fmt.Printf("\n  %s: the same answer\n", strings.Join(same, ", "))
	}
	return nil
}

func send(url, token string) (exchange, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return exchange{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	sent, err := httputil.DumpRequestOut(request, false)
	if err != nil {
		return exchange{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return exchange{}, err
	}
	defer response.Body.Close()
	received, err := httputil.DumpResponse(response, true)
	if err != nil {
		return exchange{}, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return exchange{}, err
	}
	essence := fmt.Sprintln(response.Status, response.Header.Values("WWW-Authenticate"), strings.TrimSpace(string(body)))
	return exchange{playground.Shorten(string(sent), token), string(received), essence}, nil
}

func (e exchange) print() {
	fmt.Println()
	printLines("  > ", e.request)
	printLines("  < ", e.response)
}

func printLines(prefix, text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Println(strings.TrimRight(prefix+strings.TrimSpace(line), " "))
	}
}
