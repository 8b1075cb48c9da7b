package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// copyColumn copies n values of arr from off into the first n rows of vec.
// parent, where not nil, has a bit per row that is 0 where the STRUCT around it
// is NULL: DuckDB wants the fields of a NULL STRUCT to be NULL too. vec must
// have the type that logicalType gives arr's.
func copyColumn(vec mapping.Vector, arr arrow.Array, off, n int, parent []uint64) error {
	if n == 0 {
		return nil
	}
	valid := setValidity(vec, arr, off, n, parent)
	switch a := arr.(type) {
	case *array.Null:
		return nil
	case *array.Boolean:
		dst := vectorSlice[bool](vec, n)
		for i := range dst {
			dst[i] = a.Value(off + i)
		}
		return nil
	case *array.String:
		return copyStrings(vec, arr, off, n, true)
	case *array.Binary:
		return copyStrings(vec, arr, off, n, false)
	case *array.FixedSizeBinary:
		return copyFixedBinary(vec, a, off, n)
	case *array.Timestamp:
		return copyTimestamps(vec, a, off, n)
	case *array.Decimal128:
		return copyDecimals(vec, a, off, n)
	case *array.MonthDayNanoInterval:
		dst := vectorSlice[Interval](vec, n)
		for i := range dst {
			v := a.Value(off + i)
			dst[i] = Interval{v.Months, v.Days, floorDiv(v.Nanoseconds, 1000)}
		}
		return nil
	case *array.Struct:
		for i := range a.NumField() {
			if err := copyColumn(mapping.StructVectorGetChild(vec, mapping.IdxT(i)), a.Field(i), off, n, valid); err != nil {
				return inField(a.DataType().(*arrow.StructType).Field(i).Name, err)
			}
		}
		return nil
	case *array.Map:
		return copyList(vec, arr, a.ListValues(), off, n, valid)
	case *array.List:
		return copyList(vec, arr, a.ListValues(), off, n, valid)
	case *array.Dictionary:
		return copyDictionary(vec, a, off, n, valid)
	}
	return copyFixed(vec, arr, off, n)
}

func inField(name string, err error) error { return fmt.Errorf("field %s: %w", name, err) }

// setValidity writes vec's NULL mask and returns it; nil means that no row is NULL.
func setValidity(vec mapping.Vector, arr arrow.Array, off, n int, parent []uint64) []uint64 {
	nulls := arr.NullN() > 0
	all := arr.DataType().ID() == arrow.NULL
	if !nulls && !all && parent == nil {
		return nil
	}
	mapping.VectorEnsureValidityWritable(vec)
	words := (n + 63) / 64
	mask := unsafe.Slice((*uint64)(mapping.VectorGetValidity(vec)), words)
	switch {
	case all:
		clear(mask)
		return mask
	case nulls && len(arr.NullBitmapBytes()) > 0:
		copyBits(mask, arr.NullBitmapBytes(), arr.Data().Offset()+off, n)
	default:
		for i := range mask {
			mask[i] = ^uint64(0)
		}
	}
	for i := range parent[:min(words, len(parent))] {
		mask[i] &= parent[i]
	}
	return mask
}

// copyBits fills dst with the n bits of src (least significant first) from
// bit off; bits of dst past n are unspecified.
func copyBits(dst []uint64, src []byte, off, n int) {
	src, shift := src[off>>3:], uint(off&7)
	for i := range dst {
		var b [9]byte
		copy(b[:], src[min(i*8, len(src)):])
		w := binary.LittleEndian.Uint64(b[:]) >> shift
		if shift > 0 {
			w |= uint64(b[8]) << (64 - shift)
		}
		dst[i] = w
	}
}

// copyFixed copies values that look the same in Arrow and in DuckDB.
func copyFixed(vec mapping.Vector, arr arrow.Array, off, n int) error {
	t, ok := arr.DataType().(arrow.FixedWidthDataType)
	if !ok || len(arr.Data().Buffers()) < 2 {
		return fmt.Errorf("no copy for Arrow's %s", arr.DataType())
	}
	buf := arr.Data().Buffers()[1]
	if buf == nil {
		return errors.New("an Arrow array has no data")
	}
	w := t.Bytes()
	from := (arr.Data().Offset() + off) * w
	copy(vectorSlice[byte](vec, n*w), buf.Bytes()[from:from+n*w])
	return nil
}

// offsets returns the n+1 offsets of a variable-length array from off, nil
// where the array has none (length 0).
func offsets(arr arrow.Array, off, n int) []int32 {
	buf := arr.Data().Buffers()[1]
	if buf == nil {
		return nil
	}
	o := arrow.Int32Traits.CastFromBytes(buf.Bytes())
	from := arr.Data().Offset() + off
	return o[from : from+n+1]
}

func copyStrings(vec mapping.Vector, arr arrow.Array, off, n int, text bool) error {
	offs := offsets(arr, off, n)
	if offs == nil {
		return errors.New("an Arrow array has no offsets")
	}
	data, err := checkedData(arr.Data().Buffers()[2], offs)
	if err != nil {
		return err
	}
	if text {
		if err := checkUTF8(arr, data, offs, off); err != nil {
			return err
		}
	}
	assignStrings(vec, data, offs, n)
	return nil
}

// checkedData returns the bytes that offs point into. Offsets that decrease or
// leave the buffer are an error, not a read of someone else's memory.
func checkedData(buf *memory.Buffer, offs []int32) ([]byte, error) {
	var data []byte
	if buf != nil {
		data = buf.Bytes()
	}
	prev := int32(0)
	for _, o := range offs {
		if o < prev {
			return nil, errors.New("an Arrow array's offsets decrease")
		}
		prev = o
	}
	if int(prev) > len(data) {
		return nil, errors.New("an Arrow array's offsets leave its data")
	}
	return data, nil
}

