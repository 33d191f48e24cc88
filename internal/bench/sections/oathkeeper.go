package sections

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// oathkeeper is a process of the program in testdata/oathkeeper. It needs versions of libraries that the other peers do
// not build with, so it cannot be linked into this one.
type oathkeeper struct {
	in  io.Writer
	out *bufio.Reader
}

// startOathkeeper runs the program until ctx ends.
func startOathkeeper(ctx context.Context, program, endpoint string) (*oathkeeper, error) {
	command := exec.CommandContext(ctx, program, endpoint)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = command.Wait() })
	return &oathkeeper{in, bufio.NewReader(out)}, nil
}

func (o *oathkeeper) atOnce(token string, n, times int) (refused int, err error) {
	if _, err := fmt.Fprintln(o.in, token, n, times); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(o.out, &refused)
	return refused, err
}
