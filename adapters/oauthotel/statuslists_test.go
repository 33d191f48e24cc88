package oauthotel_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearergate/bearergate/adapters/oauthotel"
	"github.com/bearergate/bearergate/middleware"
	"github.com/bearergate/bearergate/mtls"
	"github.com/bearergate/bearergate/revocation/statuslist"
)

var _ oauthotel.StatusLists = (*statuslist.Checker)(nil)

// Lists are counted, since tokens name them.
func TestStatusLists(t *testing.T) {
	noon := time.Unix(1_800_000_000, 0)
	m := newMeter(t, oauthotel.Config{Now: func() time.Time { return noon }})
	good := statuslist.ListState{Usable: true, StaleAt: noon.Add(time.Second)}
	old := statuslist.ListState{Usable: true, StaleAt: noon, Err: errors.New("down")}
	lists := statusLists{"https://as.example.com/1": good, "https://as.example.com/2": good, "https://as.example.com/3": old, "https://as.example.com/4": {}}
	if err := m.WatchStatusLists("", lists); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"bearergate.status_list.count{bearergate.state=fresh}":    2,
		"bearergate.status_list.count{bearergate.state=stale}":    1,
		"bearergate.status_list.count{bearergate.state=unusable}": 1,
		"bearergate.status_list.fetch.failing{}":                  1,
	}
	m.want("", want)
	clear(lists)
	for name := range want {
		want[name] = 0
	}
	m.want("", want)
}

// A certificate that a stranger names is ignored by a real Verifier, and counted.
func TestCertificates(t *testing.T) {
	verifier, err := mtls.New(mtls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(t, oauthotel.Config{})
	if err := m.WatchCertificates("", verifier); err != nil {
		t.Fatal(err)
	}
	token := &middleware.Token{Confirmation: middleware.NewConfirmation(map[string]string{verifier.Method(): "thumbprint"})}
	validator := middleware.ValidatorFunc(func(context.Context, string) (*middleware.Token, error) { return token, nil })
	guard, err := middleware.New(validator, middleware.Config{Bindings: []middleware.Binding{verifier}})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header = http.Header{"Authorization": {"Bearer token"}, "Client-Cert": {":YQ==:"}}
	if _, err := guard.Authorize(http.Header{}, r, middleware.Policy{}); err == nil {
		t.Error("the request may pass")
	}
	m.want("", map[string]float64{"bearergate.mtls.ignored_certificates{}": 1})
}
