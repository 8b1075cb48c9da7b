package write

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/meta"
	"psyberg/functions/predicate"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// overwrite plans what a COPY with MODE 'overwrite' takes away: every live file
// without WHERE; with it, the files whose every row matches, and of those where
// some rows do, the file is written again without them (copy on write). Deletes
// are applied to rows that are written again, and a row that the condition
// leaves unknown (NULL) stays.
func (w *Writer) overwrite(ctx context.Context, run Query, t *table.Table, s *Copy, ch *Change) error {
	live, err := w.commit.LiveFiles(ctx, s.Table, ch.Base)
	if err != nil {
		return err
	}
	if s.Where == "" {
		for _, f := range live {
			ch.Remove = append(ch.Remove, f.DataFile)
		}
		return nil
	}
	src, err := w.tables.Load(ctx, s.Table)
	if err != nil {
		return err
	}
	// The state that the change is planned on, not what is there by now.
	if src.Meta, err = metadataOf(t); err != nil {
		return err
	}
	o := &overwriting{run: run, table: src, live: live}
	if o.where, err = predicate.Parse(s.Where, src.Meta.CurrentSchema()); err != nil {
		return fmt.Errorf("copy to %s: WHERE: %w", s.Table, err)
	}
	ch.Conflicts = func(f iceberg.DataFile) bool { // a new delete may be one of a file that goes
		return f.ContentType() != iceberg.EntryContentData || o.where.MightMatchFile(o.known(f, nil))
	}
	keep, err := o.plan(ctx, ch)
	if err != nil || keep == "" {
		return err
	}
	writer, err := newFileWriter(ctx, run, t)
	if err != nil {
		return err
	}
	writer.step = w.step
	kept, err := writer.write(ctx, keep)
	ch.Add = append(ch.Add, kept...)
	if err != nil {
		return fmt.Errorf("copy to %s: keep the rows that WHERE does not match: %w", s.Table, err)
	}
	return nil
}

type overwriting struct {
	run   Query
	table *surface.Table
	live  []LiveFile
	where *predicate.Expr
}

// plan sets what is removed and returns the SELECT of the rows to write again,
// "" for none.
func (o *overwriting) plan(ctx context.Context, ch *Change) (keep string, err error) {
	var partial []rows.DataFile
	byPath := map[string]iceberg.DataFile{}
	for _, f := range o.live {
		if f.ContentType() != iceberg.EntryContentData {
			continue
		}
		known := o.known(f.DataFile, f.Partition)
		switch {
		case !o.where.MightMatchFile(known):
		case o.where.MustMatchFile(known):
			ch.Remove = append(ch.Remove, f.DataFile)
		default:
			byPath[f.FilePath()] = f.DataFile
			partial = append(partial, rows.DataFile{Path: f.FilePath(), Format: string(f.FileFormat()), Size: f.FileSizeBytes(),
				SpecID: int(f.SpecID()), Partition: f.Partition, Sequence: psyberg.SequenceNumber(f.Sequence)})
		}
	}
	if len(partial) == 0 {
		return "", nil
	}
	// Bounds only say what may be: count, so that no file is written again for nothing.
	hits, err := o.count(ctx, partial)
	if err != nil {
		return "", err
	}
	var again []rows.DataFile
	for _, f := range partial {
		h := hits[f.Path]
		if h.matched == 0 && h.total > 0 {
			continue
		}
		ch.Remove = append(ch.Remove, byPath[f.Path])
		if h.matched < h.total {
			again = append(again, f)
		}
	}
	if len(again) == 0 {
		return "", nil
	}
	sql, err := rows.SQL(ctx, rows.Request{Table: o.table, Schema: o.table.Meta.CurrentSchema(), Data: again, Deletes: o.deletes()})
	if err != nil {
		return "", err
	}
	return "SELECT * FROM (" + sql + ") WHERE (" + o.where.SQL() + ") IS NOT TRUE", nil
}

type hit struct{ matched, total int64 }

// count returns, by file, how many live rows it has and how many of them match.
func (o *overwriting) count(ctx context.Context, files []rows.DataFile) (map[string]hit, error) {
	sql, err := rows.SQL(ctx, rows.Request{Table: o.table, Schema: o.table.Meta.CurrentSchema(), Data: files, Deletes: o.deletes(), FilePath: true})
	if err != nil {
		return nil, err
	}
	r, err := o.run(ctx, "SELECT _file, count(*) FILTER (WHERE "+o.where.SQL()+"), count(*) FROM ("+sql+") GROUP BY _file")
	if err != nil {
		return nil, err
	}
	out := map[string]hit{}
	for r.Next() {
		row := r.Row()
		path, ok1 := row[0].(string)
		matched, ok2 := row[1].(int64)
		total, ok3 := row[2].(int64)
		if !ok1 || !ok2 || !ok3 {
			return nil, errors.Join(fmt.Errorf("count rows of files: unexpected row %v", row), r.Close())
		}
		out[path] = hit{matched, total}
	}
	return out, errors.Join(r.Err(), r.Close())
}

// deletes are the live delete files as rows takes them.
func (o *overwriting) deletes() []rows.DeleteFile {
	var out []rows.DeleteFile
	for _, f := range o.live {
		d := rows.DeleteFile{Path: f.FilePath(), Format: string(f.FileFormat()), Size: f.FileSizeBytes(), SpecID: int(f.SpecID()),
			Partition: f.Partition, Sequence: psyberg.SequenceNumber(f.Sequence), EqualityIDs: f.EqualityFieldIDs()}
		if ref := f.ReferencedDataFile(); ref != nil {
			d.Referenced = *ref
		}
		switch {
		case f.ContentType() == iceberg.EntryContentData:
			continue
		case f.ContentType() == iceberg.EntryContentEqDeletes:
			d.Content = rows.EqualityDeletes
		case strings.EqualFold(string(f.FileFormat()), string(iceberg.PuffinFile)):
			d.Content = rows.DeletionVector
			if n := f.ContentOffset(); n != nil {
				d.Offset = *n
			}
			if n := f.ContentSizeInBytes(); n != nil {
				d.Length = *n
			}
		}
		out = append(out, d)
	}
	return out
}

// known is what the manifest says of a file. Without its partition's values the
// bounds alone decide.
func (o *overwriting) known(f iceberg.DataFile, tuple []meta.Value) predicate.File {
	out := predicate.File{Records: f.Count()}
	if spec, ok := o.table.Meta.Spec(int(f.SpecID())); ok && tuple != nil {
		out.Fields, out.Partition = o.table.Meta.Bind(spec), tuple
	}
	values, nulls, nans := f.ValueCounts(), f.NullValueCounts(), f.NaNValueCounts()
	lower, upper := f.LowerBoundValues(), f.UpperBoundValues()
	count := func(m map[int]int64, id int) int64 {
		if n, ok := m[id]; ok {
			return n
		}
		return -1
	}
	out.Column = func(id int) predicate.ColumnMetrics {
		return predicate.ColumnMetrics{Values: count(values, id), Nulls: count(nulls, id), NaNs: count(nans, id), Lower: lower[id], Upper: upper[id]}
	}
	return out
}
