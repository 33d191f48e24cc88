package introspection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bearergate/bearergate/internal/clientauth"
	"github.com/bearergate/bearergate/internal/strictjson"
	"github.com/bearergate/bearergate/internal/upstream"
	"github.com/bearergate/bearergate/middleware"
)

// ErrOwnCredentials says that the endpoint refuses this resource server itself. Clients get 503, since nothing is known
// about their tokens; for operators it is a fault that no waiting mends.
var ErrOwnCredentials = errors.New("introspection: the endpoint refuses our own credentials")

const (
	// maxAnswerBytes bounds an answer, after decompression.
	maxAnswerBytes = 64 << 10
	// maxErrorBytes bounds what is read of a refusal, to learn its code and to keep the connection.
	maxErrorBytes = 4 << 10

	jsonType   = "application/json"
	signedType = "application/token-introspection+jwt"
)

var (
	errStatus    = errors.New("the introspection endpoint answered with status")
	errMediaType = errors.New("the answer has another media type than was asked for")
)

// client puts questions to the introspection endpoint.
type client struct {
	http   *http.Client
	own    bool // nobody else uses its connections
	auth   Credentials
	where  *locator
	issuer string
	verify func(ctx context.Context, jwt string) ([]byte, error) // nil unless answers have to be signed
	now    func() time.Time
}

// newHTTPClient returns a client without redirects. One of our own keeps as many connections as there may be calls, and
// none of its dials outlasts the call it was for.
func newHTTPClient(c *Config) *http.Client {
	client := upstream.Client(c.HTTPClient)
	if transport, ok := client.Transport.(*http.Transport); ok && c.HTTPClient == nil {
		transport.DialContext = (&net.Dialer{Timeout: c.Timeout}).DialContext
		transport.TLSHandshakeTimeout = c.Timeout
		transport.MaxConnsPerHost = c.MaxConcurrent
		transport.MaxIdleConnsPerHost = c.MaxConcurrent
	}
	return client
}

// outage is a failure that says something about the endpoint rather than about the question.
type outage struct {
	cause      error
	retryAfter time.Duration
}

func (o *outage) Error() string { return o.cause.Error() }
func (o *outage) Unwrap() error { return o.cause }

// unavailable presents a failure to the Guard.
func unavailable(cause error) error {
	var wait time.Duration
	if o, ok := errors.AsType[*outage](cause); ok {
		wait = o.retryAfter
	}
	return middleware.Unavailable(middleware.ReasonIntrospectionUnavailable, wait, cause)
}

// ask returns what the endpoint says about a token: a JSON document, not looked at yet.
func (c *client) ask(ctx context.Context, accessToken string) ([]byte, error) {
	endpoint, err := c.where.find(ctx)
	if err != nil {
		return nil, &outage{cause: err}
	}
	to := clientauth.Endpoint{URL: endpoint, Issuer: c.issuer, Now: c.now}
	form := url.Values{"token": {accessToken}, "token_type_hint": {"access_token"}}
	req, err := c.auth.NewRequest(ctx, to, form)
	if err != nil {
		return nil, fmt.Errorf("authenticating ourselves: %w", err)
	}
	req.Header.Set("Accept", c.mediaType())
	resp, err := c.http.Do(req)
	if err != nil {
		c.where.forget()
		c.giveUpIdle()
		return nil, &outage{cause: upstream.Cause(err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.refused(resp)
	}
	return c.read(ctx, resp)
}

// giveUpIdle has the next calls connect anew. Connections whose other end vanished silently tend to be all of them, and each
// would cost the time of a call before it is found out.
func (c *client) giveUpIdle() {
	if c.own {
		c.http.CloseIdleConnections()
	}
}

func (c *client) mediaType() string {
	if c.verify != nil {
		return signedType
	}
	return jsonType
}

// read takes the answer only in the form that was asked for: a plain answer instead of a signed one is a downgrade.
func (c *client) read(ctx context.Context, resp *http.Response) ([]byte, error) {
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || mediaType != c.mediaType() {
		return nil, errMediaType
	}
	body, err := upstream.ReadBody(resp.Body, maxAnswerBytes)
	switch {
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, err
	case err != nil:
		return nil, &outage{cause: upstream.Cause(err)}
	case c.verify != nil:
		return c.open(ctx, body)
	}
	return body, nil
}

// refused judges any other status than 200: a failure of the call, not an answer (RFC 7662, section 2.3).
func (c *client) refused(resp *http.Response) error {
	err := fmt.Errorf("%w %d", errStatus, resp.StatusCode)
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return &outage{cause: err, retryAfter: upstream.RetryAfter(resp.Header, c.now())}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, blamesClient(body):
		return fmt.Errorf("%w: %w", ErrOwnCredentials, err)
	case status == http.StatusNotFound, status == http.StatusGone, status/100 == 3:
		c.where.forget()
	}
	return err
}

// blamesClient recognises the error codes of RFC 6749, section 5.2 that are about the client, whatever their status.
func blamesClient(body []byte) bool {
	var refusal struct {
		Code string `json:"error"`
	}
	return strictjson.Unmarshal(body, &refusal) == nil &&
		slices.Contains([]string{"invalid_client", "unauthorized_client"}, refusal.Code)
}
