package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// visitor plants the mutants of one file. What it is about to visit may be wrapped by a mutant, so that a part of a
// condition is mutated within the condition.
type visitor struct {
	info  *types.Info
	pkg   *types.Package
	fset  *token.FileSet
	file  *ast.File
	edits edits
	plant func(at ast.Node, operator string) int // returns the mutant's number

	function string             // the enclosing declaration
	results  []*types.Signature // those of the enclosing functions, innermost last
}

func (v *visitor) span(n ast.Node) (from, to int) {
	return v.fset.Position(n.Pos()).Offset, v.fset.Position(n.End()).Offset
}

func (v *visitor) source(n ast.Node) string { return v.edits.text(v.span(n)) }

// around plants a mutant by putting text around a node. The first $ stands for the mutant's number.
func (v *visitor) around(n ast.Node, operator, before, after string) {
	from, to := v.span(n)
	v.edits.wrap(from, to, strings.Replace(before, "$", strconv.Itoa(v.plant(n, operator)), 1), after)
}

// visitFile plants the mutants of all functions.
func (v *visitor) visitFile() {
	for _, decl := range v.file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Body == nil || describes(decl) {
				continue
			}
			v.function = nameOf(decl)
			v.body(v.info.Defs[decl.Name].Type().(*types.Signature), decl.Body)
		case *ast.GenDecl:
			if decl.Tok == token.VAR {
				v.function = "var"
				v.walk(decl)
			}
		}
	}
}

// nameOf returns the name of a function, with the receiver's type before it.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	return fmt.Sprint(t) + "." + f.Name.Name
}

func (v *visitor) body(results *types.Signature, body *ast.BlockStmt) {
	v.results = append(v.results, results)
	v.walk(body)
	v.results = v.results[:len(v.results)-1]
}

// walk visits a node and what is in it.
func (v *visitor) walk(n ast.Node) { ast.Inspect(n, v.visit) }

func (v *visitor) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && v.info.Types[e].Value != nil {
		return false // the compiler computes it
	}
	switch n := n.(type) {
	case *ast.FuncLit:
		v.body(v.info.Types[n].Type.(*types.Signature), n.Body)
		return false
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.ArrayType:
		return false
	case *ast.BlockStmt:
		v.statements(n.List)
		return false
	case *ast.CommClause:
		if n.Comm != nil {
			v.walk(n.Comm)
		}
		v.statements(n.Body)
		return false
	case *ast.SwitchStmt:
		v.switchStmt(n)
		return false
	case *ast.CaseClause:
		v.statements(n.Body)
		return false
	case *ast.IfStmt:
		v.negate(n.Cond)
	case *ast.ForStmt:
		v.forStmt(n)
		return false
	case *ast.CallExpr:
		return v.call(n)
	case *ast.BinaryExpr:
		return v.binary(n)
	case *ast.AssignStmt:
		v.booleans(n.Rhs)
	case *ast.CompositeLit:
		v.booleans(n.Elts)
	case *ast.KeyValueExpr:
		v.booleans([]ast.Expr{n.Value})
	}
	return true
}

func (v *visitor) switchStmt(n *ast.SwitchStmt) {
	if n.Init != nil {
		v.walk(n.Init)
	}
	if n.Tag != nil {
		v.walk(n.Tag)
	}
	for _, clause := range n.Body.List {
		clause := clause.(*ast.CaseClause)
		for _, condition := range clause.List {
			if n.Tag == nil {
				v.negate(condition)
			}
			v.walk(condition)
		}
		v.statements(clause.Body)
	}
}

func (v *visitor) forStmt(n *ast.ForStmt) {
	if n.Init != nil {
		v.walk(n.Init)
	}
	if n.Cond != nil {
		v.negate(n.Cond)
		v.walk(n.Cond)
	}
	v.walk(n.Body)
}

// statements plants mutants that leave one out or return something else.
func (v *visitor) statements(list []ast.Stmt) {
	for _, s := range list {
		v.statement(s)
		v.walk(s)
	}
}

