package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"psyberg/engine/bridge"
	"psyberg/functions/discover"
	"psyberg/functions/meta"
	"psyberg/functions/rows"
	"psyberg/psyberg"
)

// boundsPerQuery is how many data files one query reads: the SELECT names each.
const boundsPerQuery = 500

// ReadBounds returns what discover.Deps asks for (on_missing_bounds := 'read'):
// the range of a time column by data file, nil for a file without such times.
// Times are covered as bounds are: a date is its whole day, nanoseconds widen.
func ReadBounds(run bridge.Runner) func(context.Context, discover.BoundsRequest) (map[string]*psyberg.TimeRange, error) {
	return func(ctx context.Context, r discover.BoundsRequest) (map[string]*psyberg.TimeRange, error) {
		out := make(map[string]*psyberg.TimeRange, len(r.Files))
		for at := 0; at < len(r.Files); at += boundsPerQuery {
			part := r.Files[at:min(at+boundsPerQuery, len(r.Files))]
			for _, f := range part {
				out[f.Path] = nil // a file without rows has no group
			}
			if err := readBoundsOf(ctx, run, r, part, out); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

func readBoundsOf(ctx context.Context, run bridge.Runner, r discover.BoundsRequest, files []psyberg.File, out map[string]*psyberg.TimeRange) error {
	schema, column := columnOnly(r)
	if column == "" {
		return fmt.Errorf("read column %q: it is not in the table's schema", r.Path)
	}
	data := make([]rows.DataFile, len(files))
	for i, f := range files {
		data[i] = rows.DataFile{Path: f.Path, Format: f.Format, Size: f.Bytes, SpecID: r.Table.Meta.DefaultSpecID, Sequence: f.Sequence}
	}
	query, err := rows.SQL(ctx, rows.Request{Table: r.Table, Schema: schema, Data: data, FilePath: true})
	if err != nil {
		return err
	}
	got, err := run.Inner(ctx, "SELECT _file, min("+column+"), max("+column+") FROM ("+query+") GROUP BY ALL")
	if err != nil {
		return err
	}
	defer got.Close()
	for got.Next() {
		row := got.Row()
		path, _ := row[0].(string)
		if row[1] == nil {
			if identity(r.Table.Meta, r.Column.ID) {
				return fmt.Errorf("read column %q of %q: it has no value there, and the table is partitioned by it: pass on_missing_bounds := 'partition'", r.Path, path)
			}
			continue
		}
		lower, okLower := row[1].(time.Time)
		upper, okUpper := row[2].(time.Time)
		if !okLower || !okUpper {
			return fmt.Errorf("read column %q of %q: %v to %v is no range of times", r.Path, path, row[1], row[2])
		}
		t := covering(lower, upper, r.Column.Type.Kind)
		out[path] = &t
	}
	return got.Err()
}

// columnOnly returns the schema cut down to the top-level column that holds
// r's, and the SQL expression of r's column.
func columnOnly(r discover.BoundsRequest) (*meta.Schema, string) {
	for _, s := range append([]*meta.Schema{r.Table.Meta.CurrentSchema()}, r.Table.Meta.Schemas...) {
		for _, f := range s.Fields {
			if path, ok := pathTo(f, r.Column.ID); ok {
				return &meta.Schema{ID: s.ID, Fields: []*meta.Field{f}}, strings.Join(path, ".")
			}
		}
	}
	return nil, ""
}

// pathTo returns the quoted names from f down to the struct member id.
func pathTo(f *meta.Field, id int) ([]string, bool) {
	if f.ID == id {
		return []string{QuoteIdent(f.Name)}, true
	}
	if f.Type.Kind == meta.KindStruct {
		for _, m := range f.Type.Fields {
			if rest, ok := pathTo(m, id); ok {
				return append([]string{QuoteIdent(f.Name)}, rest...), true
			}
		}
	}
	return nil, false
}

// identity reports whether some spec partitions by the column as it is: then
// a data file need not have it.
func identity(m *meta.Metadata, column int) bool {
	for _, s := range m.Specs {
		for _, f := range m.Bind(s) {
			if f.SourceID == column && f.Transform.Kind == meta.TransformIdentity {
				return true
			}
		}
	}
	return false
}

func covering(lower, upper time.Time, kind meta.Kind) psyberg.TimeRange {
	if kind == meta.KindDate {
		upper = upper.Add(24*time.Hour - time.Microsecond)
	} else if upper.Nanosecond()%1000 != 0 {
		upper = upper.Add(time.Microsecond)
	}
	return psyberg.TimeRange{Min: psyberg.Instant(lower.UnixMicro()), Max: psyberg.Instant(upper.UnixMicro())}
}
