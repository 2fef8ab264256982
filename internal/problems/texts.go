package problems

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// CheckTexts records every string in v, at any depth, in which "${" or "%{" stands alone:
// Terraform would stop at it, far from here. at is the field that v is, or "" for a
// configuration; fields that have a problem already are left out. It does not follow
// pointers below v, and unexported fields are for others to check.
func (p *Problems) CheckTexts(at string, v any) { p.texts(at, reflect.Indirect(reflect.ValueOf(v))) }

func (p *Problems) texts(at string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		p.CheckText(at, v.String())
	case reflect.Interface:
		p.texts(at, v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			p.texts(fmt.Sprintf("%s[%d]", at, i), v.Index(i))
		}
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			if a.String() < b.String() {
				return -1
			}
			return 1
		})
		for _, key := range keys {
			element := fmt.Sprintf("%s[%q]", at, key.String())
			p.CheckText(element, key.String())
			p.texts(element, v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch {
			case !field.IsExported():
			case field.Anonymous:
				p.texts(at, v.Field(i))
			case at == "":
				p.texts(field.Name, v.Field(i))
			default:
				p.texts(at+"."+field.Name, v.Field(i))
			}
		}
	}
}

// CheckText records a string in which "${" or "%{" stands alone, without showing it.
func (p *Problems) CheckText(at, s string) {
	if token.IsLone(s) && !p.Has(at) {
		p.Want(at, Text(`a text with a lone "${" or "%{"`), `"$${" or "%%%%{" for the characters themselves`)
	}
}
