package revocation

import (
	"sync"

	"github.com/bearergate/bearergate/middleware"
)

// watchers are the requests in progress that want to know when their token is revoked. A revocation looks at each of
// them, some tens of nanoseconds for one; a request pays with a map entry, and with nothing while it lasts.
type watchers struct {
	mu      sync.Mutex
	waiting map[*watcher]struct{}
}

type watcher struct {
	token   *middleware.Token
	revoked func(error)
}

// Watch implements middleware.RevocationWatcher: revoked is called when t is revoked, at once if it already is. stop
// ends the watch.
func (l *List) Watch(t *middleware.Token, revoked func(error)) (stop func()) {
	w := &watcher{t, revoked}
	l.watchers.add(w)
	if l.revoked(t) { // since the request was let pass
		revoked(errRevoked)
	}
	return func() { l.watchers.remove(w) }
}

// Watching returns the number of watches that were not stopped.
func (l *List) Watching() int {
	l.watchers.mu.Lock()
	defer l.watchers.mu.Unlock()
	return len(l.watchers.waiting)
}

// notify tells those whose token the new entry names.
func (l *List) notify(revoked *target) {
	for _, w := range l.watchers.matching(func(t *middleware.Token) bool {
		name, ok := l.name(t, revoked.kind)
		return ok && name == revoked.key && issuedBy(t, revoked.before)
	}) {
		w.revoked(errRevoked)
	}
}

func (ws *watchers) add(w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.waiting == nil {
		ws.waiting = map[*watcher]struct{}{}
	}
	ws.waiting[w] = struct{}{}
}

func (ws *watchers) remove(w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.waiting, w)
}

// matching collects first and lets go of the lock, since what is called next may stop watches.
func (ws *watchers) matching(match func(*middleware.Token) bool) []*watcher {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var found []*watcher
	for w := range ws.waiting {
		if match(w.token) {
			found = append(found, w)
		}
	}
	return found
}
