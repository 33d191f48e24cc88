// Package surface lists the exported API of Go packages, one line for each feature, as the compiler sees it: inferred
// types and promoted methods are spelt out, comments and unexported parts are not. Types of other packages appear with
// their full import path, so that a line names everything a caller has to depend on.
package surface

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// Lines returns the exported API of pkg, sorted.
func Lines(pkg *types.Package) []string {
	d := describer{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			d.object(obj)
		}
	}
	slices.Sort(d.lines)
	return slices.Compact(d.lines)
}

type describer struct {
	pkg   *types.Package
	lines []string
}

func (d *describer) addf(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// qualify leaves the package's own names bare.
func (d *describer) qualify(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Path()
}

func (d *describer) typeString(t types.Type) string {
	return types.TypeString(t, d.qualify)
}

func (d *describer) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		d.addf("const %s %s = %s", obj.Name(), d.typeString(obj.Type()), obj.Val().ExactString())
	case *types.TypeName:
		d.typeName(obj)
	default:
		d.addf("%s", types.ObjectString(obj, d.qualify))
	}
}

func (d *describer) typeName(obj *types.TypeName) {
	if obj.IsAlias() {
		d.addf("%s", types.ObjectString(obj, d.qualify))
		return
	}
	name := d.typeString(obj.Type())
	switch t := obj.Type().Underlying().(type) {
	case *types.Struct:
		d.addf("type %s struct", name)
		d.fields(name, t)
		d.methods(name, obj.Type())
	case *types.Interface:
		d.interfaceType(name, t)
	default:
		d.addf("type %s %s", name, d.typeString(t))
		d.methods(name, obj.Type())
	}
}

func (d *describer) fields(name string, t *types.Struct) {
	for f := range t.Fields() {
		switch {
		case !f.Exported():
		case f.Embedded():
			d.addf("type %s struct, embedded %s", name, d.typeString(f.Type()))
		default:
			d.addf("type %s struct, %s %s", name, f.Name(), d.typeString(f.Type()))
		}
	}
}

// interfaceType mentions unexported methods because they decide who can implement the interface.
func (d *describer) interfaceType(name string, t *types.Interface) {
	d.addf("type %s interface", name)
	for m := range t.Methods() {
		if m.Exported() {
			d.addf("type %s interface, %s%s", name, m.Name(), d.parameters(m))
		} else {
			d.addf("type %s interface, unexported methods", name)
		}
	}
	for e := range t.EmbeddedTypes() {
		if !types.IsInterface(e) {
			d.addf("type %s interface, %s", name, d.typeString(e))
		}
	}
}

func (d *describer) methods(name string, t types.Type) {
	byValue := types.NewMethodSet(t)
	for m := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		receiver := "*" + name
		if byValue.Lookup(d.pkg, m.Obj().Name()) != nil {
			receiver = name
		}
		d.addf("method (%s) %s%s", receiver, m.Obj().Name(), d.parameters(m.Obj()))
	}
}

func (d *describer) parameters(f types.Object) string {
	return strings.TrimPrefix(d.typeString(f.Type()), "func")
}
