package bridge

import (
	"fmt"
	"math/big"
	"slices"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// reader turns rows of a vector into Go values.
type reader struct {
	t     *Type
	data  unsafe.Pointer
	valid unsafe.Pointer // nil: no NULLs
	kids  []*reader
}

// readable says why values of t cannot be read, nil where they can.
func readable(t *Type) error {
	if t.Elem != nil {
		if err := readable(t.Elem); err != nil {
			return err
		}
	}
	if t.Key != nil {
		if err := readable(t.Key); err != nil {
			return err
		}
	}
	for _, f := range t.Fields {
		if err := readable(f.Type); err != nil {
			return err
		}
	}
	if t.Kind == KindNull && t.id != mapping.TypeSQLNull {
		return fmt.Errorf("values of %s cannot be shown: cast them to VARCHAR or JSON", t.Name)
	}
	return nil
}

func newReader(t *Type) *reader {
	r := &reader{t: t}
	switch t.Kind {
	case KindList:
		r.kids = []*reader{newReader(t.Elem)}
	case KindMap:
		r.kids = []*reader{newReader(t.Key), newReader(t.Elem)}
	case KindUnion:
		r.kids = append(r.kids, newReader(&Type{Kind: KindUint, Name: "UTINYINT", id: mapping.TypeUTinyInt}))
		fallthrough
	case KindStruct:
		for _, f := range t.Fields {
			r.kids = append(r.kids, newReader(f.Type))
		}
	}
	return r
}

// attach makes r read vec, until the chunk it belongs to is destroyed.
func (r *reader) attach(vec mapping.Vector) {
	r.data, r.valid = mapping.VectorGetData(vec), mapping.VectorGetValidity(vec)
	switch r.t.Kind {
	case KindList:
		if r.t.id == mapping.TypeArray {
			r.kids[0].attach(mapping.ArrayVectorGetChild(vec))
		} else {
			r.kids[0].attach(mapping.ListVectorGetChild(vec))
		}
	case KindMap:
		entries := mapping.ListVectorGetChild(vec)
		r.kids[0].attach(mapping.StructVectorGetChild(entries, 0))
		r.kids[1].attach(mapping.StructVectorGetChild(entries, 1))
	case KindStruct, KindUnion:
		for i, k := range r.kids {
			k.attach(mapping.StructVectorGetChild(vec, mapping.IdxT(i)))
		}
	}
}

func at[T any](r *reader, i int) T {
	return *(*T)(unsafe.Add(r.data, uintptr(i)*unsafe.Sizeof(*new(T))))
}

// value is row i of the vector.
func (r *reader) value(i int) (any, error) {
	if r.valid != nil && *(*uint64)(unsafe.Add(r.valid, i>>6<<3))>>(uint(i)&63)&1 == 0 {
		return nil, nil
	}
	switch r.t.Kind {
	case KindNull:
		return nil, nil
	case KindList:
		return r.list(i)
	case KindMap:
		return r.mapping(i)
	case KindStruct:
		return r.structure(i)
	case KindUnion:
		tag := int(at[uint8](r, 0))
		if t, err := r.kids[0].value(i); err == nil && t != nil {
			tag = int(t.(uint64))
		}
		if tag >= len(r.t.Fields) {
			return nil, fmt.Errorf("union tag %d of %d members", tag, len(r.t.Fields))
		}
		return r.kids[tag+1].value(i)
	}
	return r.scalar(i)
}

func (r *reader) list(i int) (any, error) {
	e := listEntry{uint64(i * r.t.Size), uint64(r.t.Size)}
	if r.t.id == mapping.TypeList {
		e = at[listEntry](r, i)
	}
	out := make([]any, e.length)
	for k := range out {
		v, err := r.kids[0].value(int(e.offset) + k)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}

func (r *reader) mapping(i int) (any, error) {
	e := at[listEntry](r, i)
	out := make(Map, e.length)
	for k := range out {
		var err error
		if out[k].Key, err = r.kids[0].value(int(e.offset) + k); err != nil {
			return nil, err
		}
		if out[k].Value, err = r.kids[1].value(int(e.offset) + k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *reader) structure(i int) (any, error) {
	out := make(Struct, len(r.kids))
	for k, kid := range r.kids {
		v, err := kid.value(i)
		if err != nil {
			return nil, err
		}
		out[k] = FieldValue{r.t.Fields[k].Name, v}
	}
	return out, nil
}

func (r *reader) scalar(i int) (any, error) {
	switch r.t.id {
	case mapping.TypeBoolean:
		return at[bool](r, i), nil
	case mapping.TypeTinyInt:
		return int64(at[int8](r, i)), nil
	case mapping.TypeSmallInt:
		return int64(at[int16](r, i)), nil
	case mapping.TypeInteger:
		return int64(at[int32](r, i)), nil
	case mapping.TypeBigInt:
		return at[int64](r, i), nil
	case mapping.TypeUTinyInt:
		return uint64(at[uint8](r, i)), nil
	case mapping.TypeUSmallInt:
		return uint64(at[uint16](r, i)), nil
	case mapping.TypeUInteger:
		return uint64(at[uint32](r, i)), nil
	case mapping.TypeUBigInt:
		return at[uint64](r, i), nil
	case mapping.TypeFloat:
		return float64(at[float32](r, i)), nil
	case mapping.TypeDouble:
		return at[float64](r, i), nil
	case mapping.TypeVarchar:
		return string(r.bytes(i)), nil
	case mapping.TypeBlob, mapping.TypeGeometry:
		return append([]byte{}, r.bytes(i)...), nil
	case mapping.TypeBit:
		return bitText(r.bytes(i)), nil
	case mapping.TypeInterval:
		return at[Interval](r, i), nil
	case mapping.TypeEnum:
		return r.enum(i)
	case mapping.TypeHugeInt:
		return hugeInt(at[[2]uint64](r, i), true), nil
	case mapping.TypeUHugeInt:
		return hugeInt(at[[2]uint64](r, i), false), nil
	case mapping.TypeBigNum:
		return bigNum(r.bytes(i)), nil
	case mapping.TypeDecimal:
		return r.decimal(i), nil
	case mapping.TypeUUID:
		return uuidOf(at[[2]uint64](r, i)), nil
	}
	return r.temporal(i)
}

func (r *reader) temporal(i int) (any, error) {
	perSecond := int64(1e6)
	switch r.t.id {
	case mapping.TypeDate:
		d := at[int32](r, i)
		if d == 1<<31-1 || d == -(1<<31-1) {
			return infinite(int64(d)), nil
		}
		return timeOf(int64(d)*86400, 1), nil
	case mapping.TypeTime:
		return TimeOfDay(at[int64](r, i) * 1000), nil
	case mapping.TypeTimeNS:
		return TimeOfDay(at[int64](r, i)), nil
	case mapping.TypeTimeTZ:
		// 40 bits of microseconds, then the offset: the largest one minus ours
		b := at[uint64](r, i)
		return TimeTZ{TimeOfDay(b >> 24 * 1000), 16*3600 - 1 - int(b&(1<<24-1))}, nil
	case mapping.TypeTimestampS:
		perSecond = 1
	case mapping.TypeTimestampMS:
		perSecond = 1e3
	case mapping.TypeTimestampNS:
		perSecond = 1e9
	case mapping.TypeTimestamp, mapping.TypeTimestampTZ:
	default:
		return nil, fmt.Errorf("values of %s cannot be shown: cast them to VARCHAR", r.t)
	}
	n := at[int64](r, i)
	if isInfinite(n) {
		return infinite(n), nil
	}
	return timeOf(n, perSecond), nil
}

func infinite(n int64) Infinite {
	if n < 0 {
		return -1
	}
	return 1
}

// bytes is the string_t of row i: 4 bytes of length, then up to 12 bytes in
// place, or 4 of prefix and a pointer. It is valid as long as the chunk.
func (r *reader) bytes(i int) []byte {
	p := unsafe.Add(r.data, i*16)
	n := *(*uint32)(p)
	if n <= 12 {
		return unsafe.Slice((*byte)(unsafe.Add(p, 4)), n)
	}
	return unsafe.Slice(*(**byte)(unsafe.Add(p, 8)), n)
}

func (r *reader) enum(i int) (any, error) {
	var k int
	switch r.t.internal {
	case mapping.TypeUTinyInt:
		k = int(at[uint8](r, i))
	case mapping.TypeUSmallInt:
		k = int(at[uint16](r, i))
	default:
		k = int(at[uint32](r, i))
	}
	if k >= len(r.t.Values) {
		return nil, fmt.Errorf("enum value %d of %d", k, len(r.t.Values))
	}
	return r.t.Values[k], nil
}

func (r *reader) decimal(i int) Decimal {
	d := Decimal{Scale: int(r.t.Scale)}
	switch r.t.internal {
	case mapping.TypeSmallInt:
		d.Unscaled = big.NewInt(int64(at[int16](r, i)))
	case mapping.TypeInteger:
		d.Unscaled = big.NewInt(int64(at[int32](r, i)))
	case mapping.TypeBigInt:
		d.Unscaled = big.NewInt(at[int64](r, i))
	default:
		d.Unscaled = hugeInt(at[[2]uint64](r, i), true)
	}
	return d
}

// hugeInt is a 128-bit integer, low word first.
func hugeInt(w [2]uint64, signed bool) *big.Int {
	hi := new(big.Int).SetUint64(w[1])
	if signed {
		hi.SetInt64(int64(w[1]))
	}
	return hi.Lsh(hi, 64).Add(hi, new(big.Int).SetUint64(w[0]))
}

// bigNum decodes a BIGNUM: 3 bytes of header, then the magnitude, most
// significant byte first; all bits inverted where it is negative.
func bigNum(b []byte) *big.Int {
	b = slices.Clone(b)
	negative := len(b) > 0 && b[0]&0x80 == 0
	if negative {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	v := new(big.Int)
	if len(b) > 3 {
		v.SetBytes(b[3:])
	}
	if negative {
		v.Neg(v)
	}
	return v
}

// bitText decodes a BIT: the first byte is the number of padding bits before the first.
func bitText(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	pad := int(b[0])
	out := make([]byte, 0, len(b)*8)
	for i := pad; i < (len(b)-1)*8; i++ {
		out = append(out, '0'+b[1+i/8]>>(7-i%8)&1)
	}
	return string(out)
}

func uuidOf(w [2]uint64) (u [16]byte) {
	w[1] ^= 1 << 63
	for i := range 8 {
		u[i], u[8+i] = byte(w[1]>>(56-8*i)), byte(w[0]>>(56-8*i))
	}
	return u
}
