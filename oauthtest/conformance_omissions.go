package oauthtest

import "slices"

// omissions are the cases that were not run, by the reason.
type omissions []omission

type omission struct {
	why string
	ids []string
}

func (all *omissions) add(why, id string) {
	i := slices.IndexFunc(*all, func(o omission) bool { return o.why == why })
	if i < 0 {
		i = len(*all)
		*all = append(*all, omission{why: why})
	}
	(*all)[i].ids = append((*all)[i].ids, id)
}
