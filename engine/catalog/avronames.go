package catalog

import (
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"
)

// Avro's names are letters, digits and underscores; those of partition fields
// are anything. Java writes others escaped into manifests, and so do we, while
// iceberg-go refuses them. Readers go by field id.

// avroName escapes a name as Java's AvroSchemaUtil does, but letters that are
// not ASCII too.
func avroName(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9':
			b.WriteRune(c)
		case c >= '0' && c <= '9':
			b.WriteString("_" + string(c))
		default:
			fmt.Fprintf(&b, "_x%X", c)
		}
	}
	return b.String()
}

// avroSpec is a spec with names that Avro takes; changed is false where it has
// them already.
func avroSpec(spec iceberg.PartitionSpec) (out iceberg.PartitionSpec, changed bool) {
	var fields []iceberg.PartitionField
	for _, f := range spec.Fields() {
		if n := avroName(f.Name); n != f.Name {
			changed = true
			f = iceberg.PartitionField{SourceIDs: f.SourceIDs, FieldID: f.FieldID, Name: n, Transform: f.Transform}
		}
		fields = append(fields, f)
	}
	if !changed {
		return spec, false
	}
	return iceberg.NewPartitionSpecID(spec.ID(), fields...), true
}

// withSpec is a file whose partition values go by the names of spec.
func withSpec(f iceberg.DataFile, spec iceberg.PartitionSpec) (iceberg.DataFile, error) {
	b, err := iceberg.NewDataFileBuilder(spec, f.ContentType(), f.FilePath(), f.FileFormat(), f.Partition(), nil, nil, f.Count(), f.FileSizeBytes())
	if err != nil {
		return nil, fmt.Errorf("add file %q: %w", f.FilePath(), err)
	}
	b.ColumnSizes(f.ColumnSizes()).ValueCounts(f.ValueCounts()).NullValueCounts(f.NullValueCounts()).NaNValueCounts(f.NaNValueCounts()).
		LowerBoundValues(f.LowerBoundValues()).UpperBoundValues(f.UpperBoundValues())
	if v := f.KeyMetadata(); v != nil {
		b.KeyMetadata(v)
	}
	if v := f.SplitOffsets(); v != nil {
		b.SplitOffsets(v)
	}
	if v := f.EqualityFieldIDs(); v != nil {
		b.EqualityFieldIDs(v)
	}
	if v := f.SortOrderID(); v != nil {
		b.SortOrderID(*v)
	}
	if v := f.FirstRowID(); v != nil {
		b.FirstRowID(*v)
	}
	if v := f.ReferencedDataFile(); v != nil {
		b.ReferencedDataFile(*v)
	}
	if v := f.ContentOffset(); v != nil {
		b.ContentOffset(*v)
	}
	if v := f.ContentSizeInBytes(); v != nil {
		b.ContentSizeInBytes(*v)
	}
	return b.Build(), nil
}

// named is a file as the writer of its manifest takes it.
func (p *producer) named(f iceberg.DataFile) (iceberg.DataFile, error) {
	spec := p.a.st.ice.PartitionSpecByID(int(f.SpecID()))
	if spec == nil {
		return f, nil // write says it
	}
	names, changed := avroSpec(*spec)
	if !changed {
		return f, nil
	}
	return withSpec(f, names)
}
