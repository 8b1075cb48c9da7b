package steps

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/engine/catalog"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Sweep lists, and where del is true deletes, what killed writers have left of
// a table and what was changed longer than age ago.
func (s *Steps) Sweep(ctx context.Context, target string, age time.Duration, del bool) ([]catalog.Leftover, error) {
	if err := s.at(ctx, "sweep"); err != nil {
		return nil, err
	}
	req := catalog.SweepRequest{Before: s.Now().Time().Add(-age), Delete: del}
	if s.CacheDir != "" {
		req.Keep = []string{s.CacheDir}
	}
	return s.Catalogs.Sweep(ctx, target, req)
}

const sweepDoc = `Finds the files of a table that nothing names: what killed writers and failed commits have left. One row a file, by its path.

  file_path           VARCHAR
  file_size_in_bytes  BIGINT
  modified_at         TIMESTAMPTZ
  deleted             BOOLEAN  true: it was deleted; false: it is only listed

Never listed: what a snapshot (staged ones, branches and tags too), a statistics file or a
metadata.json of the log names; what is younger than older_than (INTERVAL '3 days'); files of other
kinds than writers of Iceberg make, in hidden folders, or outside of the table's location.
Without delete := true nothing is changed. In doubt it is an error, and nothing is deleted: a file
that the table has is not where its metadata says; a path is named under two schemes; another
table lies in the folder. It acts when its rows are read: CALL it.
Cost: a listing of the folder; every manifest of every snapshot, and of the log's older metadata.`

func (s *Steps) sweepFunction() *surface.Function {
	schema := arrow.NewSchema([]arrow.Field{
		nullable("file_path", typeText), nullable("file_size_in_bytes", typeLong), nullable("modified_at", typeInstant),
		nullable("deleted", typeBool)}, nil)
	return &surface.Function{
		Name: "psyberg_sweep", Doc: sweepDoc, Writes: true,
		Positional: []surface.Arg{{Name: "target", Type: typeText, Doc: "the table"}},
		Named: []surface.Arg{
			{Name: "older_than", Type: arrow.FixedWidthTypes.MonthDayNanoInterval, Doc: "how long ago a file was last changed, at least; a load that runs longer would lose its files"},
			{Name: "delete", Type: typeBool, Doc: "true: delete what is listed"},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			r := reader{args: args}
			target := r.positional(0, "target", true)
			del, _, err := args.Bool("delete")
			r.note(err)
			age := catalog.SweepAge
			i, given, err := args.Interval("older_than")
			r.note(err)
			if given {
				age, err = ageOf(i)
				r.note(err)
			}
			return step(schema, func(ctx context.Context) (arrow.RecordBatch, error) {
				found, err := s.Sweep(ctx, target, age, del)
				if err != nil {
					return nil, err
				}
				return leftovers(schema, found), nil
			}), r.err
		},
	}
}

// note keeps an error where there is one.
func (r *reader) note(err error) {
	if err != nil {
		r.fail(err)
	}
}

// ageOf is an interval as a time; a month is as long as the longest.
func ageOf(i surface.Interval) (time.Duration, error) {
	const day = 24 * time.Hour
	const most = 100 * 365 // days
	days := int64(i.Months)*31 + int64(i.Days)
	if i.Months < 0 || i.Days < 0 || i.Micros < 0 || days > most || i.Micros > int64(most*day/time.Microsecond) {
		return 0, errors.New("argument older_than is not between 0 and 100 years")
	}
	return time.Duration(days)*day + time.Duration(i.Micros)*time.Microsecond, nil
}

func leftovers(schema *arrow.Schema, found []catalog.Leftover) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, f := range found {
		b.Field(0).(*array.StringBuilder).Append(f.Location)
		b.Field(1).(*array.Int64Builder).Append(f.Bytes)
		b.Field(2).(*array.TimestampBuilder).Append(arrow.Timestamp(psyberg.InstantOf(f.Modified)))
		b.Field(3).(*array.BooleanBuilder).Append(f.Deleted)
	}
	return b.NewRecordBatch()
}