func (v *visitor) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		v.returned(s)
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); !ok || !v.untouchable(call) {
			v.omit(s)
		}
	case *ast.DeferStmt:
		if !v.untouchable(s.Call) {
			v.omit(s)
		}
	case *ast.AssignStmt:
		if s.Tok == token.ADD_ASSIGN || s.Tok == token.SUB_ASSIGN {
			v.opposite(s)
		}
		if s.Tok != token.DEFINE && !blank(s.Lhs) {
			v.omit(s)
		}
	case *ast.IncDecStmt, *ast.SendStmt, *ast.GoStmt:
		v.omit(s)
	case *ast.BranchStmt:
		if s.Tok == token.BREAK || s.Tok == token.CONTINUE {
			v.omit(s)
		}
	}
}

func (v *visitor) omit(s ast.Stmt) { v.around(s, "omit", "if !mutantActive($) { ", " }") }

func blank(names []ast.Expr) bool {
	for _, name := range names {
		if ident, ok := name.(*ast.Ident); !ok || ident.Name != "_" {
			return false
		}
	}
	return true
}

// opposite turns += and -= of numbers around.
func (v *visitor) opposite(s *ast.AssignStmt) {
	if !v.number(s.Lhs[0]) {
		return
	}
	other := map[token.Token]string{token.ADD_ASSIGN: " -= ", token.SUB_ASSIGN: " += "}[s.Tok]
	opposite := v.source(s.Lhs[0]) + other + v.source(s.Rhs[0])
	v.around(s, s.Tok.String(), "if mutantActive($) { "+opposite+" } else { ", " }")
}

// returned plants mutants that return no error, or always the same boolean.
func (v *visitor) returned(s *ast.ReturnStmt) {
	results := v.results[len(v.results)-1].Results()
	for i := range results.Len() {
		if len(s.Results) == 0 {
			return
		}
		t := results.At(i).Type()
		switch {
		case types.Identical(t, types.Universe.Lookup("error").Type()):
			v.returnInstead(s, i, results.Len(), "nil")
		case isBool(t):
			v.returnInstead(s, i, results.Len(), "true")
			v.returnInstead(s, i, results.Len(), "false")
		}
	}
}

// returnInstead plants a return with another result in place of one, unless that is the very same.
func (v *visitor) returnInstead(s *ast.ReturnStmt, which, count int, text string) {
	from, _ := v.span(s)
	var setup string
	values := make([]string, count)
	if len(s.Results) == count {
		for i, e := range s.Results {
			values[i] = v.source(e)
		}
		if values[which] == text {
			return
		}
	} else {
		names := make([]string, count)
		for i := range count {
			names[i] = fmt.Sprintf("mutantResult%d", i)
			values[i] = names[i]
		}
		names[which] = "_"
		setup = strings.Join(names, ", ") + " := " + v.source(s.Results[0]) + "\n"
	}
	values[which] = text
	id := v.plant(s, "return "+text)
	v.edits.replace(from, from, fmt.Sprintf("if mutantActive(%d) {\n%sreturn %s\n}\n", id, setup, strings.Join(values, ", ")))
}

// call visits the arguments of a call. A number or a duration that is added is subtracted.
func (v *visitor) call(n *ast.CallExpr) bool {
	if v.words(n) {
		return false
	}
	if v.info.Types[n.Fun].IsType() {
		return true // a conversion
	}
	f := v.callee(n)
	if f != nil && f.Name() == "Add" && len(n.Args) == 1 && f.Signature().Recv() != nil {
		if t, ok := v.signed(n.Args[0]); ok {
			v.around(n.Args[0], "add", "mutantNegated["+t+"]($, ", ")")
		}
	}
	for _, arg := range n.Args {
		if name, ok := arg.(*ast.Ident); ok && v.own(name) {
			v.next(arg)
		}
	}
	v.booleans(n.Args)
	return true
}

// booleans plants mutants in conditions that are values.
func (v *visitor) booleans(list []ast.Expr) {
	for _, e := range list {
		if b, ok := ast.Unparen(e).(*ast.BinaryExpr); ok && isBool(v.info.Types[b].Type) {
			v.negate(b)
		}
	}
}
