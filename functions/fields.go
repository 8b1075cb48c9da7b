package functions

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// The types of the surface: times are TIMESTAMPTZ in microseconds, UTC.
var (
	typeText    = arrow.BinaryTypes.String
	typeInt     = arrow.PrimitiveTypes.Int32
	typeLong    = arrow.PrimitiveTypes.Int64
	typeBool    = arrow.FixedWidthTypes.Boolean
	typeBlob    = arrow.BinaryTypes.Binary
	typeInstant = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	typeTexts   = arrow.ListOf(typeText)
	typeLongs   = arrow.ListOf(typeLong)
	typeStrMap  = arrow.MapOf(typeText, typeText)
)

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// text is a VARCHAR column; ok false is NULL.
func text[T any](name string, get func(T) (v string, ok bool)) column[T] {
	return column[T]{nullable(name, typeText), func(b array.Builder, r T) {
		if v, ok := get(r); ok {
			b.(*array.StringBuilder).Append(v)
		} else {
			b.AppendNull()
		}
	}}
}

// integer is an INTEGER column.
func integer[T any](name string, get func(T) (v int, ok bool)) column[T] {
	return column[T]{nullable(name, typeInt), func(b array.Builder, r T) {
		if v, ok := get(r); ok {
			b.(*array.Int32Builder).Append(int32(v))
		} else {
			b.AppendNull()
		}
	}}
}

// long is a BIGINT column.
func long[T any](name string, get func(T) (v int64, ok bool)) column[T] {
	return column[T]{nullable(name, typeLong), func(b array.Builder, r T) {
		if v, ok := get(r); ok {
			b.(*array.Int64Builder).Append(v)
		} else {
			b.AppendNull()
		}
	}}
}

// boolean is a BOOLEAN column.
func boolean[T any](name string, get func(T) (v, ok bool)) column[T] {
	return column[T]{nullable(name, typeBool), func(b array.Builder, r T) {
		if v, ok := get(r); ok {
			b.(*array.BooleanBuilder).Append(v)
		} else {
			b.AppendNull()
		}
	}}
}

// instant is a TIMESTAMPTZ column.
func instant[T any](name string, get func(T) (v psyberg.Instant, ok bool)) column[T] {
	return column[T]{nullable(name, typeInstant), func(b array.Builder, r T) {
		if v, ok := get(r); ok {
			b.(*array.TimestampBuilder).Append(arrow.Timestamp(v))
		} else {
			b.AppendNull()
		}
	}}
}

// blob is a BLOB column; nil is NULL.
func blob[T any](name string, get func(T) []byte) column[T] {
	return column[T]{nullable(name, typeBlob), func(b array.Builder, r T) {
		if v := get(r); v != nil {
			b.(*array.BinaryBuilder).Append(v)
		} else {
			b.AppendNull()
		}
	}}
}

// texts is a VARCHAR[] column; nil is NULL.
func texts[T any](name string, get func(T) []string) column[T] {
	return column[T]{nullable(name, typeTexts), func(b array.Builder, r T) {
		v := get(r)
		if v == nil {
			b.AppendNull()
			return
		}
		l := b.(*array.ListBuilder)
		l.Append(true)
		items := l.ValueBuilder().(*array.StringBuilder)
		for _, s := range v {
			items.Append(s)
		}
	}}
}

// longs is a BIGINT[] column; nil is NULL.
func longs[T any](name string, get func(T) []int64) column[T] {
	return column[T]{nullable(name, typeLongs), func(b array.Builder, r T) {
		v := get(r)
		if v == nil {
			b.AppendNull()
			return
		}
		l := b.(*array.ListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.Int64Builder).AppendValues(v, nil)
	}}
}

// stringMap is a MAP(VARCHAR, VARCHAR) column, keys in order; nil is NULL.
func stringMap[T any](name string, get func(T) map[string]string) column[T] {
	return column[T]{nullable(name, typeStrMap), func(b array.Builder, r T) {
		v := get(r)
		if v == nil {
			b.AppendNull()
			return
		}
		m := b.(*array.MapBuilder)
		m.Append(true)
		keys, items := m.KeyBuilder().(*array.StringBuilder), m.ItemBuilder().(*array.StringBuilder)
		for _, k := range sortedKeys(v) {
			keys.Append(k)
			items.Append(v[k])
		}
	}}
}

// optional turns a pointer into value and ok.
func optional[V any](p *V) (v V, ok bool) {
	if p == nil {
		return v, false
	}
	return *p, true
}

// jsonText is a JSON column; nil is NULL.
func jsonText[T any](name string, get func(T) []byte) column[T] {
	return column[T]{surface.JSONField(name), func(b array.Builder, r T) {
		if v := get(r); v != nil {
			b.(*array.StringBuilder).Append(string(v))
		} else {
			b.AppendNull()
		}
	}}
}
