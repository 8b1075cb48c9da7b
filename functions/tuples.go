package functions

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// tupleReader reads the partition tuples of entries, each by its own spec, out
// of the unified partition struct.
type tupleReader struct {
	unified []meta.UnifiedField
	specs   map[int32]specFields
}

// specFields are the fields of a spec and where each is in the unified struct.
type specFields struct {
	fields []meta.BoundField
	at     []int
}

func newTupleReader(m *meta.Metadata) *tupleReader {
	r := &tupleReader{unified: meta.UnifiedPartition(m), specs: map[int32]specFields{}}
	index := map[int]int{}
	for i, u := range r.unified {
		index[u.ID] = i
	}
	for _, s := range m.Specs {
		spec := specFields{fields: m.Bind(s)}
		for _, f := range spec.fields {
			spec.at = append(spec.at, index[f.ID])
		}
		r.specs[int32(s.ID)] = spec
	}
	return r
}

// tuple returns the fields of a row's spec and its values in spec order. The
// batch must have the columns SpecID and Partition, this one unified.
func (r *tupleReader) tuple(b *entryBatch, row int) ([]meta.BoundField, []meta.Value, error) {
	id := b.entry(manifest.SpecID).(*array.Int32).Value(row)
	spec, ok := r.specs[id]
	if !ok {
		return nil, nil, fmt.Errorf("partition spec %d is not in the table's metadata [PSY_DAMAGED]", id)
	}
	struc := b.entry(manifest.Partition).(*array.Struct)
	values := make([]meta.Value, len(spec.fields))
	for i, f := range spec.fields {
		if f.Transform.Kind == meta.TransformVoid {
			continue // stays NULL, whatever other specs did with the field
		}
		v, err := meta.ValueAt(r.unified[spec.at[i]].Type, struc.Field(spec.at[i]), row)
		if err != nil {
			return nil, nil, fmt.Errorf("partition field %q: %w", f.Name, err)
		}
		values[i] = v
	}
	return spec.fields, values, nil
}
