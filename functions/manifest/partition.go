package manifest

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// PartitionType returns the fields of the partition struct of one manifest as
// its writer declared them, in order; empty for an unpartitioned spec. name is
// for errors, which are those of Scan.
//
// Types: boolean, int, long, float, double as they are; date DATE32; times
// TIME32[ms], TIME64[us] or [ns]; timestamps in their unit, with time zone
// "UTC" where the file says adjust-to-utc; decimal DECIMAL128; string STRING;
// bytes BINARY; fixed and uuid FIXED_SIZE_BINARY; null NULL.
func PartitionType(name string, data []byte) ([]PartitionField, error) {
	c, err := open("manifest", name, data)
	if err != nil {
		return nil, err
	}
	out := []PartitionField{}
	for _, f := range partitionOf(c.schema) {
		t, err := f.arrowType()
		if err != nil {
			return nil, fmt.Errorf("read manifest %q: %w", name, err)
		}
		out = append(out, PartitionField{ID: f.id, Name: f.name, Type: t})
	}
	return out, nil
}

// partitionOf returns the members of the partition struct of a schema.
func partitionOf(schema *node) []*field {
	df := schema.member(dataFileID)
	if df == nil {
		return nil
	}
	p := df.typ.member(columns[Partition].id)
	if p == nil || p.typ.kind != kRecord {
		return nil
	}
	return p.typ.fields
}

// member finds a record's field by id.
func (n *node) member(id int) *field {
	for _, f := range n.fields {
		if f.known(entryNames) == id {
			return f
		}
	}
	return nil
}

func (f *field) arrowType() (arrow.DataType, error) {
	t, _, ok := f.typ.optional()
	if !ok {
		return nil, fmt.Errorf("partition field %q (%d): a union of %d types", f.name, f.id, len(f.typ.union))
	}
	if u, zone, ok := t.timestamp(); ok {
		return &arrow.TimestampType{Unit: u, TimeZone: zone}, nil
	}
	switch t.kind {
	case kNull:
		return arrow.Null, nil
	case kBool:
		return arrow.FixedWidthTypes.Boolean, nil
	case kFloat:
		return arrow.PrimitiveTypes.Float32, nil
	case kDouble:
		return arrow.PrimitiveTypes.Float64, nil
	case kString:
		return arrow.BinaryTypes.String, nil
	case kInt:
		switch t.logical {
		case "date":
			return arrow.FixedWidthTypes.Date32, nil
		case "time-millis":
			return arrow.FixedWidthTypes.Time32ms, nil
		}
		return arrow.PrimitiveTypes.Int32, nil
	case kLong:
		switch t.logical {
		case "time-micros":
			return arrow.FixedWidthTypes.Time64us, nil
		case "time-nanos":
			return arrow.FixedWidthTypes.Time64ns, nil
		}
		return arrow.PrimitiveTypes.Int64, nil
	case kBytes, kFixed:
		if t.isDecimal() {
			return &arrow.Decimal128Type{Precision: int32(t.precision), Scale: int32(t.scale)}, nil
		}
		if t.kind == kFixed {
			return &arrow.FixedSizeBinaryType{ByteWidth: t.size}, nil
		}
		return arrow.BinaryTypes.Binary, nil
	}
	return nil, fmt.Errorf("partition field %q (%d): values of type %v are not known", f.name, f.id, t.kind)
}

// isDecimal: what the spec allows, and Arrow's 128 bits hold.
func (n *node) isDecimal() bool {
	return n.logical == "decimal" && n.precision >= 1 && n.precision <= 38 && n.scale >= 0 && n.scale <= n.precision
}

// timestamp reads Avro's logical types for points in time. As Iceberg's own
// readers have it, a timestamp is one with a zone only if the file says so.
func (n *node) timestamp() (u arrow.TimeUnit, zone string, ok bool) {
	if n.kind != kLong {
		return 0, "", false
	}
	switch n.logical {
	case "timestamp-millis", "local-timestamp-millis":
		u = arrow.Millisecond
	case "timestamp-micros", "local-timestamp-micros":
		u = arrow.Microsecond
	case "timestamp-nanos", "local-timestamp-nanos":
		u = arrow.Nanosecond
	default:
		return 0, "", false
	}
	if n.utc {
		zone = "UTC"
	}
	return u, zone, true
}

// valueReader reads one value that is there into row of a column.
type valueReader func(d *dec, s *scanner, c *column)

