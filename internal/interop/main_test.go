package interop_test

import (
	"os"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
