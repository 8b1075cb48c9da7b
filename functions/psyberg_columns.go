package functions

import (
	"cmp"
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// discovery makes a function whose rows are shaped from one discovery: rows
// turns what was found into them. It discovers when the scan is opened, so
// that EXPLAIN and CREATE VIEW read nothing; heads are pinned then, once.
func discovery[T any](d discover.Deps, name, doc string, ask discover.Request, cols []column[T], rows func(*discover.Result) []T) *surface.Function {
	return &surface.Function{
		Name: name, Doc: doc,
		Positional: discover.Positional, Named: discover.Named,
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			req, err := discover.ParseRequest(args)
			if err != nil {
				return nil, err
			}
			req.Want, req.Pattern, req.EventTimes = ask.Want, ask.Pattern, ask.EventTimes
			return lazyRelation(cols, func(ctx context.Context) ([]T, error) {
				found, err := discover.Run(ctx, d, req)
				if err != nil {
					return nil, err
				}
				return rows(found), nil
			}), nil
		},
	}
}

// ofSource are rows of a source.
type ofSource interface{ source() *discover.Source }

// refName is the branch or tag that a source is read from, as the session and
// watermark tables have it, so that rows can be joined with theirs.
func refName(s psyberg.SourceName) string { return cmp.Or(s.Ref, "main") }

func sourceColumns[T ofSource]() []column[T] {
	return []column[T]{
		text("source_table", func(r T) (string, bool) { return r.source().Name.Table, true }),
		text("source_ref", func(r T) (string, bool) { return refName(r.source().Name), true }),
	}
}

func verdictColumn[T ofSource]() column[T] {
	return text("verdict", func(r T) (string, bool) { return string(r.source().Window.Verdict), true })
}

func eventColumnColumn[T ofSource]() column[T] {
	return text("event_ts_column", func(r T) (string, bool) {
		return r.source().Name.EventColumn, r.source().Name.EventColumn != ""
	})
}

func windowColumns[T ofSource]() []column[T] {
	return []column[T]{
		long("hwm_snapshot_id", func(r T) (int64, bool) {
			id, ok := optional(r.source().HWM)
			return int64(id), ok
		}),
		long("end_snapshot_id", func(r T) (int64, bool) { return int64(r.source().Head.ID), r.source().Head.Has }),
	}
}

// rangeColumns are two columns, the least and the greatest of a range.
func rangeColumns[T any](least, greatest string, get func(T) *psyberg.TimeRange) []column[T] {
	return []column[T]{
		instant(least, func(r T) (psyberg.Instant, bool) {
			if t := get(r); t != nil {
				return t.Min, true
			}
			return 0, false
		}),
		instant(greatest, func(r T) (psyberg.Instant, bool) {
			if t := get(r); t != nil {
				return t.Max, true
			}
			return 0, false
		}),
	}
}

// hourColumns are two columns, the DATE of an hour and the hour of the day.
func hourColumns[T any](date, hour string, get func(T) (psyberg.Hour, bool)) []column[T] {
	return []column[T]{
		{nullable(date, arrow.FixedWidthTypes.Date32), func(b array.Builder, r T) {
			if h, ok := get(r); ok {
				b.(*array.Date32Builder).Append(arrow.Date32FromTime(h.Start().Time()))
			} else {
				b.AppendNull()
			}
		}},
		integer(hour, func(r T) (int, bool) {
			h, ok := get(r)
			return h.Start().Time().Hour(), ok
		}),
	}
}

func snapshotIDs(ids []psyberg.SnapshotID) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}
