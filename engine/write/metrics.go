package write

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/iceberg-go"

	"psyberg/functions/meta"
)

// describe makes the manifest entry of a file from its footer: counts, sizes
// and bounds as PyIceberg takes them from the same footer, with the exceptions
// that metrics names.
func (w *fileWriter) describe(local, location string, tuple []meta.Value, sorted bool) (_ iceberg.DataFile, err error) {
	st, err := os.Stat(local)
	if err != nil {
		return nil, err
	}
	r, err := file.OpenParquetFile(local, false)
	if err != nil {
		return nil, fmt.Errorf("read %q back: %w", local, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	md := r.MetaData()
	values := map[int]any{}
	for i, f := range w.fields {
		if values[f.ID], err = partitionValue(tuple[i]); err != nil {
			return nil, err
		}
	}
	spec := w.table.Metadata().PartitionSpecByID(w.spec.ID)
	if spec == nil {
		return nil, fmt.Errorf("the table has no partition spec %d", w.spec.ID)
	}
	b, err := iceberg.NewDataFileBuilder(*spec, iceberg.EntryContentData, location, iceberg.ParquetFile, values, nil, nil, md.NumRows, st.Size())
	if err != nil {
		return nil, err
	}
	m, err := metricsOf(md, w.schema, w.meta.Properties)
	if err != nil {
		return nil, err
	}
	b.ColumnSizes(m.sizes).ValueCounts(m.values).NullValueCounts(m.nulls).LowerBoundValues(m.lower).UpperBoundValues(m.upper).
		SplitOffsets(m.splits)
	if sorted {
		b.SortOrderID(w.meta.DefaultSortOrderID)
	}
	return b.Build(), nil
}

// metrics are what a manifest says of a file, by field id. NaNs are not
// counted: a Parquet footer does not tell them, and PyIceberg does not either.
type metrics struct {
	sizes, values, nulls map[int]int64
	lower, upper         map[int][]byte
	splits               []int64
}

// mode is a value of write.metadata.metrics.*.
type mode struct {
	none, counts bool
	length       int // 0: full
}

// metricsOf reads a footer. It gives what PyIceberg gives, but for one thing:
// where some row group has values and no bounds, the column has none (PyIceberg
// takes those of the others, which do not cover).
func metricsOf(md *metadata.FileMetaData, schema *meta.Schema, props map[string]string) (*metrics, error) {
	m := &metrics{sizes: map[int]int64{}, values: map[int]int64{}, nulls: map[int]int64{}, lower: map[int][]byte{}, upper: map[int][]byte{}}
	n := md.Schema.NumColumns()
	ranges := make([]columnRange, n)
	modes := make([]mode, n)
	for i := range n {
		id := int(md.Schema.Column(i).SchemaNode().FieldID())
		name, ok := schema.NameOf(id)
		if !ok {
			return nil, fmt.Errorf("read footer: field id %d of column %q is not in the table", id, md.Schema.Column(i).Path())
		}
		f, _ := schema.FieldByID(id)
		ranges[i].t = f.Type
		var err error
		if modes[i], err = modeOf(name, f.Type, props); err != nil {
			return nil, err
		}
		// A top-level column may have a dot in its name.
		if nested := !slices.ContainsFunc(schema.Fields, func(f *meta.Field) bool { return f.ID == id }); nested && !modes[i].none {
			modes[i] = mode{counts: true}
		}
	}
	for _, rg := range md.RowGroups {
		for i := range n {
			c := rg.Columns[i].MetaData
			id := int(md.Schema.Column(i).SchemaNode().FieldID())
			m.sizes[id] += c.TotalCompressedSize
			if i == 0 {
				at := c.DataPageOffset
				if c.DictionaryPageOffset != nil && *c.DictionaryPageOffset > 0 {
					at = min(at, *c.DictionaryPageOffset)
				}
				m.splits = append(m.splits, at)
			}
			if modes[i].none {
				continue
			}
			m.values[id] += c.NumValues
			s := c.Statistics
			if s == nil || s.NullCount == nil {
				ranges[i].noNulls = true
			} else {
				m.nulls[id] += *s.NullCount
			}
			if s == nil {
				ranges[i].unknown = true
			} else if s.MinValue != nil && s.MaxValue != nil {
				ranges[i].add(s.MinValue, s.MaxValue)
			} else if s.NullCount == nil || *s.NullCount != c.NumValues {
				ranges[i].unknown = true
			}
		}
	}
	slices.Sort(m.splits)
	for i := range n {
		id := int(md.Schema.Column(i).SchemaNode().FieldID())
		if ranges[i].noNulls {
			delete(m.nulls, id)
		}
		if modes[i].none || modes[i].counts || ranges[i].unknown || ranges[i].low == nil {
			continue
		}
		m.lower[id] = lowerBound(ranges[i].t, ranges[i].low, modes[i].length)
		if up := upperBound(ranges[i].t, ranges[i].high, modes[i].length); up != nil {
			m.upper[id] = up
		}
	}
	return m, nil
}

// columnRange is the least and greatest value of a column over row groups.
type columnRange struct {
	t         meta.Type
	low, high []byte // as bounds are serialized, not cut
	unknown   bool   // some row group does not tell
	noNulls   bool   // some row group has no null count
}

func (r *columnRange) add(low, high []byte) {
	low, high = boundBytes(r.t, low), boundBytes(r.t, high)
	if r.low == nil {
		r.low, r.high = low, high
		return
	}
	if less(r.t, low, r.low) {
		r.low = low
	}
	if less(r.t, r.high, high) {
		r.high = high
	}
}

func less(t meta.Type, a, b []byte) bool {
	va, err1 := meta.DecodeBound(t, a)
	vb, err2 := meta.DecodeBound(t, b)
	return err1 == nil && err2 == nil && meta.Compare(va, vb) < 0
}

// boundBytes takes Parquet's plain encoding of a value to Iceberg's: only
// decimals differ.
func boundBytes(t meta.Type, raw []byte) []byte {
	if t.Kind != meta.KindDecimal {
		return slices.Clip(append([]byte{}, raw...))
	}
	n := new(big.Int)
	switch {
	case t.Precision <= 9 && len(raw) == 4:
		n.SetInt64(int64(int32(binary.LittleEndian.Uint32(raw))))
	case t.Precision <= 18 && len(raw) == 8:
		n.SetInt64(int64(binary.LittleEndian.Uint64(raw)))
	default: // big endian two's complement
		n.SetBytes(raw)
		if len(raw) > 0 && raw[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
		}
	}
	return twosComplement(n)
}

// twosComplement is the shortest big endian one.
func twosComplement(n *big.Int) []byte {
	if n.Sign() >= 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	size := new(big.Int).Not(n).BitLen()/8 + 1 // Not(n) = -n-1
	b := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size))).Bytes()
	return b
}

