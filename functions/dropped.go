package functions

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// withDroppedSources returns p with the types of partition fields whose source
// column no retained schema has: Iceberg's cleaning of metadata keeps a spec
// for as long as a manifest uses it, but not the schema. Their values are typed
// as the manifests have them. Only such a table costs anything: for each such
// field one manifest that has it.
func withDroppedSources(ctx context.Context, p *pinned) (*pinned, error) {
	missing := map[int]int{} // partition field id -> source id
	for _, s := range p.Meta.Specs {
		for _, f := range p.Meta.Bind(s) {
			if f.SourceName == "" && f.Result.Kind == meta.KindUnknown && f.Transform.Kind != meta.TransformVoid {
				missing[f.ID] = f.SourceID
			}
		}
	}
	if len(missing) == 0 {
		return p, nil
	}
	learned := &meta.Schema{ID: -1}
	seen := map[string]bool{}
	for _, s := range slices.Backward(p.Meta.Snapshots) {
		if len(missing) == 0 {
			break // no further list has to be read
		}
		files, err := manifestsOf(ctx, p.Files, s)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			continue // an error where its rows are asked for, not here
		}
		for _, f := range files {
			if len(missing) == 0 || seen[f.Path] || !hasMissing(p.Meta, int(f.SpecID), missing) {
				continue
			}
			seen[f.Path] = true
			var fields []manifest.PartitionField
			if data, err := p.Files.Read(ctx, f.Path, -1); err == nil {
				fields, _ = manifest.PartitionType(f.Path, data) // likewise
			}
			for _, has := range fields {
				source, wanted := missing[has.ID]
				if t, ok := typeOfArrow(has.Type); wanted && ok {
					learned.Fields = append(learned.Fields, &meta.Field{ID: source, Type: t})
					delete(missing, has.ID)
				}
			}
		}
	}
	// An older schema that has just these columns: all else follows from it.
	m := *p.Meta
	m.Schemas = append([]*meta.Schema{learned}, m.Schemas...)
	table, out := *p.Table, *p
	table.Meta, out.Table = &m, &table
	return &out, nil
}

// pinFiles is pin for functions that show partition values.
func pinFiles(ctx context.Context, tables surface.Tables, args surface.Args) (*pinned, error) {
	p, err := pin(ctx, tables, args)
	if err != nil {
		return nil, err
	}
	return withDroppedSources(ctx, p)
}

func hasMissing(m *meta.Metadata, spec int, missing map[int]int) bool {
	s, ok := m.Spec(spec)
	return ok && slices.ContainsFunc(s.Fields, func(f meta.PartitionField) bool { _, is := missing[f.ID]; return is })
}

// typeOfArrow returns the type whose partition values a manifest keeps so.
func typeOfArrow(t arrow.DataType) (meta.Type, bool) {
	for _, k := range []meta.Kind{meta.KindBoolean, meta.KindInt, meta.KindLong, meta.KindFloat, meta.KindDouble, meta.KindDate, meta.KindTime,
		meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS, meta.KindString, meta.KindBinary} {
		if candidate := (meta.Type{Kind: k}); arrow.TypeEqual(meta.ArrowType(candidate), t) {
			return candidate, true
		}
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return meta.Type{Kind: meta.KindDecimal, Precision: int(t.Precision), Scale: int(t.Scale)}, true
	case *arrow.FixedSizeBinaryType:
		return meta.Type{Kind: meta.KindFixed, Length: t.ByteWidth}, true
	}
	return meta.Type{}, false
}
