package meta

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"psyberg/psyberg"
)

// maxText is the largest metadata.json that is read, inflated, in bytes.
const maxText = 1 << 30

// Parse reads a metadata.json, gzipped or not (told by its first bytes, not by
// its name), of format version 1 to 3. name is only for errors, which are
// *DamagedError and name the byte. data must not change any more: summaries
// are decoded from it when they are asked for.
//
// It takes what writers are known to leave out or to write as an explicit
// null, and refuses only what has no single reading: no schema, ids that name
// nothing, a current snapshot that is not main's.
func Parse(name string, data []byte) (m *Metadata, err error) {
	data, err = inflate(name, data)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			damaged, ok := r.(*DamagedError)
			if !ok {
				panic(r)
			}
			m, err = nil, damaged
		}
	}()
	t := newTree(name, data)
	root := t.document()
	if root.kind != '{' {
		t.fail(root, "not a JSON object")
	}
	return t.metadata(root), nil
}

func inflate(name string, data []byte) ([]byte, error) {
	fail := func(what string) ([]byte, error) { return nil, &DamagedError{File: name, What: what} }
	if len(data) > maxText {
		return fail(fmt.Sprintf("larger than %d bytes", maxText))
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fail("not gzip: " + err.Error())
	}
	text, err := io.ReadAll(io.LimitReader(zr, maxText+1))
	if err != nil {
		return nil, &DamagedError{File: name, Offset: int64(len(text)), What: "gzip: " + err.Error()}
	}
	if len(text) > maxText {
		return fail(fmt.Sprintf("larger than %d bytes when inflated", maxText))
	}
	return text, nil
}

func (t *tree) metadata(n *node) *Metadata {
	m := &Metadata{
		FormatVersion:   t.needID(n, "format-version"),
		UUID:            t.str(n, "table-uuid"),
		Location:        t.str(n, "location"),
		LastColumnID:    t.id(n, "last-column-id", 0),
		LastPartitionID: t.id(n, "last-partition-id", 0),
		Properties:      t.texts(n, "properties"),
		NextRowID:       t.optional(n, "next-row-id"),
	}
	if m.FormatVersion < 1 || m.FormatVersion > 3 {
		t.fail(n.get("format-version"), "format version %d is none of 1, 2, 3", m.FormatVersion)
	}
	sequence, _ := t.number(n, "last-sequence-number")
	m.LastSequenceNumber = psyberg.SequenceNumber(sequence)
	m.LastUpdated = t.instant(n, "last-updated-ms")
	t.schemas(n, m)
	t.specs(n, m)
	t.sortOrders(n, m)
	m.Snapshots = take(t, n, "snapshots", &t.snapshots)
	t.refs(n, m)
	m.SnapshotLog = take(t, n, "snapshot-log", &t.log)
	for _, e := range t.objects(n, "metadata-log") {
		m.MetadataLog = append(m.MetadataLog, MetadataLogEntry{
			At: t.instant(e, "timestamp-ms"), Location: t.str(e, "metadata-file")})
	}
	return m
}

// instant reads milliseconds; 0 where they are missing.
func (t *tree) instant(n *node, key string) psyberg.Instant {
	if m := n.get(key); m != nil {
		return t.instantOf(m.span, key)
	}
	return 0
}

func (t *tree) instantOf(s span, key string) psyberg.Instant {
	ms := t.integer(s, key)
	if ms > math.MaxInt64/1000 || ms < math.MinInt64/1000 {
		t.failAt(s.start, "%q: %d milliseconds are out of range", key, ms)
	}
	return psyberg.InstantOfMillis(ms)
}

