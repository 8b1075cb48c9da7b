package discover

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"
	"time"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// resolver reads the partition paths of snapshot summaries back to the one
// tuple that each can mean (level SUMMARY).
type resolver struct {
	specs []psyberg.PathSpec
	bound map[int]*spec
}

func newResolver(d *decoder) *resolver {
	r := &resolver{bound: map[int]*spec{}}
	for _, s := range d.specs {
		r.bound[s.id] = s
		p := psyberg.PathSpec{ID: s.id}
		for _, f := range s.fields {
			p.Fields = append(p.Fields, psyberg.PathField{Name: f.Name, Kind: pathKind(f)})
		}
		r.specs = append(r.specs, p)
	}
	return r
}

// pathKind says how far Iceberg's text of a partition value can be read back.
func pathKind(f meta.BoundField) psyberg.PathKind {
	switch f.Transform.Kind {
	case meta.TransformVoid:
		return psyberg.PathAlways
	case meta.TransformUnknown:
		return psyberg.PathLossy
	}
	switch f.Result.Kind {
	case meta.KindBoolean, meta.KindInt, meta.KindLong, meta.KindDate, meta.KindDecimal, meta.KindUUID:
		return psyberg.PathPlain
	case meta.KindString, meta.KindBinary, meta.KindFixed:
		return psyberg.PathText
	}
	return psyberg.PathLossy
}

// resolve is what psyberg.SummarizeChanges asks. What it reads must print as
// the very path: writers that encode otherwise are left to the manifests.
func (r *resolver) resolve(path string) (psyberg.Partition, bool) {
	id, texts, ok := psyberg.ReadPath(r.specs, path)
	if !ok {
		return psyberg.Partition{}, false
	}
	s := r.bound[id]
	values := make([]meta.Value, len(s.fields))
	for i, f := range s.fields {
		if texts[i].Null {
			continue
		}
		if values[i], ok = readHuman(f, texts[i].Text); !ok {
			return psyberg.Partition{}, false
		}
	}
	p := s.make(values)
	return p, p.Path == path
}

// readHuman is Transform.Human backwards, for the kinds of pathKind that are
// not lossy.
func readHuman(f meta.BoundField, text string) (meta.Value, bool) {
	switch f.Transform.Kind {
	case meta.TransformYear:
		return calendarValue(text, "2006", func(t time.Time) int64 { return int64(t.Year() - 1970) })
	case meta.TransformMonth:
		return calendarValue(text, "2006-01", func(t time.Time) int64 { return int64(t.Year()-1970)*12 + int64(t.Month()) - 1 })
	case meta.TransformHour:
		return calendarValue(text, "2006-01-02-15", func(t time.Time) int64 { return floorDiv(t.Unix(), 3600) })
	}
	switch k := f.Result.Kind; k {
	case meta.KindBoolean:
		b, err := strconv.ParseBool(text)
		return meta.BoolValue(b), err == nil
	case meta.KindInt, meta.KindLong:
		n, err := strconv.ParseInt(text, 10, 64)
		return meta.IntValue(k, n), err == nil
	case meta.KindDate:
		t, err := time.Parse("2006-01-02", text)
		return meta.IntValue(k, floorDiv(t.Unix(), 86400)), err == nil
	case meta.KindDecimal:
		return decimalValue(text, f.Result.Scale)
	case meta.KindString:
		return meta.StringValue(text), true
	case meta.KindUUID:
		b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		return meta.BytesValue(k, b), err == nil && len(b) == 16
	case meta.KindBinary, meta.KindFixed:
		b, err := base64.StdEncoding.DecodeString(text)
		return meta.BytesValue(k, b), err == nil
	}
	return meta.Null, false
}

func calendarValue(text, layout string, ordinal func(time.Time) int64) (meta.Value, bool) {
	t, err := time.Parse(layout, text)
	return meta.IntValue(meta.KindInt, ordinal(t)), err == nil
}

func decimalValue(text string, scale int) (meta.Value, bool) {
	const longest = 64 // of 38 digits; an exponent must not cost memory
	r, ok := new(big.Rat), len(text) <= longest
	if i := strings.IndexAny(text, "eE"); ok && i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		ok = err == nil && e >= -longest && e <= longest
	}
	if ok {
		_, ok = r.SetString(text)
	}
	if !ok || strings.Contains(text, "/") {
		return meta.Null, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	if !r.IsInt() {
		return meta.Null, false
	}
	return meta.DecimalValue(new(big.Int).Set(r.Num()), scale), true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
