// Package sample has one of everything that an exported API can be made of.
package sample

import "net/http"

const (
	First  Kind = iota + 1
	Second      // named by position
	hidden
)

const Limit = 1 << 4

var Default = &http.Client{}

type Kind int

func (k Kind) String() string { return [...]string{First: "first", Second: "second", hidden: ""}[k] }

type Alias = http.Header

type Record struct {
	base
	http.Header
	Name  string
	count int
}

func (r *Record) Count() int { return r.count }

func (r *Record) reset() { r.count = 0 }

type base struct{}

func (base) Promoted(keys ...string) {}

type Source interface {
	error
	Keys() []string
	sealed()
}

type Number interface{ ~int | ~float64 }

type List[T Number] []T

func (l List[T]) Sum() (total T) {
	for _, n := range l {
		total += n
	}
	return total
}

type Func func(*Record) error

func Map[T, U any](in []T, f func(T) U) []U {
	(&Record{}).reset()
	out := make([]U, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}