// schemas reads "schemas"; a v1 file may have only "schema".
func (t *tree) schemas(n *node, m *Metadata) {
	for _, s := range t.objects(n, "schemas") {
		m.Schemas = append(m.Schemas, t.schema(s))
	}
	single := n.get("schema")
	if len(m.Schemas) == 0 {
		if single == nil {
			t.fail(n, "neither \"schemas\" nor \"schema\"")
		}
		t.want(single.span, '{', "an object", "schema")
		m.Schemas = []*Schema{t.schema(single)}
	}
	otherwise := m.Schemas[len(m.Schemas)-1].ID
	if single != nil && single.kind == '{' {
		otherwise = t.id(single, "schema-id", otherwise)
	}
	m.CurrentSchemaID = t.id(n, "current-schema-id", otherwise)
	if m.CurrentSchema() == nil {
		t.fail(cmp.Or(n.get("current-schema-id"), n), "the current schema %d is not among \"schemas\"", m.CurrentSchemaID)
	}
}

func (t *tree) schema(n *node) *Schema {
	s := &Schema{ID: t.id(n, "schema-id", 0), Fields: t.fields(n)}
	for _, item := range t.list(n, "identifier-field-ids") {
		s.IdentifierFields = append(s.IdentifierFields, t.small(item.span, "identifier-field-ids", t.integer(item.span, "identifier-field-ids")))
	}
	return s
}

func (t *tree) fields(n *node) []*Field {
	t.need(n, "fields")
	var out []*Field
	for _, f := range t.objects(n, "fields") {
		out = append(out, &Field{
			ID: t.needID(f, "id"), Name: t.needStr(f, "name"), Required: t.boolean(f, "required"),
			Type: t.typeOf(f, "type"), Doc: t.str(f, "doc"),
			InitialDefault: t.raw(f, "initial-default"), WriteDefault: t.raw(f, "write-default"),
		})
	}
	return out
}

// typeOf reads a type: a text, or an object for a nested one. A text that no
// spec up to v3 has becomes KindInvalid with that text, so that the rest of
// the table can be read; a known one with wrong arguments is damaged.
func (t *tree) typeOf(n *node, key string) Type {
	t.need(n, key)
	m := n.get(key)
	if m.kind == 's' {
		text := t.textOf(m.span)
		typ, err := ParseType(text)
		if err != nil && !knownTypeName(text) {
			return Type{Text: text}
		}
		if err != nil {
			t.fail(m, "%v", err)
		}
		return typ
	}
	t.want(m.span, '{', "a type", key)
	switch kind := t.needStr(m, "type"); kind {
	case "struct":
		return Type{Kind: KindStruct, Fields: t.fields(m)}
	case "list":
		return Type{Kind: KindList, Element: t.member(m, "element", t.boolean(m, "element-required"))}
	case "map":
		return Type{Kind: KindMap, Key: t.member(m, "key", true), Value: t.member(m, "value", t.boolean(m, "value-required"))}
	default:
		t.fail(m, "nested type %q is none of struct, list, map", kind)
		return Type{}
	}
}

func (t *tree) member(n *node, name string, required bool) *Field {
	return &Field{ID: t.needID(n, name+"-id"), Name: name, Required: required, Type: t.typeOf(n, name)}
}

// specs reads "partition-specs"; a v1 file may have only "partition-spec", the
// fields of its one spec, whose ids then count from 1000. Where both are
// there the single one may be stale (PyIceberg) and is not looked at.
func (t *tree) specs(n *node, m *Metadata) {
	for _, s := range t.objects(n, "partition-specs") {
		m.Specs = append(m.Specs, &PartitionSpec{ID: t.id(s, "spec-id", 0), Fields: t.partitionFields(s, "fields")})
	}
	if len(m.Specs) == 0 {
		m.Specs = []*PartitionSpec{{Fields: t.partitionFields(n, "partition-spec")}}
	}
	newest := slices.MaxFunc(m.Specs, func(a, b *PartitionSpec) int { return cmp.Compare(a.ID, b.ID) })
	m.DefaultSpecID = t.id(n, "default-spec-id", newest.ID)
	if m.DefaultSpec() == nil {
		t.fail(n.get("default-spec-id"), "the default spec %d is not among \"partition-specs\"", m.DefaultSpecID)
	}
	if m.LastPartitionID == 0 {
		m.LastPartitionID = 999
		for _, s := range m.Specs {
			for _, f := range s.Fields {
				m.LastPartitionID = max(m.LastPartitionID, f.ID)
			}
		}
	}
}