// partitionReader returns how values of the file's type t go into a column of
// type want, widening as schema evolution does (spec, "Schema Evolution").
func partitionReader(f *field, t *node, want arrow.DataType, prefixed bool) (valueReader, error) {
	number := t.kind == kInt || t.kind == kLong
	switch w := want.(type) {
	case *arrow.NullType:
		return func(d *dec, _ *scanner, _ *column) { d.skipPartition(t, prefixed) }, nil
	case *arrow.BooleanType:
		if t.kind == kBool {
			return func(d *dec, s *scanner, c *column) { c.setBit(s.row, d.bool()) }, nil
		}
	case *arrow.Int32Type, *arrow.Date32Type, *arrow.Time32Type:
		if number {
			return func(d *dec, s *scanner, c *column) { c.set32(s.row, d.int()) }, nil
		}
	case *arrow.Int64Type, *arrow.Time64Type:
		if number {
			return func(d *dec, s *scanner, c *column) { c.set64(s.row, d.long()) }, nil
		}
	case *arrow.TimestampType:
		if scale := t.scaleTo(w.Unit); scale > 0 {
			return scaledReader(scale), nil
		}
	case *arrow.Float32Type:
		if t.kind == kFloat {
			return func(d *dec, s *scanner, c *column) { c.set32(s.row, int32(d.uint32())) }, nil
		}
	case *arrow.Float64Type:
		switch t.kind {
		case kFloat:
			return func(d *dec, s *scanner, c *column) {
				c.set64(s.row, int64(math.Float64bits(float64(math.Float32frombits(d.uint32())))))
			}, nil
		case kDouble:
			return func(d *dec, s *scanner, c *column) { c.set64(s.row, int64(d.uint64())) }, nil
		}
	case *arrow.Decimal128Type:
		if t.isDecimal() && int32(t.scale) == w.Scale && int32(t.precision) <= w.Precision {
			return func(d *dec, s *scanner, c *column) { d.decimal(t, s, c) }, nil
		}
	case *arrow.StringType:
		if t.kind == kString {
			return readText, nil
		}
	case *arrow.BinaryType:
		if t.kind == kBytes || t.kind == kString || t.kind == kFixed {
			return func(d *dec, s *scanner, c *column) {
				if v := d.binary(t, prefixed); d.err == nil {
					c.setBytes(s.alloc, s.row, v)
				}
			}, nil
		}
	case *arrow.FixedSizeBinaryType:
		if t.kind == kFixed && t.size == w.ByteWidth || t.kind == kBytes {
			return func(d *dec, s *scanner, c *column) { d.fixedInto(t, prefixed, s, c) }, nil
		}
	}
	if t.kind == kNull {
		return func(*dec, *scanner, *column) {}, nil
	}
	return nil, fmt.Errorf("partition field %q (%d): the manifest has %v, which is no %v", f.name, f.id, t, want)
}

// String names a type for errors.
func (n *node) String() string {
	if n.logical != "" {
		return fmt.Sprintf("%v (%s)", n.kind, n.logical)
	}
	return n.kind.String()
}

var perSecond = map[arrow.TimeUnit]int64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}

// scaleTo returns what values of n are multiplied with to be in unit u; 0
// where that cannot be done. Dates became timestamps in v3.
func (n *node) scaleTo(u arrow.TimeUnit) int64 {
	if have, _, ok := n.timestamp(); ok {
		return perSecond[u] / perSecond[have] // 0 where u is coarser
	}
	switch {
	case n.kind == kInt && n.logical == "date":
		return 86400 * perSecond[u]
	case n.kind == kLong:
		return 1
	}
	return 0
}

func scaledReader(scale int64) valueReader {
	return func(d *dec, s *scanner, c *column) {
		v := d.long()
		if v > math.MaxInt64/scale || v < math.MinInt64/scale {
			d.fail(fmt.Errorf("%d times %d does not fit 64 bits", v, scale))
			return
		}
		c.set64(s.row, v*scale)
	}
}

// readText sets a STRING column; Arrow's readers rely on it being UTF-8.
func readText(d *dec, s *scanner, c *column) {
	v := d.bytes()
	if !utf8.Valid(v) {
		d.fail(fmt.Errorf("text is not UTF-8: %.40q", v))
		return
	}
	c.setBytes(s.alloc, s.row, v)
}

// decimal reads the big-endian two's complement of a decimal.
func (d *dec) decimal(t *node, s *scanner, c *column) {
	v := d.binary(t, false)
	if d.err != nil {
		return
	}
	var out [arrow.Decimal128SizeBytes]byte
	fill := byte(0)
	if len(v) > 0 && v[0] >= 0x80 {
		fill = 0xff
	}
	for len(v) > len(out) && v[0] == fill {
		v = v[1:]
	}
	if len(v) == 0 || len(v) > len(out) || fill == 0xff && v[0] < 0x80 || fill == 0 && v[0] >= 0x80 {
		d.fail(fmt.Errorf("decimal of %d bytes", len(v)))
		return
	}
	for i := range out { // Arrow has them little endian
		out[i] = fill
		if i < len(v) {
			out[i] = v[len(v)-1-i]
		}
	}
	c.setFixed(s.row, out[:])
}

// binary reads bytes, string or fixed.
func (d *dec) binary(t *node, prefixed bool) []byte {
	if t.kind != kFixed {
		return d.bytes()
	}
	if prefixed {
		if n := d.long(); n != int64(t.size) {
			d.fail(fmt.Errorf("length %d before a fixed of %d bytes", n, t.size))
		}
	}
	return d.fixed(int64(t.size))
}

func (d *dec) fixedInto(t *node, prefixed bool, s *scanner, c *column) {
	v := d.binary(t, prefixed)
	if d.err == nil && len(v) != c.width {
		d.fail(fmt.Errorf("%d bytes where %d are expected", len(v), c.width))
	}
	if d.err == nil {
		c.setFixed(s.row, v)
	}
}

// skipPartition steps over one value that is there.
func (d *dec) skipPartition(t *node, prefixed bool) {
	if prefixed && t.hasOddFixed() {
		d.binary(t, true)
		return
	}
	d.skip(t, 0)
}

// hasOddFixed reports whether values of type n may be preceded by a length
// that the schema does not announce: Iceberg Java writes identity(fixed[N])
// partitions so, and reads them so.
func (n *node) hasOddFixed() bool {
	return n.kind == kFixed && n.logical == "" && n.size > 0
}

// hasOddFixed reports whether a manifest of this schema may be written so.
func hasOddFixed(schema *node) bool {
	for _, f := range partitionOf(schema) {
		if t, _, ok := f.typ.optional(); ok && t.hasOddFixed() {
			return true
		}
	}
	return false
}
