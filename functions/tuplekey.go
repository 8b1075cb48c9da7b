package functions

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/meta"
)

// keyColumn is a partition field over the rows of one batch, for telling
// partitions apart without making values of them: the files of a partition
// mostly follow each other in a manifest.
type keyColumn interface {
	// sameAsBefore clears same[i], for i above 0, where the values of rows i
	// and i-1 differ.
	sameAsBefore(same []bool)
	// appendKey appends bytes that are equal for two rows, also of different
	// batches of one request, exactly where the values are (meta.AppendKey).
	appendKey(b []byte, row int) ([]byte, error)
}

// keyColumnOf is the keyColumn of an array of values of type t.
func keyColumnOf(t meta.Type, a arrow.Array) keyColumn {
	n := nullness{a, a.NullN() > 0}
	switch a := a.(type) {
	case *array.Int32:
		return numbers[int32]{n, a.Int32Values()}
	case *array.Date32:
		return numbers[arrow.Date32]{n, a.Date32Values()}
	case *array.Int64:
		return numbers[int64]{n, a.Int64Values()}
	case *array.Time64:
		return numbers[arrow.Time64]{n, a.Time64Values()}
	case *array.Timestamp:
		return numbers[arrow.Timestamp]{n, a.TimestampValues()}
	case *array.String:
		return bytesOf(n, a.ValueOffsets())
	case *array.Binary:
		return bytesOf(n, a.ValueOffsets())
	}
	return anyValues{t, a}
}

// nullness says which rows are NULL.
type nullness struct {
	arrow.Array
	some bool
}

func (n nullness) null(row int) bool { return n.some && n.IsNull(row) }

// decided clears same where one of two rows is NULL, and reports whether that
// decides.
func (n nullness) decided(same []bool, i int) bool {
	if !n.some {
		return false
	}
	now, before := n.IsNull(i), n.IsNull(i-1)
	if now != before {
		same[i] = false
	}
	return now || before
}

// numbers are values of a fixed width whose equality is that of their bits.
type numbers[T int32 | int64 | arrow.Date32 | arrow.Time64 | arrow.Timestamp] struct {
	nullness
	values []T
}

func (c numbers[T]) sameAsBefore(same []bool) {
	if c.some {
		for i := 1; i < len(same); i++ {
			if !c.decided(same, i) && c.values[i] != c.values[i-1] {
				same[i] = false
			}
		}
		return
	}
	values := c.values[:len(same)]
	for i := 1; i < len(values); i++ {
		if values[i] != values[i-1] {
			same[i] = false
		}
	}
}

func (c numbers[T]) appendKey(b []byte, row int) ([]byte, error) {
	if c.null(row) {
		return append(b, 0), nil
	}
	return binary.LittleEndian.AppendUint64(append(b, 1), uint64(c.values[row])), nil
}

// varBytes are values of any length.
type varBytes struct {
	nullness
	offsets []int32
	data    []byte
}

func bytesOf(n nullness, offsets []int32) varBytes {
	c := varBytes{nullness: n, offsets: offsets}
	if buf := n.Data().Buffers()[2]; buf != nil {
		c.data = buf.Bytes()
	}
	return c
}

func (c varBytes) value(row int) []byte { return c.data[c.offsets[row]:c.offsets[row+1]] }

func (c varBytes) sameAsBefore(same []bool) {
	for i := 1; i < len(same); i++ {
		if same[i] && !c.decided(same, i) && !bytes.Equal(c.value(i), c.value(i-1)) {
			same[i] = false
		}
	}
}

func (c varBytes) appendKey(b []byte, row int) ([]byte, error) {
	if c.null(row) {
		return append(b, 0), nil
	}
	v := c.value(row)
	return append(binary.AppendUvarint(append(b, 1), uint64(len(v))), v...), nil
}

// anyValues are all others: floats, whose NaNs are one value, decimals, fixed,
// booleans. No two of their rows are known to be the same.
type anyValues struct {
	typ meta.Type
	arrow.Array
}

func (c anyValues) sameAsBefore(same []bool) { clear(same[min(1, len(same)):]) }

func (c anyValues) appendKey(b []byte, row int) ([]byte, error) {
	v, err := meta.ValueAt(c.typ, c.Array, row)
	if err != nil {
		return b, fmt.Errorf("read value: %w", err)
	}
	return v.AppendKey(b), nil
}
