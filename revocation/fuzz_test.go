package revocation_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bearergate/bearergate/revocation"
)

// Whatever the body, it is either refused and changes nothing, or it makes one entry and one record, and the record
// says what the body did.
func FuzzListHandler(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		var records recorder
		list := newList(t, &clock{}, revocation.Config{Logger: records.logger()})
		w := send(guarded(revocation.ListHandler(list)), http.MethodPost, "application/json", string(body))
		logged := records.records()
		if w.Code != http.StatusNoContent {
			if w.Code != http.StatusBadRequest && w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d", w.Code)
			}
			if list.Len() != 0 || len(logged) != 0 {
				t.Errorf("refused, with %d entries and %d records", list.Len(), len(logged))
			}
			return
		}
		if list.Len() != 1 || len(logged) != 1 || logged[0]["by"] != byBob {
			t.Errorf("%d entries and the records %v", list.Len(), logged)
		}
		var members map[string]any
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("accepted, but: %v", err)
		}
		for name, value := range members {
			if text, ok := value.(string); ok && logged[0][name] != text {
				t.Errorf("the body has %s %q, the record %q", name, text, logged[0][name])
			}
		}
	})
}
