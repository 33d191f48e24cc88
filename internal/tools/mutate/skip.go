package main

import (
	"go/ast"
	"go/types"
	"slices"
)

// The rules in this file say what is not mutated, because the mutant would be equivalent or only words would differ:
//
//   - methods that describe a value to people;
//   - what is passed to fmt and errors, which is text;
//   - panic, whose text nobody matches, and which the compiler needs at the end of a function;
//   - locks, since a test that is not run by the race detector hardly ever sees that one is missing;
//   - sizes that make and Grow are told, which save time only;
//   - the post statement of a loop, without which it runs until the time limit;
//   - what the compiler must be able to compute, such as the length of an array.

// forPeople are the methods that describe a value.
var forPeople = []string{"String", "GoString", "Error", "LogValue"}

func describes(f *ast.FuncDecl) bool { return f.Recv != nil && slices.Contains(forPeople, f.Name.Name) }

// locks are the methods of sync.Mutex and sync.RWMutex.
var locks = []string{"Lock", "Unlock", "RLock", "RUnlock", "TryLock"}

// words reports whether the arguments of a call are text, or only help to save time.
func (v *visitor) words(call *ast.CallExpr) bool {
	if builtin, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		_, ok := v.info.Uses[builtin].(*types.Builtin)
		return ok && (builtin.Name == "panic" || builtin.Name == "make")
	}
	f := v.callee(call)
	if f == nil {
		return false
	}
	if f.Name() == "Grow" {
		return true
	}
	return f.Pkg() != nil && (f.Pkg().Path() == "fmt" || f.Pkg().Path() == "errors" && f.Name() == "New")
}

// untouchable reports whether a call as a statement stays.
func (v *visitor) untouchable(call *ast.CallExpr) bool {
	if builtin, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && builtin.Name == "panic" {
		return true
	}
	f := v.callee(call)
	return f != nil && f.Pkg() != nil && (f.Pkg().Path() == "sync" && slices.Contains(locks, f.Name()) || f.Name() == "Grow")
}

// callee returns the function or method that is called, nil if that is a value.
func (v *visitor) callee(call *ast.CallExpr) *types.Func {
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		f, _ := v.info.Uses[fun].(*types.Func)
		return f
	case *ast.SelectorExpr:
		f, _ := v.info.Uses[fun.Sel].(*types.Func)
		return f
	}
	return nil
}
