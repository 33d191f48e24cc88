package playground_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// count is a row of the counters.
type count struct {
	Status   int
	Reason   string
	Requests map[string]int
}

// counters opens the stream of counters.
func (d demo) counters(t *testing.T) *bufio.Reader {
	t.Helper()
	response := do(t, d.request(t, http.MethodGet, "counters", nil))
	t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("status %s, type %s", response.Status, kind)
	}
	return bufio.NewReader(response.Body)
}

// readCounters returns the rows of the next event.
func readCounters(t *testing.T, stream *bufio.Reader) (rows []count) {
	t.Helper()
	line, err := stream.ReadString('\n')
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	data, found := strings.CutPrefix(line, "data: ")
	if empty, err := stream.ReadString('\n'); !found || err != nil || empty != "\n" {
		t.Fatalf("event %q, then %q, %v", line, empty, err)
	}
	if err := json.Unmarshal([]byte(data), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every tab is told of every decision as it is made, whoever sent the request.
func TestCounters(t *testing.T) {
	d := start(t)
	first, second := d.counters(t), d.counters(t)
	orders := []order{{"good", "read", "Gin"}, {"none", "write", "Echo"}, {"dpop", "write", "net/http"}, {"expired", "public", "Gin"}}
	want := [][]count{
		{},
		{{200, "", map[string]int{"Gin": 1}}},
		{{200, "", map[string]int{"Gin": 1}}, {401, "no_credentials", map[string]int{"Echo": 1}}},
		{{200, "", map[string]int{"Gin": 1, "net/http": 1}}, {401, "no_credentials", map[string]int{"Echo": 1}}},
		{
			{200, "", map[string]int{"Gin": 1, "net/http": 1}}, {401, "expired", map[string]int{"Gin": 1}},
			{401, "no_credentials", map[string]int{"Echo": 1}},
		},
	}
	for i, rows := range want {
		for _, stream := range []*bufio.Reader{first, second} {
			if got := readCounters(t, stream); !reflect.DeepEqual(got, rows) {
				t.Errorf("event %d: %+v, want %+v", i, got, rows)
			}
		}
		if i < len(orders) {
			d.send(t, orders[i])
		}
	}
}
