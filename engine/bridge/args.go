package bridge

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/functions/surface"
)

// readArgs decodes the arguments of a call. The driver's own decoder aborts the
// process on NULL and knows neither LIST nor STRUCT nor MAP.
func readArgs(info mapping.BindInfo, f *surface.Function) (surface.Args, error) {
	args := surface.Args{Named: map[string]any{}}
	for i, a := range f.Positional {
		v := mapping.BindGetParameter(info, mapping.IdxT(i))
		x, err := decodeValue(v)
		mapping.DestroyValue(&v)
		if err != nil {
			return args, fmt.Errorf("argument %d (%s): %w", i+1, a.Name, err)
		}
		args.Positional = append(args.Positional, x)
	}
	for _, a := range f.Named {
		v := mapping.BindGetNamedParameter(info, a.Name)
		if v.Ptr == nil {
			continue
		}
		x, err := decodeValue(v)
		mapping.DestroyValue(&v)
		if err != nil {
			return args, fmt.Errorf("argument %s: %w", a.Name, err)
		}
		if x != nil {
			args.Named[strings.ToLower(a.Name)] = x
		}
	}
	return args, nil
}

// decodeValue turns a bound constant into what surface.Args describes.
func decodeValue(v mapping.Value) (any, error) {
	if v.Ptr == nil || mapping.IsNullValue(v) {
		return nil, nil
	}
	lt := mapping.GetValueType(v) // borrowed from v
	switch id := mapping.GetTypeId(lt); id {
	case mapping.TypeSQLNull:
		return nil, nil
	case mapping.TypeBoolean:
		return mapping.GetBool(v), nil
	case mapping.TypeTinyInt, mapping.TypeSmallInt, mapping.TypeInteger, mapping.TypeBigInt,
		mapping.TypeUTinyInt, mapping.TypeUSmallInt, mapping.TypeUInteger, mapping.TypeIntegerLiteral:
		return mapping.GetInt64(v), nil
	case mapping.TypeUBigInt:
		if u := mapping.GetUInt64(v); u <= math.MaxInt64 {
			return int64(u), nil
		}
		return mapping.GetVarchar(v), nil
	case mapping.TypeHugeInt:
		h := mapping.GetHugeInt(v)
		if lo, hi := mapping.HugeIntMembers(&h); hi == int64(lo)>>63 {
			return int64(lo), nil
		}
		return mapping.GetVarchar(v), nil
	case mapping.TypeFloat:
		return float64(mapping.GetFloat(v)), nil
	case mapping.TypeDouble:
		return mapping.GetDouble(v), nil
	case mapping.TypeBlob:
		b := mapping.GetBlob(v)
		defer mapping.DestroyBlob(&b)
		return blobBytes(&b), nil
	case mapping.TypeDate:
		d := mapping.GetDate(v)
		if !mapping.IsFiniteDate(d) {
			return nil, fmt.Errorf("an infinite DATE is not a date")
		}
		return time.Unix(int64(mapping.DateMembers(&d))*86400, 0).UTC(), nil
	case mapping.TypeTimestamp, mapping.TypeTimestampTZ, mapping.TypeTimestampS, mapping.TypeTimestampMS, mapping.TypeTimestampNS:
		return decodeTimestamp(v, id)
	case mapping.TypeInterval:
		iv := mapping.GetInterval(v)
		m, d, us := mapping.IntervalMembers(&iv)
		return surface.Interval{Months: m, Days: d, Micros: us}, nil
	case mapping.TypeList, mapping.TypeArray:
		return decodeList(v)
	case mapping.TypeStruct:
		return decodeStruct(v, lt)
	case mapping.TypeMap:
		return decodeMap(v)
	}
	// DECIMAL, UUID, ENUM, TIME, UHUGEINT ...: the text DuckDB casts it to
	return mapping.GetVarchar(v), nil
}

func decodeTimestamp(v mapping.Value, id mapping.Type) (any, error) {
	var n, unit int64
	switch id {
	case mapping.TypeTimestampS:
		t := mapping.GetTimestampS(v)
		n, unit = mapping.TimestampSMembers(&t), 1
	case mapping.TypeTimestampMS:
		t := mapping.GetTimestampMS(v)
		n, unit = mapping.TimestampMSMembers(&t), 1e3
	case mapping.TypeTimestampNS:
		t := mapping.GetTimestampNS(v)
		n, unit = mapping.TimestampNSMembers(&t), 1e9
	case mapping.TypeTimestampTZ:
		t := mapping.GetTimestampTZ(v)
		n, unit = mapping.TimestampMembers(&t), 1e6
	default:
		t := mapping.GetTimestamp(v)
		n, unit = mapping.TimestampMembers(&t), 1e6
	}
	if isInfinite(n) {
		return nil, fmt.Errorf("an infinite TIMESTAMP is not a time")
	}
	return timeOf(n, unit), nil
}

func decodeList(v mapping.Value) (any, error) {
	out := make([]any, 0, mapping.GetListSize(v))
	for i := range mapping.GetListSize(v) {
		c := mapping.GetListChild(v, i)
		x, err := decodeValue(c)
		mapping.DestroyValue(&c)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
		out = append(out, x)
	}
	return out, nil
}

func decodeStruct(v mapping.Value, lt mapping.LogicalType) (any, error) {
	out := map[string]any{}
	for i := range mapping.StructTypeChildCount(lt) {
		name := mapping.StructTypeChildName(lt, i)
		c := mapping.GetStructChild(v, i)
		x, err := decodeValue(c)
		mapping.DestroyValue(&c)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		out[name] = x
	}
	return out, nil
}

func decodeMap(v mapping.Value) (any, error) {
	out := make([]surface.KeyValue, 0, mapping.GetMapSize(v))
	for i := range mapping.GetMapSize(v) {
		k, val := mapping.GetMapKey(v, i), mapping.GetMapValue(v, i)
		var kv surface.KeyValue
		var err error
		if kv.Key, err = decodeValue(k); err == nil {
			kv.Value, err = decodeValue(val)
		}
		mapping.DestroyValue(&k)
		mapping.DestroyValue(&val)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		out = append(out, kv)
	}
	return out, nil
}

// timeOf is n units after the epoch, perSecond of which make a second.
func timeOf(n, perSecond int64) time.Time {
	s, rest := n/perSecond, n%perSecond
	if rest < 0 {
		s, rest = s-1, rest+perSecond
	}
	return time.Unix(s, rest*(1e9/perSecond)).UTC()
}

// isInfinite: DuckDB's infinity is the largest integer, -infinity its negative.
func isInfinite(n int64) bool { return n == math.MaxInt64 || n == -math.MaxInt64 }
