package harness

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a headless Chromium. Each has a browser that has never been anywhere, which ends with the test.
type Tab struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// OpenTab starts Chromium and opens a page in it.
func OpenTab(t testing.TB, url string) *Tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v; pages are tested in Chromium, which scripts/setup installs", err)
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.NoFirstRun,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(stop)
	return newTab(t, ctx, url)
}

// OpenTab opens a page in another tab of the same browser.
func (tab *Tab) OpenTab(t testing.TB, url string) *Tab {
	t.Helper()
	return newTab(t, tab.ctx, url)
}

func newTab(t testing.TB, parent context.Context, url string) *Tab {
	t.Helper()
	tab := &Tab{}
	ctx, closeTab := chromedp.NewContext(parent, chromedp.WithListener(tab.listen))
	t.Cleanup(closeTab)
	tab.ctx = ctx
	// The first run decides how long the browser lives, so it has no timeout.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	tab.Open(t, url)
	return tab
}

// Open goes to a page and returns when it is loaded.
func (tab *Tab) Open(t testing.TB, url string) {
	t.Helper()
	tab.do(t, chromedp.Navigate(url))
}

// listen notes what a console would show in red: exceptions, blocked scripts and styles, failed requests.
func (tab *Tab) listen(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		complaint = fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	default:
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints = append(tab.complaints, complaint)
}

// Complaints returns what the console of the tab complained of since it was asked last.
func (tab *Tab) Complaints() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	all := tab.complaints
	tab.complaints = nil
	return all
}

// Both are far more than anything on a page takes.
const (
	awaitTimeout  = 15 * time.Second
	actionTimeout = 2 * awaitTimeout
)

func (tab *Tab) do(t testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for _, action := range actions {
		ask(t, tab, action)
	}
}

func ask[T any](t testing.TB, tab *Tab, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, actionTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("in Chromium: %v", err)
	}
	return value
}

// Evaluate returns the value of a JavaScript expression, which may be a promise of it.
func Evaluate[T any](t testing.TB, tab *Tab, expression string) T {
	t.Helper()
	return ask(t, tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Await returns once a JavaScript condition holds.
func (tab *Tab) Await(t testing.TB, condition string) {
	t.Helper()
	held := Evaluate[bool](t, tab, fmt.Sprintf(`new Promise(done => {
		const end = Date.now() + %d;
		const look = () => (%s) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 5);
		look();
	})`, awaitTimeout.Milliseconds(), condition))
	if !held {
		t.Fatalf("in Chromium: after %s still not %s", awaitTimeout, condition)
	}
}

// Click clicks in the middle of an element with the mouse.
func (tab *Tab) Click(t testing.TB, selector string) {
	t.Helper()
	tab.do(t, chromedp.Click(chromedp.CSS(selector)))
}

// Press presses keys one after the other; package kb of chromedp has those without a character.
func (tab *Tab) Press(t testing.TB, keys string) {
	t.Helper()
	tab.do(t, chromedp.KeyEvent(keys))
}

// Resize gives the tab another size, in CSS pixels.
func (tab *Tab) Resize(t testing.TB, width, height int64) {
	t.Helper()
	tab.do(t, chromedp.EmulateViewport(width, height))
}

// Prefer has the tab prefer a color scheme, "light" or "dark".
func (tab *Tab) Prefer(t testing.TB, scheme string) {
	t.Helper()
	tab.do(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Screenshot returns the whole page as PNG.
func (tab *Tab) Screenshot(t testing.TB) []byte {
	t.Helper()
	const lossless = 100
	return ask(t, tab, chromedp.FullScreenshot(lossless))
}
