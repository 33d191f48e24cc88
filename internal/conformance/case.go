package conformance

import (
	"bufio"
	"bytes"
	_ "embed" // the file stands apart from the others, so that programs which replay it do not carry those
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed testdata/http-cases.jsonl
var cases []byte

// Case is one request that can be replayed against any resource server, and the answers that are right.
// testdata/README.md says what the members mean.
type Case struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	Source   string   `json:"source"`
	Needs    []string `json:"needs"`
	Unless   []string `json:"unless"`
	Route    string   `json:"route"`
	Before   []Step   `json:"before"`
	Token    Recipe   `json:"token"`
	Send     Request  `json:"send"`
	Expect   []Answer `json:"expect"`
}

// The severities.
const (
	Must   = "must"
	Should = "should"
)

// Step is what happens to the authorization server, or to the service, before the request.
type Step struct {
	Do          string  `json:"do"`
	Endpoint    string  `json:"endpoint"`
	Status      int     `json:"status"`
	Body        *string `json:"body"`
	ContentType string  `json:"content_type"`
	Drop        bool    `json:"drop"`
	Latency     int     `json:"latency_ms"`
}

// Recipe says how a token is made. Its zero value is a good token for the route.
type Recipe struct {
	First         bool                       `json:"first"`
	ExpiresIn     int                        `json:"expires_in"`
	Claims        map[string]json.RawMessage `json:"claims"`
	OmitClaims    []string                   `json:"omit_claims"`
	Payload       string                     `json:"payload"`
	Header        map[string]json.RawMessage `json:"header"`
	OmitHeader    []string                   `json:"omit_header"`
	HeaderText    string                     `json:"header_text"`
	Key           string                     `json:"key"`
	Algorithm     string                     `json:"alg"`
	Signature     string                     `json:"signature"`
	Text          string                     `json:"text"`
	Introspection map[string]json.RawMessage `json:"introspection"`
}

// Request says how a token is presented. Its zero value is "Authorization: Bearer" with the token.
type Request struct {
	Authorization *[]string         `json:"authorization"`
	Header        map[string]string `json:"header"`
	Query         string            `json:"query"`
	Form          string            `json:"form"`
	Times         int               `json:"times"`
}

// Answer is an answer that is right.
type Answer struct {
	Admitted      bool              `json:"admitted"`
	Status        []int             `json:"status"`
	Challenge     *Challenge        `json:"challenge"`
	Header        map[string]string `json:"header"`
	WithoutHeader []string          `json:"without_header"`
	MaxFetches    *int              `json:"max_fetches"`
	Why           string            `json:"why"`
}

// Takes reports whether the status of an answer is right.
func (a Answer) Takes(status int) bool {
	return a.Admitted && status/100 == 2 || slices.Contains(a.Status, status)
}

// Challenge is what one challenge of an answer has to say.
type Challenge struct {
	Scheme        string            `json:"scheme"`
	Must          map[string]string `json:"must"`
	Should        map[string]string `json:"should"`
	ShouldNotHave []string          `json:"should_not_have"`
}

// Cases returns the cases in the order of the file. A member that this package does not know is an error.
func Cases() ([]Case, error) {
	var all []Case
	lines := bufio.NewScanner(bytes.NewReader(cases))
	for lines.Scan() {
		var c Case
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return nil, fmt.Errorf("case %d: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
	return all, lines.Err()
}
