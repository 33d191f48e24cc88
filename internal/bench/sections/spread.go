package sections

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// spread calls op for the indices 0 to n-1 on all CPUs.
func spread(n int, op func(i int) error) error {
	var group errgroup.Group
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := op(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// atOnce calls op for the indices 0 to n-1, all at the same time, and returns how many calls failed.
func atOnce(n int, op func(i int) error) int {
	failed := make(chan bool, n)
	begin := make(chan struct{})
	for i := range n {
		go func() {
			<-begin
			failed <- op(i) != nil
		}()
	}
	close(begin)
	count := 0
	for range n {
		if <-failed {
			count++
		}
	}
	return count
}
