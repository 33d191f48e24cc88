package soak_test

import (
	"os"
	"testing"

	"github.com/bearergate/bearergate/internal/interop/harness"
	"github.com/bearergate/bearergate/internal/interop/soak"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// TestFaultsShort plays the script in half a minute. make soak takes its time.
func TestFaultsShort(t *testing.T) { soak.Run(t, soak.Short()) }