// checkUTF8: DuckDB's unchecked assignment takes any bytes, and its string
// functions then read past their end.
func checkUTF8(arr arrow.Array, data []byte, offs []int32, off int) error {
	whole := data[offs[0]:offs[len(offs)-1]]
	if isASCII(whole) {
		return nil
	}
	ok := utf8.Valid(whole)
	for _, o := range offs[:len(offs)-1] {
		ok = ok && (int(o) == len(data) || utf8.RuneStart(data[o]))
	}
	if ok {
		return nil
	}
	for i := range len(offs) - 1 {
		if s := data[offs[i]:offs[i+1]]; arr.IsValid(off+i) && !utf8.Valid(s) {
			return fmt.Errorf("value %.60q is not valid UTF-8", s)
		}
	}
	return nil
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func copyFixedBinary(vec mapping.Vector, a *array.FixedSizeBinary, off, n int) error {
	w := a.DataType().(*arrow.FixedSizeBinaryType).ByteWidth
	from := (a.Data().Offset() + off) * w
	data := a.Data().Buffers()[1].Bytes()[from : from+n*w]
	lt := mapping.VectorGetColumnType(vec)
	defer mapping.DestroyLogicalType(&lt)
	if mapping.GetTypeId(lt) != mapping.TypeUUID {
		assignFixed(vec, data, w, n)
		return nil
	}
	dst := vectorSlice[[2]uint64](vec, n)
	for i := range dst {
		// a UUID is a HUGEINT whose sign bit is flipped, so that it sorts as text does
		dst[i][0] = binary.BigEndian.Uint64(data[i*16+8:])
		dst[i][1] = binary.BigEndian.Uint64(data[i*16:]) ^ 1<<63
	}
	return nil
}

func copyTimestamps(vec mapping.Vector, a *array.Timestamp, off, n int) error {
	src, t := a.TimestampValues()[off:off+n], a.DataType().(*arrow.TimestampType)
	dst := vectorSlice[arrow.Timestamp](vec, n)
	if t.TimeZone == "" || t.Unit == arrow.Microsecond {
		copy(dst, src)
		return nil
	}
	for i, v := range src {
		switch t.Unit {
		case arrow.Second:
			dst[i] = v * 1_000_000
		case arrow.Millisecond:
			dst[i] = v * 1000
		case arrow.Nanosecond:
			dst[i] = arrow.Timestamp(floorDiv(int64(v), 1000))
		}
	}
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// copyDecimals narrows to the integer that DuckDB keeps a DECIMAL of this width in.
func copyDecimals(vec mapping.Vector, a *array.Decimal128, off, n int) error {
	switch p := a.DataType().(*arrow.Decimal128Type).Precision; {
	case p <= 4:
		narrow(vectorSlice[int16](vec, n), a, off)
	case p <= 9:
		narrow(vectorSlice[int32](vec, n), a, off)
	case p <= 18:
		narrow(vectorSlice[int64](vec, n), a, off)
	default:
		return copyFixed(vec, a, off, n)
	}
	return nil
}

func narrow[T int16 | int32 | int64](dst []T, a *array.Decimal128, off int) {
	for i := range dst {
		dst[i] = T(a.Value(off + i).LowBits())
	}
}

// copyList copies a LIST or MAP. A NULL row gets an empty entry, whatever
// length its offsets have.
func copyList(vec mapping.Vector, arr, values arrow.Array, off, n int, valid []uint64) error {
	offs := offsets(arr, off, n)
	if offs == nil {
		return errors.New("an Arrow array has no offsets")
	}
	lo := offs[0]
	for i := range n {
		if offs[i+1] < offs[i] || int(offs[i+1]) > values.Len() || lo < 0 {
			return errors.New("an Arrow list's offsets leave its values")
		}
	}
	size := mapping.IdxT(offs[n] - lo)
	if mapping.ListVectorReserve(vec, size) != mapping.StateSuccess || mapping.ListVectorSetSize(vec, size) != mapping.StateSuccess {
		return fmt.Errorf("no room for %d list elements", size)
	}
	dst := vectorSlice[listEntry](vec, n)
	for i := range dst {
		dst[i] = listEntry{offset: uint64(offs[i] - lo)}
		if valid == nil || valid[i>>6]>>(uint(i)&63)&1 == 1 {
			dst[i].length = uint64(offs[i+1] - offs[i])
		}
	}
	return copyColumn(mapping.ListVectorGetChild(vec), values, int(lo), int(size), nil)
}

func copyDictionary(vec mapping.Vector, a *array.Dictionary, off, n int, valid []uint64) error {
	values := a.Dictionary()
	offs := offsets(values, 0, values.Len())
	idx := make([]int32, n)
	for i := range idx {
		idx[i] = -1
		if valid != nil && valid[i>>6]>>(uint(i)&63)&1 == 0 || a.IsNull(off+i) {
			continue
		}
		k := a.GetValueIndex(off + i)
		if k < 0 || k >= values.Len() || offs == nil {
			return fmt.Errorf("dictionary index %d of %d values", k, values.Len())
		}
		idx[i] = int32(k)
	}
	if offs == nil {
		return nil // no values, and so no row that is not NULL
	}
	data, err := checkedData(values.Data().Buffers()[2], offs)
	if err != nil {
		return err
	}
	if values.DataType().ID() == arrow.STRING {
		if err := checkUTF8(values, data, offs, 0); err != nil {
			return err
		}
	}
	assignDict(vec, data, offs, idx)
	return nil
}
