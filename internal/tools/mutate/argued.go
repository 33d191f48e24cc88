package main

import (
	"fmt"
	"os"
	"strings"
)

// arguments are the reasons why mutants may survive, by key. In the file, each is a line with the key and lines with the
// reason, which are indented; empty lines and those that begin with # are for readers.
type arguments map[string]string

func readArguments(name string) (arguments, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	all := arguments{}
	var keys []string
	fresh := false
	for n, line := range strings.Split(string(text), "\n") {
		switch reason := strings.TrimSpace(line); {
		case reason == "" || line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if keys == nil {
				return nil, fmt.Errorf("%s:%d: an argument for nothing", name, n+1)
			}
			for _, key := range keys {
				all[key] = strings.TrimSpace(all[key] + " " + reason)
			}
			fresh = true
		default:
			if fresh {
				keys, fresh = nil, false
			}
			if _, twice := all[line]; twice {
				return nil, fmt.Errorf("%s:%d: argued twice", name, n+1)
			}
			keys = append(keys, line)
			all[line] = ""
		}
	}
	for key, reason := range all {
		if reason == "" {
			return nil, fmt.Errorf("%s: no argument for %s", name, key)
		}
	}
	return all, nil
}

// below keeps the arguments about files in a directory.
func (a arguments) below(dir string) arguments {
	some := arguments{}
	for key, reason := range a {
		if file, _, _ := strings.Cut(key, " "); file[:max(strings.LastIndexByte(file, '/'), 0)] == dir {
			some[key] = reason
		}
	}
	return some
}
