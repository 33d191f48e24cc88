package interop_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

var screenshot = flag.String("screenshot", "", "the `file` to write a picture of the playground to")

// measureLooks returns what is wrong with the looks of a page: text with less contrast than WCAG 2.2 asks for at level
// AA, anything wider than the window, and controls or live regions that assistive technology could not name.
const measureLooks = `(() => {
	const wrong = [];
	const luminance = color => {
		const [r, g, b] = color.match(/[\d.]+/g).map(part => part / 255)
			.map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const ground = element => {
		for (; element; element = element.parentElement) {
			const color = getComputedStyle(element).backgroundColor;
			if (color !== "rgba(0, 0, 0, 0)") return color;
		}
		return "rgb(255, 255, 255)";
	};
	const contrast = (what, style, behind) => {
		const [low, high] = [luminance(style.color), luminance(behind)].sort((a, b) => a - b);
		const ratio = (high + .05) / (low + .05);
		if (ratio < 4.5) wrong.push(what + " has a contrast of " + ratio.toFixed(2));
		return ratio;
	};
	let measured = 0;
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const element = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.matches("script, noscript, noscript *")) continue;
		contrast(texts.currentNode.data.trim(), getComputedStyle(element), ground(element));
		measured++;
	}
	for (const item of document.querySelectorAll("#steps > li")) {
		const mark = getComputedStyle(item, "::before");
		contrast("mark of " + item.innerText, mark, mark.backgroundColor);
	}
	if (measured < 60) wrong.push("only " + measured + " texts were measured");
	for (const element of document.querySelectorAll("body *")) {
		const box = element.getBoundingClientRect();
		if (element.checkVisibility() && (box.right > innerWidth + .5 || box.left < -.5)) wrong.push(element.tagName + " sticks out");
		if (element.checkVisibility() && element.scrollWidth > element.clientWidth + 1 && element.clientWidth) wrong.push(element.tagName + " is cut off");
	}
	if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page scrolls sideways");
	for (const input of document.querySelectorAll("input")) {
		const box = input.closest("label")?.getBoundingClientRect();
		if (!input.labels.length || !input.labels[0].innerText.trim()) wrong.push(input.value + " has no label");
		if (!input.closest("fieldset")?.querySelector("legend")?.innerText) wrong.push(input.value + " is in no group with a name");
		if (box.height < 24 || box.width < 24) wrong.push(input.value + " is too small a target");
	}
	if (!document.querySelector("#summary[role=status][aria-live=polite]")) wrong.push("answers are not announced");
	if (!document.documentElement.lang || !document.title) wrong.push("the page has no language or no title");
	return wrong;
})()`

// The page can be read on a telephone and on a wide screen, by day and by night.
func TestPlaygroundLooks(t *testing.T) {
	p := openPlayground(t)
	for _, c := range []pick{
		{"good", "read", "net/http"}, {"dpop", "write", "Echo"}, {"expired", "read", "Gin"}, {"revoked", "read", "Echo"},
		{"none", "public", "Gin"}, {"wrong-scope", "write", "net/http"}, {"dpop-as-bearer", "read", "Gin"},
	} {
		p.send(t, c)
	}
	for _, answer := range []pick{{"none", "public", "Echo"}, {"good", "write", "net/http"}, {"wrong-scope", "read", "Echo"}} {
		for _, width := range []int64{320, 360, 800, 1400} {
			p.Resize(t, width, 900)
			p.send(t, answer)
			for _, scheme := range []string{"light", "dark"} {
				p.Prefer(t, scheme)
				for _, wrong := range harness.Evaluate[[]string](t, p.Tab, measureLooks) {
					t.Errorf("%v, %d pixels wide, %s: %s", answer, width, scheme, wrong)
				}
			}
		}
	}
	if *screenshot != "" {
		p.photograph(t, *screenshot)
	}
}

// photograph writes a picture of the whole page, as PNG.
func (p *playground) photograph(t *testing.T, name string) {
	t.Helper()
	p.Resize(t, 1200, 900)
	p.Prefer(t, "light")
	harness.Evaluate[bool](t, p.Tab, `scrollTo(0, 0), document.activeElement.blur(), true`)
	picture, err := png.Decode(bytes.NewReader(p.Screenshot(t)))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, reduce(picture)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reduce returns a picture in its most frequent colours, which are few but for the edges of letters.
func reduce(picture image.Image) image.Image {
	const most = 256
	frequency := map[color.Color]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			frequency[picture.At(x, y)]++
		}
	}
	palette := color.Palette(slices.SortedFunc(maps.Keys(frequency), func(a, b color.Color) int {
		return frequency[b] - frequency[a]
	}))
	reduced := image.NewPaletted(bounds, palette[:min(most, len(palette))])
	draw.Draw(reduced, bounds, picture, bounds.Min, draw.Src)
	return reduced
}