// modeOf is the metrics mode of a column: its own property, else the table's
// default, else truncate(16). What cannot be cut is full.
func modeOf(name string, t meta.Type, props map[string]string) (mode, error) {
	text := "truncate(16)"
	for _, key := range []string{"write.metadata.metrics.default", "write.metadata.metrics.column." + name} {
		if s := props[key]; s != "" {
			text = strings.ToLower(strings.TrimSpace(s))
		}
	}
	var m mode
	switch {
	case text == "none":
		m.none = true
	case text == "counts":
		m.counts = true
	case text == "full":
	case strings.HasPrefix(text, "truncate(") && strings.HasSuffix(text, ")"):
		n, err := strconv.Atoi(strings.TrimSpace(text[len("truncate(") : len(text)-1]))
		if err != nil || n < 1 {
			return m, fmt.Errorf("metrics of column %q: property value %q: the length is no number above 0", name, text)
		}
		if t.Kind == meta.KindString || t.Kind == meta.KindBinary {
			m.length = n
		}
	default:
		return m, fmt.Errorf("metrics of column %q: property value %q is none of none, counts, truncate(length), full", name, text)
	}
	return m, nil
}

// lowerBound cuts a bound; what is left is a lower bound still.
func lowerBound(t meta.Type, b []byte, length int) []byte {
	if length == 0 {
		return b
	}
	if t.Kind == meta.KindString {
		return b[:runes(b, length)]
	}
	return b[:min(length, len(b))]
}

// upperBound cuts a bound and rounds it up; nil where that is not possible.
func upperBound(t meta.Type, b []byte, length int) []byte {
	cut := lowerBound(t, b, length)
	if len(cut) == len(b) {
		return b
	}
	cut = slices.Clone(cut)
	if t.Kind != meta.KindString {
		for i := len(cut) - 1; i >= 0; i-- {
			if cut[i] != 0xff {
				cut[i]++
				return cut
			}
		}
		return nil
	}
	text := []rune(string(cut))
	for i := len(text) - 1; i >= 0; i-- {
		switch next := text[i] + 1; {
		case next == 0xd800:
			text[i] = 0xe000 // surrogates are no characters
			return []byte(string(text))
		case next <= utf8.MaxRune:
			text[i] = next
			return []byte(string(text))
		}
	}
	return nil
}

// runes is how many bytes the first n characters take.
func runes(b []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(b); n-- {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return at
}

func decimalLiteral(v meta.Value) (any, error) {
	if v.Big.BitLen() > 127 {
		return nil, fmt.Errorf("decimal %s has more than 38 digits", v)
	}
	return iceberg.Decimal{Val: decimal128.FromBigInt(v.Big), Scale: v.Scale}, nil
}
