package manifest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// value prints one value of a column as the expected rows encode it (the
// archives' READMEs, "Encoding").
func value(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Int32:
		return a.Value(i)
	case *array.Int64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.Float32:
		return float(float64(a.Value(i)))
	case *array.Float64:
		return float(a.Value(i))
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return hex.EncodeToString(a.Value(i))
	case *array.FixedSizeBinary:
		if v := a.Value(i); len(v) == 16 { // no fixed[16] in the tables, uuid there is
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
		return hex.EncodeToString(a.Value(i))
	case *array.Date32:
		return a.Value(i).ToTime().Format("2006-01-02")
	case *array.Time64:
		return a.Value(i).ToTime(arrow.Microsecond).Format("15:04:05.000000")
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Timestamp:
		z := ""
		if a.DataType().(*arrow.TimestampType).TimeZone != "" {
			z = "Z"
		}
		return time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02T15:04:05.000000") + z
	case *array.Map:
		m := map[string]any{}
		from, to := a.ValueOffsets(i)
		for j := int(from); j < int(to); j++ {
			m[strconv.Itoa(int(a.Keys().(*array.Int32).Value(j)))] = value(a.Items(), j)
		}
		return m
	case *array.List:
		l := []any{}
		from, to := a.ValueOffsets(i)
		for j := int(from); j < int(to); j++ {
			l = append(l, value(a.ListValues(), j))
		}
		return l
	case *array.Struct:
		l := []any{}
		for j := range a.NumField() {
			l = append(l, value(a.Field(j), i))
		}
		return l
	}
	return fmt.Sprintf("%T", a)
}

func float(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}

// plain turns the numbers of a JSON value that have a fraction or exponent
// into float64, so that they print in one way.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			f, _ := v.Float64()
			return f
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// rowsOf turns a batch into maps by column name.
func rowsOf(rec arrow.RecordBatch) []map[string]any {
	out := make([]map[string]any, rec.NumRows())
	for i := range out {
		out[i] = map[string]any{}
		for j, f := range rec.Schema().Fields() {
			out[i][f.Name] = value(rec.Column(j), i)
		}
	}
	return out
}
