package oauthtest

import (
	"context"
	"io"
	"net/http"

	"github.com/bearergate/bearergate/internal/strictjson"
)

// answer is what an endpoint says, and the fault it goes through.
type answer struct {
	status int
	header http.Header
	body   []byte
	fault  *fault
}

func (a *answer) reader(ctx context.Context) io.ReadCloser {
	return &body{ctx: ctx, fault: a.fault, rest: a.body}
}

func jsonAnswer(status int, body []byte) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

// encoded answers 200 with v, which JSON can express.
func encoded(v any) *answer {
	body, err := strictjson.Marshal(v)
	if err != nil {
		return refused(http.StatusInternalServerError, "server_error")
	}
	return jsonAnswer(http.StatusOK, body)
}

// refused answers with an error of RFC 6749, section 5.2.
func refused(status int, code string) *answer {
	return jsonAnswer(status, []byte(`{"error":"`+code+`"}`))
}
