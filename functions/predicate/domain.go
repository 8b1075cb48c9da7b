package predicate

import (
	"math"
	"math/big"
	"unicode/utf8"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// domain covers the values of one column in some rows: every value that occurs
// is in it, values in it need not occur. Its zero value covers nothing.
type domain struct {
	null, nan, value bool // NULL, NaN, any other value may occur
	// lo and hi enclose the other values; NULL is no limit.
	lo, hi meta.Value
	hiOpen bool // hi itself does not occur
	// buckets are limits on the hash of the values.
	buckets []bucketRange
}

type bucketRange struct {
	transform meta.Transform
	lo, hi    int64
}

// anything is what is known of a column before looking.
func anything(c *column) domain {
	return domain{null: true, nan: floating(c.typ.Kind), value: true}
}

func floating(k meta.Kind) bool { return k == meta.KindFloat || k == meta.KindDouble }

// meet narrows d to what is also in e.
func (d *domain) meet(e domain) {
	d.null, d.nan, d.value = d.null && e.null, d.nan && e.nan, d.value && e.value
	if !e.lo.IsNull() && (d.lo.IsNull() || meta.Compare(e.lo, d.lo) > 0) {
		d.lo = e.lo
	}
	if !e.hi.IsNull() {
		far := -1
		if !d.hi.IsNull() {
			far = meta.Compare(e.hi, d.hi)
		}
		if far < 0 || far == 0 && e.hiOpen {
			d.hi, d.hiOpen = e.hi, e.hiOpen
		}
	}
	d.buckets = append(d.buckets, e.buckets...)
	if !d.lo.IsNull() && !d.hi.IsNull() {
		if far := meta.Compare(d.lo, d.hi); far > 0 || far == 0 && d.hiOpen {
			d.value = false
		}
	}
}

// mayEqual reports whether v, neither NULL nor NaN, may occur.
func (d domain) mayEqual(v meta.Value) bool {
	if !d.value || !d.lo.IsNull() && meta.Compare(v, d.lo) < 0 {
		return false
	}
	if !d.hi.IsNull() {
		if far := meta.Compare(v, d.hi); far > 0 || far == 0 && d.hiOpen {
			return false
		}
	}
	for _, b := range d.buckets {
		if h, err := b.transform.Apply(v); err == nil && (h.Int < b.lo || h.Int > b.hi) {
			return false
		}
	}
	return true
}

// only reports whether v is the only value (besides NULL and NaN) that may
// occur.
func (d domain) only(v meta.Value) bool {
	return !d.value || !d.lo.IsNull() && !d.hi.IsNull() && meta.Compare(d.lo, v) == 0 && meta.Compare(d.hi, v) == 0
}

// like reports whether a value can be compared with the column's.
func like(c *column, v meta.Value) bool {
	k := c.typ.Kind
	switch v.Kind {
	case k:
		return true
	case meta.KindInt, meta.KindLong:
		return k == meta.KindInt || k == meta.KindLong
	case meta.KindFloat, meta.KindDouble:
		return floating(k)
	}
	return false
}

// metricsDomain is what a file's metrics say. Bounds cover the values that are
// neither NULL nor NaN (spec, "Data File Fields"); text bounds may be truncated.
func metricsDomain(c *column, records int64, m ColumnMetrics) domain {
	d := anything(c)
	// A column without a single value in a file with rows was not counted.
	counted := m.Values != 0
	if counted && m.Nulls == 0 {
		d.null = false
	}
	if counted && m.NaNs == 0 {
		d.nan = false
	}
	// Where a count is missing, nothing follows from the others.
	if m.Values > 0 && m.Nulls >= 0 && (records < 0 || m.Values >= records) {
		switch rest := m.Values - m.Nulls; {
		case rest <= 0:
			d.value, d.nan = false, false
		case m.NaNs > 0 && rest <= m.NaNs:
			d.value = false
		}
	}
	lower, err1 := meta.DecodeBound(c.typ, m.Lower)
	upper, err2 := meta.DecodeBound(c.typ, m.Upper)
	// A NaN bound is an old writer's; a bound of another width is that of a
	// schema newer than the one looked through. Both say nothing.
	if err1 == nil && !lower.IsNaN() {
		d.lo = lower
	}
	if err2 == nil && !upper.IsNaN() {
		d.hi = upper
	}
	return d
}

// tupleDomain is what one partition value says of its source column.
func tupleDomain(c *column, t meta.Transform, v meta.Value) domain {
	d := anything(c)
	if t.Kind == meta.TransformVoid || t.Kind == meta.TransformUnknown {
		return d
	}
	if v.IsNull() {
		d.nan, d.value = false, false
		return d
	}
	d.null = false
	if v.IsNaN() {
		d.value = false
		return d
	}
	d.nan = false
	d.between(c, t, v, v)
	return d
}

// summaryDomain is what a manifest's summary of one partition field says.
func summaryDomain(c *column, t meta.Transform, s manifest.FieldSummary) domain {
	d := anything(c)
	if t.Kind == meta.TransformVoid || t.Kind == meta.TransformUnknown {
		return d
	}
	d.null = s.ContainsNull
	d.nan = d.nan && (s.ContainsNaN == nil || *s.ContainsNaN)
	if s.Lower == nil && s.Upper == nil && (s.ContainsNull || s.ContainsNaN != nil && *s.ContainsNaN) {
		d.value = false // no bounds: all values are NULL or NaN (spec, "Manifest Lists")
		return d
	}
	result := t.ResultType(c.typ)
	lower, err1 := meta.DecodeBound(result, s.Lower)
	upper, err2 := meta.DecodeBound(result, s.Upper)
	if err1 != nil || err2 != nil || lower.IsNull() || upper.IsNull() || lower.IsNaN() || upper.IsNaN() {
		return d
	}
	d.between(c, t, lower, upper)
	return d
}

// between narrows d to the column values whose partition value under t lies in
// [lo, hi].
func (d *domain) between(c *column, t meta.Transform, lo, hi meta.Value) {
	switch t.Kind {
	case meta.TransformIdentity:
		if like(c, lo) && like(c, hi) {
			d.lo, d.hi = lo, hi
		}
	case meta.TransformBucket:
		if lo.Kind == meta.KindInt && hi.Kind == meta.KindInt {
			d.buckets = append(d.buckets, bucketRange{t, lo.Int, hi.Int})
		}
	case meta.TransformTruncate:
		d.betweenTruncated(c, t.Arg, lo, hi)
	case meta.TransformYear, meta.TransformMonth, meta.TransformDay, meta.TransformHour:
		d.betweenTimes(c, t.Kind, lo.Int, hi.Int)
	}
}

func (d *domain) betweenTruncated(c *column, width int, lo, hi meta.Value) {
	if !like(c, lo) || !like(c, hi) || width <= 0 {
		return
	}
	switch c.typ.Kind {
	case meta.KindInt, meta.KindLong:
		top := int64(math.MaxInt64)
		if c.typ.Kind == meta.KindInt {
			top = math.MaxInt32
		}
		// Truncating near the least value wraps round to the greatest.
		if hi.Int > top-int64(width)+1 {
			return
		}
		hi.Int += int64(width) - 1
		d.lo, d.hi = lo, hi
	case meta.KindDecimal:
		hi.Big = new(big.Int).Add(hi.Big, big.NewInt(int64(width)-1))
		d.lo, d.hi = lo, hi
	case meta.KindString:
		d.lo = lo
		if utf8.RuneCount(hi.Bytes) < width {
			d.hi = hi
			return
		}
		if next, ok := afterPrefix(hi.Bytes); ok {
			d.hi, d.hiOpen = meta.BytesValue(hi.Kind, next), true
		}
	case meta.KindBinary:
		d.lo = lo
		if len(hi.Bytes) < width {
			d.hi = hi
			return
		}
		if next, ok := afterPrefix(hi.Bytes); ok {
			d.hi, d.hiOpen = meta.BytesValue(hi.Kind, next), true
		}
	}
}

// afterPrefix returns the least bytes that are greater than all that begin
// with p.
func afterPrefix(p []byte) ([]byte, bool) {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			next := append([]byte{}, p[:i+1]...)
			next[i]++
			return next, true
		}
	}
	return nil, false
}