func (t *tree) partitionFields(n *node, key string) []PartitionField {
	var out []PartitionField
	for i, f := range t.objects(n, key) {
		source, transform := t.source(f)
		out = append(out, PartitionField{ID: t.id(f, "field-id", 1000+i), SourceID: source,
			Name: t.needStr(f, "name"), Transform: transform})
	}
	return out
}

// source reads source-id, or v3's source-ids. A transform of several columns
// is one that is not known here: it is shown, nothing is pruned by it.
func (t *tree) source(n *node) (int, Transform) {
	transform := ParseTransform(t.needStr(n, "transform"))
	ids := t.list(n, "source-ids")
	if len(ids) == 0 {
		return t.needID(n, "source-id"), transform
	}
	if len(ids) > 1 {
		transform = Transform{Kind: TransformUnknown, Text: transform.Text}
	}
	return t.small(ids[0].span, "source-ids", t.integer(ids[0].span, "source-ids")), transform
}

func (t *tree) sortOrders(n *node, m *Metadata) {
	for _, o := range t.objects(n, "sort-orders") {
		order := SortOrder{ID: t.id(o, "order-id", 0)}
		for _, f := range t.objects(o, "fields") {
			source, transform := t.source(f)
			order.Fields = append(order.Fields, SortField{SourceID: source, Transform: transform,
				Direction: t.str(f, "direction"), NullOrder: t.str(f, "null-order")})
		}
		m.SortOrders = append(m.SortOrders, order)
	}
	m.DefaultSortOrderID = t.id(n, "default-sort-order-id", 0)
}

// refs reads the current snapshot and "refs". main and the current snapshot
// are one thing: where only one is written it stands for both.
func (t *tree) refs(n *node, m *Metadata) {
	if id, ok := t.number(n, "current-snapshot-id"); ok && id != -1 {
		m.HasCurrent, m.CurrentSnapshotID = true, psyberg.SnapshotID(id)
	}
	m.Refs = map[string]Ref{}
	if all := n.get("refs"); all != nil {
		t.want(all.span, '{', "an object", "refs")
		for _, name := range all.keys {
			if r := all.get(name); r != nil {
				t.want(r.span, '{', "an object", name)
				m.Refs[name] = t.ref(name, r)
			}
		}
	}
	head, ok := m.Refs[MainBranch]
	switch {
	case ok && !m.HasCurrent:
		m.HasCurrent, m.CurrentSnapshotID = true, head.SnapshotID
	case !ok && m.HasCurrent:
		m.Refs[MainBranch] = Ref{Name: MainBranch, SnapshotID: m.CurrentSnapshotID, Type: "branch"}
	case ok && head.SnapshotID != m.CurrentSnapshotID:
		t.fail(n.get("refs"), "the current snapshot %d is not that of branch main, %d", m.CurrentSnapshotID, head.SnapshotID)
	}
}

func (t *tree) ref(name string, n *node) Ref {
	r := Ref{Name: name, SnapshotID: psyberg.SnapshotID(t.needNumber(n, "snapshot-id")), Type: t.str(n, "type"),
		MaxRefAgeMs: t.optional(n, "max-ref-age-ms"), MaxSnapshotAgeMs: t.optional(n, "max-snapshot-age-ms"),
		MinSnapshotsToKeep: t.optional(n, "min-snapshots-to-keep")}
	if r.Type == "" {
		r.Type = "branch"
	}
	return r
}

// RefNames returns the names of all refs in alphabetical order.
func (m *Metadata) RefNames() []string { return slices.Sorted(maps.Keys(m.Refs)) }
