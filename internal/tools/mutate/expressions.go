package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// negate plants the opposite of a condition.
func (v *visitor) negate(condition ast.Expr) {
	if t := v.info.Types[condition]; t.Value == nil && isBool(t.Type) {
		v.around(condition, "negate", "(mutantActive($) != (", "))")
	}
}

func isBool(t types.Type) bool {
	basic, ok := t.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

// binary plants the mutants of an operation, and reports whether there may be more in its operands.
func (v *visitor) binary(n *ast.BinaryExpr) bool {
	switch n.Op {
	case token.LAND:
		v.operands(n, "(mutantActive($) || (")
	case token.LOR:
		v.operands(n, "(!mutantActive($) && (")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		v.constants(n)
		v.helper(n, comparisons[n.Op])
	case token.EQL, token.NEQ:
		v.constants(n)
	case token.ADD, token.SUB:
		if v.number(n) {
			v.helper(n, arithmetic[n.Op]+v.explicit(n))
		}
	}
	return true
}

// operands plants the opposite of each operand, and each operand left out.
func (v *visitor) operands(n *ast.BinaryExpr, leftOut string) {
	for _, operand := range []ast.Expr{n.X, n.Y} {
		if part, ok := operand.(*ast.BinaryExpr); ok && part.Op == n.Op {
			continue // its operands are, in their turn
		}
		v.negate(operand)
		v.around(operand, "without", leftOut, "))")
	}
}

var (
	comparisons = map[token.Token]string{
		token.LSS: "mutantLess", token.LEQ: "mutantLessEqual", token.GTR: "mutantGreater", token.GEQ: "mutantGreaterEqual",
	}
	arithmetic = map[token.Token]string{token.ADD: "mutantPlus", token.SUB: "mutantMinus"}
)

// helper has a function compute what an operator does.
func (v *visitor) helper(n *ast.BinaryExpr, function string) {
	v.around(n, n.Op.String(), function+"($, ", ")")
	at := v.fset.Position(n.OpPos).Offset
	v.edits.replace(at, at+len(n.Op.String()), ",")
}

// explicit returns the type argument for a helper that computes a number. Without it, a shift of a constant among the operands
// would lose the type that it has from what stands around the operation.
func (v *visitor) explicit(n *ast.BinaryExpr) string {
	if name, ok := v.typeName(v.info.Types[n].Type); ok {
		return "[" + name + "]"
	}
	return ""
}

// constants plants n+1 in place of a constant that something is compared with. For integers, x >= n+1 is x > n, which is
// there already.
func (v *visitor) constants(n *ast.BinaryExpr) {
	if n.Op != token.GEQ && n.Op != token.LSS {
		v.next(n.Y)
	}
	if n.Op != token.GTR && n.Op != token.LEQ {
		v.next(n.X)
	}
}

// next plants n+1 in place of a constant n, and for a duration twice as much.
func (v *visitor) next(e ast.Expr) {
	t := v.info.Types[e]
	basic, ok := t.Type.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsInteger == 0 || basic.Info()&types.IsUntyped != 0 || t.Value == nil ||
		t.Value.Kind() != constant.Int {
		return
	}
	if name, ok := v.typeName(t.Type); ok {
		v.around(e, "next", "mutantNext["+name+"]($, ", ")")
	}
}

// own reports whether a name is a constant of this package.
func (v *visitor) own(name *ast.Ident) bool {
	c, ok := v.info.Uses[name].(*types.Const)
	return ok && c.Pkg() == v.pkg
}

func (v *visitor) number(e ast.Expr) bool {
	basic, ok := v.info.Types[e].Type.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsNumeric != 0 && basic.Info()&types.IsUntyped == 0
}

// signed reports whether an argument can be negated: whether it is a duration or an integer with a sign.
func (v *visitor) signed(e ast.Expr) (typeName string, ok bool) {
	t := v.info.Types[e].Type
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsInteger == 0 || basic.Info()&(types.IsUnsigned|types.IsUntyped) != 0 {
		return "", false
	}
	return v.typeName(t)
}

// typeName returns how the file names a type, if it can.
func (v *visitor) typeName(t types.Type) (name string, ok bool) {
	ok = true
	name = types.TypeString(t, func(p *types.Package) string {
		if p == v.pkg {
			return ""
		}
		for _, i := range v.file.Imports {
			if i.Path.Value == `"`+p.Path()+`"` && i.Name == nil {
				return p.Name()
			}
		}
		ok = false
		return ""
	})
	return name, ok
}
