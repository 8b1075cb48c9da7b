package functions

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// fileArgs are the named arguments of iceberg_files and iceberg_entries.
var fileArgs = []surface.Arg{
	{Name: "all_snapshots", Type: typeBool, Doc: "true: of the manifests of every retained snapshot, each manifest once"},
	{Name: "content", Type: typeText, Doc: "'all' (default), 'data' or 'deletes'"},
	whereArgument,
	boundsArgument,
}

var boundsArgument = surface.Arg{Name: "bounds", Type: typeTexts, Doc: "columns whose decoded range is wanted, in a column bounds"}

// fileQuery is a bound call of a function whose rows are manifest entries.
type fileQuery struct {
	p       *pinned
	all     bool
	content func(manifest.Content) bool // of manifests
	live    bool                        // without entries that say deleted
	filter  *fileFilter                 // nil: all
	columns []fileColumn
}

// bindFiles reads the arguments that files and entries share; columns makes
// the columns of one or the other.
func bindFiles(ctx context.Context, tables surface.Tables, args surface.Args, live bool,
	columns func(unified []meta.UnifiedField) []fileColumn) (*surface.Relation, error) {
	p, err := pinFiles(ctx, tables, args)
	if err != nil {
		return nil, err
	}
	q := &fileQuery{p: p, live: live}
	if q.all, err = allSnapshots(p, args); err != nil {
		return nil, err
	}
	if q.content, err = contentArg(args); err != nil {
		return nil, err
	}
	if q.filter, err = whereArg(p, args); err != nil {
		return nil, err
	}
	q.columns = columns(meta.UnifiedPartition(p.Meta))
	if c, ok := readableMetrics(p.Meta.CurrentSchema()); ok {
		q.columns = append(q.columns, c)
	}
	leaves, err := boundLeaves(p, args)
	if err != nil {
		return nil, err
	}
	if len(leaves) > 0 {
		q.columns = append(q.columns, boundsColumn(leaves))
	}
	return q.relation(), nil
}

// boundLeaves reads the argument bounds: columns of the table's current
// schema, also for old snapshots, as Iceberg's own readable metrics have it; of
// the pinned snapshot's schema where only that one has them.
func boundLeaves(p *pinned, args surface.Args) ([]metricsLeaf, error) {
	names, _, err := args.Texts("bounds")
	if err != nil {
		return nil, err
	}
	leaves, err := inSchemas(p, p.Meta.CurrentSchema(), func(s *meta.Schema) ([]metricsLeaf, error) { return boundsArg(s, names) })
	if err != nil {
		return nil, fmt.Errorf("read table %q: %w", p.Name, err)
	}
	return leaves, nil
}

// contentArg reads the argument content.
func contentArg(args surface.Args) (func(manifest.Content) bool, error) {
	text, given, err := args.Text("content")
	if err != nil {
		return nil, err
	}
	switch {
	case !given || text == "all":
		return func(manifest.Content) bool { return true }, nil
	case text == "data":
		return func(c manifest.Content) bool { return c == manifest.ContentData }, nil
	case text == "deletes":
		return func(c manifest.Content) bool { return c == manifest.ContentDeletes }, nil
	}
	return nil, fmt.Errorf("argument content is %q, which is none of 'all', 'data', 'deletes'", text)
}

func (q *fileQuery) relation() *surface.Relation {
	fields := make([]arrow.Field, len(q.columns))
	for i, c := range q.columns {
		fields[i] = c.field
	}
	return &surface.Relation{
		Schema: arrow.NewSchema(fields, nil),
		Rows:   -1,
		Open:   q.open,
	}
}

// jobs are the manifests to decode: of the wanted content, not those that by
// the list's counts have no live file when only live ones are wanted, and not
// those in which no file can match where.
func (q *fileQuery) jobs(ctx context.Context) ([]manifestJob, error) {
	var files []manifest.File
	var err error
	if q.all {
		files, err = manifestsOfAll(ctx, q.p)
	} else {
		files, err = manifestsOf(ctx, q.p.Files, q.p.Snapshot)
	}
	if err != nil {
		return nil, err
	}
	var jobs []manifestJob
	for _, f := range files {
		if q.content(f.Content) && !(q.live && f.AddedFiles == 0 && f.ExistingFiles == 0) && q.filter.manifest(f) {
			jobs = append(jobs, manifestJob{File: f})
		}
	}
	return jobs, nil
}

func (q *fileQuery) open(ctx context.Context, columns []int) (surface.Scan, error) {
	jobs, err := q.jobs(ctx)
	if err != nil {
		return nil, err
	}
	picked := make([]fileColumn, len(columns))
	for i, c := range columns {
		picked[i] = q.columns[c]
	}
	request := requestFor(q.p.Meta, picked)
	request.Live = q.live
	q.filter.request(request)
	schema := schemaOfFiles(picked)
	scan := newManifestScan(ctx, q.p.Table, jobs, request, q.filter, func(_ manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
		return buildFiles(schema, picked, in)
	})
	scan.memory = forScans
	return scan, nil
}

func schemaOfFiles(cols []fileColumn) *arrow.Schema {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = c.field
	}
	return arrow.NewSchema(fields, nil)
}

// requestFor asks for what the columns need, each entry column once.
func requestFor(m *meta.Metadata, cols []fileColumn) *manifest.Request {
	r := &manifest.Request{}
	for _, c := range cols {
		for _, need := range c.needs {
			if !slices.Contains(r.Columns, need) {
				r.Columns = append(r.Columns, need)
			}
		}
		requestRanges(r, c.bounds)
	}
	if slices.Contains(r.Columns, manifest.Partition) {
		r.Partition, _ = partitionRequest(meta.UnifiedPartition(m))
	}
	return r
}

// buildFiles makes a batch of the relation out of a decoded one.
func buildFiles(schema *arrow.Schema, cols []fileColumn, in arrow.RecordBatch) (arrow.RecordBatch, error) {
	entries := newEntryBatch(in)
	arrays := make([]arrow.Array, 0, len(cols))
	defer func() { releaseArrays(arrays) }()
	for _, c := range cols {
		a, err := c.build(entries)
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, a)
	}
	return array.NewRecordBatch(schema, arrays, in.NumRows()), nil
}
