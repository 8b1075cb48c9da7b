package catalog

import (
	"fmt"
	"math/big"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"

	"psyberg/functions/meta"
)

// partition is the partition that a file is in.
type partition struct {
	key  string // equal exactly for equal tuples of one spec
	path string // as Java prints it; null and 'null' share one
}

// partitionOf returns the partition of a file by the spec it was written with.
func partitionOf(m *meta.Metadata, f iceberg.DataFile) (partition, error) {
	values, err := tupleOf(m, f)
	if err != nil {
		return partition{}, err
	}
	spec, _ := m.Spec(int(f.SpecID()))
	return partition{key: meta.TupleKey(spec.ID, values), path: meta.PartitionPath(m.Bind(spec), values)}, nil
}

// tupleOf returns a file's partition values, one for each field of its spec.
func tupleOf(m *meta.Metadata, f iceberg.DataFile) ([]meta.Value, error) {
	spec, ok := m.Spec(int(f.SpecID()))
	if !ok {
		return nil, fmt.Errorf("read partition of %q: the table has no partition spec %d", f.FilePath(), f.SpecID())
	}
	fields := m.Bind(spec)
	data := f.Partition()
	values := make([]meta.Value, len(fields))
	for i, b := range fields {
		v, err := toValue(b.Result, data[b.ID])
		if err != nil {
			return nil, fmt.Errorf("read partition of %q, field %q: %w", f.FilePath(), b.Name, err)
		}
		values[i] = v
	}
	return values, nil
}

// toValue takes iceberg-go's partition values, which come as its own types or
// as plain ones, to ours. t says which of the integer kinds it is; a type that
// is not known takes the kind from the Go type.
func toValue(t meta.Type, v any) (meta.Value, error) {
	switch v := v.(type) {
	case nil:
		return meta.Null, nil
	case bool:
		return meta.BoolValue(v), nil
	case int:
		return intValue(t, meta.KindLong, int64(v)), nil
	case int32:
		return intValue(t, meta.KindInt, int64(v)), nil
	case int64:
		return intValue(t, meta.KindLong, v), nil
	case iceberg.Date:
		return intValue(t, meta.KindDate, int64(v)), nil
	case iceberg.Time:
		return intValue(t, meta.KindTime, int64(v)), nil
	case iceberg.Timestamp:
		return intValue(t, meta.KindTimestamp, int64(v)), nil
	case iceberg.TimestampNano:
		return intValue(t, meta.KindTimestampNS, int64(v)), nil
	case float32:
		if t.Kind == meta.KindDouble {
			return meta.DoubleValue(float64(v)), nil
		}
		return meta.Value{Kind: meta.KindFloat, Float: float64(v)}, nil
	case float64:
		return meta.DoubleValue(v), nil
	case string:
		return meta.StringValue(v), nil
	case []byte:
		return bytesValue(t, v), nil
	case uuid.UUID:
		return meta.BytesValue(meta.KindUUID, v[:]), nil
	case iceberg.Decimal:
		return decimalValue(v), nil
	case iceberg.DecimalLiteral:
		return decimalValue(iceberg.Decimal(v)), nil
	case iceberg.Literal:
		return toValue(t, v.Any())
	}
	return meta.Null, fmt.Errorf("value %v has type %T, which is none of a partition's", v, v)
}

func decimalValue(d iceberg.Decimal) meta.Value {
	return meta.DecimalValue(new(big.Int).Set(d.Val.BigInt()), d.Scale)
}

func intValue(t meta.Type, otherwise meta.Kind, v int64) meta.Value {
	switch t.Kind {
	case meta.KindInt, meta.KindLong, meta.KindDate, meta.KindTime, meta.KindTimestamp, meta.KindTimestampTZ,
		meta.KindTimestampNS, meta.KindTimestampTZNS:
		return meta.IntValue(t.Kind, v)
	}
	return meta.IntValue(otherwise, v)
}

func bytesValue(t meta.Type, v []byte) meta.Value {
	switch t.Kind {
	case meta.KindFixed, meta.KindUUID, meta.KindString:
		return meta.BytesValue(t.Kind, v)
	}
	return meta.BytesValue(meta.KindBinary, v)
}
