package tables

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
)

// PartitionRequest is how the product's decoder is asked for the partition of
// a table of c.
func PartitionRequest(c Config) []manifest.PartitionField {
	types := []arrow.DataType{arrow.FixedWidthTypes.Date32, arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String}
	var out []manifest.PartitionField
	for i, f := range c.partition() {
		out = append(out, manifest.PartitionField{ID: int(f.id), Name: f.name, Type: types[i]})
	}
	return out
}

// Rows turns the entries of a batch of the product's decoder into partitions
// of one file each, in order. The batch must have the partition; bytes and
// bounds of event_ts are taken where it has them.
func Rows(c Config, b arrow.RecordBatch) []Partition {
	rows := make([]Partition, b.NumRows())
	for i, f := range b.Schema().Fields() {
		switch f.Name {
		case "partition":
			s := b.Column(i).(*array.Struct)
			date, hour := s.Field(0).(*array.Date32), s.Field(1).(*array.Int32)
			for k := range rows {
				rows[k].Hour = int64(date.Value(k))*24 + int64(hour.Value(k))
				if c.Wide {
					rows[k].Batch = textAt(s.Field(2), k)
				}
				rows[k].Files = 1
			}
		case "file_size_in_bytes":
			size := b.Column(i).(*array.Int64)
			for k := range rows {
				rows[k].Bytes = size.Value(k)
			}
		case "lower_2":
			v := b.Column(i).(*array.Binary)
			for k := range rows {
				rows[k].First = int64(binary.LittleEndian.Uint64(v.Value(k)))
			}
		case "upper_2":
			v := b.Column(i).(*array.Binary)
			for k := range rows {
				rows[k].Last = int64(binary.LittleEndian.Uint64(v.Value(k)))
			}
		}
	}
	return rows
}

// textAt is a text value, dictionary-encoded or not.
func textAt(a arrow.Array, i int) string {
	switch v := a.(type) {
	case *array.String:
		return v.Value(i)
	case *array.Dictionary:
		return textAt(v.Dictionary(), v.GetValueIndex(i))
	}
	return a.ValueStr(i)
}
