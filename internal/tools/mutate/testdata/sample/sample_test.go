package sample_test

import (
	"testing"

	"github.com/bearergate/bearergate/internal/tools/mutate/testdata/sample"
)

func TestCheck(t *testing.T) {
	if sample.Check(10) != nil || sample.Check(11) == nil {
		t.Error("wrong limit")
	}
}

func TestBoth(t *testing.T) {
	if sample.Both(false, true) || sample.Both(false, false) || !sample.Both(true, true) {
		t.Error("not both")
	}
}

func TestSum(t *testing.T) {
	if sample.Sum(1, 2, -3) != 3 {
		t.Error("wrong sum")
	}
}

func TestLog(*testing.T) { sample.Log(map[int]bool{}, 1) }

func TestCountdown(t *testing.T) {
	if sample.Countdown(3) != 0 {
		t.Error("not over")
	}
}

func TestMask(t *testing.T) {
	if sample.Mask(0xff, 4) != 0x0f {
		t.Error("wrong mask")
	}
}
