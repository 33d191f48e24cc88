//go:build soak

package soak_test

import (
	"flag"
	"testing"
	"time"

	"github.com/bearergate/bearergate/internal/interop/soak"
)

var duration = flag.Duration("duration", 10*time.Minute, "how long the script takes, roughly")

func TestFaultsLong(t *testing.T) { soak.Run(t, soak.Long(*duration)) }