// betweenTimes narrows d to the times of the years, months, days or hours lo
// to hi. Iceberg 0.10 and earlier wrote times before 1970 one unit too late:
// a unit up to 0 may hold what belongs to the one before it.
func (d *domain) betweenTimes(c *column, k meta.TransformKind, lo, hi int64) {
	if lo <= 0 {
		lo--
	}
	const far = 10_000_000_000 // hours beyond every timestamp
	perUnit, ok := unitsPerHour(c.typ.Kind)
	if !ok || lo < -far || hi > far {
		return
	}
	first, ok1 := mulBig(hoursAt(k, lo), perUnit)
	end, ok2 := mulBig(hoursAt(k, hi+1), perUnit)
	if c.typ.Kind == meta.KindDate {
		first, end = hoursAt(k, lo)/24, hoursAt(k, hi+1)/24
		ok1, ok2 = true, true
	}
	if ok1 {
		d.lo = meta.IntValue(c.typ.Kind, first)
	}
	if ok2 {
		d.hi = meta.IntValue(c.typ.Kind, end-1)
	}
}

// unitsPerHour is how many of a kind's units an hour has; 0 for date.
func unitsPerHour(k meta.Kind) (int64, bool) {
	switch k {
	case meta.KindDate:
		return 0, true
	case meta.KindTimestamp, meta.KindTimestampTZ:
		return 3_600_000_000, true
	case meta.KindTimestampNS, meta.KindTimestampTZNS:
		return 3_600_000_000_000, true
	}
	return 0, false
}

func mulBig(a, b int64) (int64, bool) {
	p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return p.Int64(), p.IsInt64()
}
