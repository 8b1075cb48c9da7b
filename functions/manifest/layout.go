package manifest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// layout is a request made out: which columns a batch has, where each field
// of an entry goes, and which fields must be read for it.
type layout struct {
	schema *arrow.Schema
	types  []arrow.DataType // of the columns that are filled; a struct's members are columns of their own
	at     [numColumns]int  // index into types, -1 where not asked for
	reads  [numColumns]bool // decoded, whether or not asked for
	picks  [numColumns][]pick
	// numbers are the asked-for columns of one number an entry.
	numbers   []Column
	parts     []PartitionField // types filled in
	firstPart int              // index into types; members follow each other
	out       []output
	batchRows int
	live      bool
}

// output is one column of the batch: types[at], or the partition struct.
type output struct {
	at       int
	isStruct bool
}

// Schema returns the schema of the batches that Scan emits. Partition fields
// whose type the request leaves open are shown as NULL: only the manifest
// knows (PartitionType). It panics where Scan would refuse the request.
func Schema(req *Request) *arrow.Schema {
	l, err := newLayout(req, nil)
	if err != nil {
		panic(err)
	}
	return l.schema
}

// newLayout makes out a request; have are the manifest's own partition fields.
func newLayout(req *Request, have []*field) (*layout, error) {
	l := &layout{batchRows: req.BatchRows, live: req.Live}
	if l.batchRows <= 0 {
		l.batchRows = DefaultBatchRows
	}
	for i := range l.at {
		l.at[i] = -1
	}
	l.reads[Status] = true
	var fields []arrow.Field
	for _, c := range req.Columns {
		if c >= numColumns {
			return nil, fmt.Errorf("scan manifest: there is no column %d", c)
		}
		if l.at[c] >= 0 {
			return nil, fmt.Errorf("scan manifest: column %v is asked for twice", c)
		}
		if c == Partition {
			t, err := l.partition(req.Partition, have)
			if err != nil {
				return nil, err
			}
			fields = append(fields, arrow.Field{Name: c.String(), Type: t, Nullable: true})
			continue
		}
		fields = append(fields, l.column(c))
	}
	fields = append(fields, l.picked(req)...)
	l.schema = arrow.NewSchema(fields, nil)
	return l, nil
}

func (l *layout) column(c Column) arrow.Field {
	info := columns[c]
	l.at[c] = l.add(info.typ)
	l.reads[c] = true
	switch info.typ.ID() {
	case arrow.INT32, arrow.INT64:
		l.numbers = append(l.numbers, c)
	}
	if c == FirstRowID {
		l.reads[RecordCount] = true
	}
	return arrow.Field{Name: info.name, Type: info.typ, Nullable: true}
}

func (l *layout) add(t arrow.DataType) int {
	l.types = append(l.types, t)
	l.out = append(l.out, output{at: len(l.types) - 1})
	return len(l.types) - 1
}

func (l *layout) partition(want []PartitionField, have []*field) (arrow.DataType, error) {
	l.reads[Partition] = true
	l.firstPart = len(l.types)
	l.at[Partition] = l.firstPart
	var members []arrow.Field
	for _, p := range want {
		if p.Type == nil {
			p.Type = arrow.Null
			for _, f := range have {
				if f.is(p) {
					var err error
					if p.Type, err = f.arrowType(); err != nil {
						return nil, err
					}
				}
			}
		}
		if _, err := newColumn(p.Type); err != nil {
			return nil, fmt.Errorf("scan manifest: partition field %q (%d): %w", p.Name, p.ID, err)
		}
		l.parts = append(l.parts, p)
		l.types = append(l.types, p.Type)
		members = append(members, arrow.Field{Name: p.Name, Type: p.Type, Nullable: true})
	}
	l.out = append(l.out, output{at: l.firstPart, isStruct: true})
	return arrow.StructOf(members...), nil
}

// is reports whether a member of the file's partition struct is the field p:
// by id; by name where the writer left ids out.
func (f *field) is(p PartitionField) bool {
	return f.id == p.ID || f.id < 0 && f.name == p.Name
}

// partitionColumn returns where a member of the file's struct goes, -1 where
// it is not wanted, and the type wanted.
func (l *layout) partitionColumn(f *field) (int, arrow.DataType) {
	for i, p := range l.parts {
		if f.is(p) {
			return l.firstPart + i, p.Type
		}
	}
	return -1, nil
}

// picked adds the columns of Bounds and Counts.
func (l *layout) picked(req *Request) []arrow.Field {
	var fields []arrow.Field
	add := func(ids []int32, kinds ...pickedKind) {
		for _, id := range ids {
			for _, k := range kinds {
				t := columns[k.from].typ.(*arrow.MapType).ItemType()
				l.picks[k.from] = append(l.picks[k.from], pick{key: id, col: l.add(t)})
				l.reads[k.from] = true
				fields = append(fields, arrow.Field{Name: fmt.Sprintf("%s_%d", k.name, id), Type: t, Nullable: true})
			}
		}
	}
	add(req.Bounds, pickedKind{LowerBounds, "lower"}, pickedKind{UpperBounds, "upper"})
	add(req.Counts, pickedKind{ValueCounts, "value_count"}, pickedKind{NullValueCounts, "null_count"}, pickedKind{NaNValueCounts, "nan_count"})
	return fields
}

// pickedKind is a map that single keys are picked of, and their columns' prefix.
type pickedKind struct {
	from Column
	name string
}
