package functions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const whyDoc = `Why a partition or an hour was, or was not, part of what a process reads or loads: a row for each reason, the answer first.

  source_table    VARCHAR      NULL in rows about the session as a whole
  source_ref      VARCHAR      the branch or tag read: the part after @, main where none was given
  subject         VARCHAR      what was asked: 'hour 2023-09-14-03', 'partition hour=3', 'session' where nothing was
  included        BOOLEAN      what this row says about it: true for it, false against it
  cause           VARCHAR      answer, changed, late, file, lower bound, upper bound; and against: skipped (compaction and the like), processed (before
                               the watermark), staged (not published), later (committed after the head was pinned), other branch, abandoned; stopped
  reason          VARCHAR      a sentence
  snapshot_id     BIGINT       the snapshot that the row is about; NULL where none is, likewise below
  committed_at    TIMESTAMPTZ
  class           VARCHAR      as in psyberg_window
  partition_path  VARCHAR
  file_path       VARCHAR
  min_event_ts    TIMESTAMPTZ  of the file or the partition
  max_event_ts    TIMESTAMPTZ

partition := (or partition_path :=) a path ('landing_date=2023-09-14/hour=9') or a URI as JSON, which may leave keys out; hour := a timestamp within the
hour, for stateful processes; neither: what bounds the session, and every snapshot that does not count. The other arguments are those of psyberg_new_partitions
and psyberg_stateful_range, session_id for a recorded session among them; in short: psyberg_why(session_id, session_table, partition or hour). What would stop
init (a gap, a rollback, a threshold) is a row here, with cause stopped. Of a session whose snapshots have expired the answer is what was recorded, without files.
Cost: as those functions, and the manifests that the snapshots which do not count have added.`

// whyRow is one reason.
type whyRow struct {
	src       *discover.Source // nil: about the session as a whole
	subject   string
	included  bool
	cause     string
	reason    string
	snap      *psyberg.Snapshot
	partition *string
	file      string
	times     *psyberg.TimeRange
}

var whyArgs = []surface.Arg{
	{Name: "partition", Type: typeText, Doc: "a partition's path, or its URI as JSON"},
	{Name: "partition_path", Type: typeText, Doc: "the same as partition"},
	{Name: "hour", Type: surface.AnyType, Doc: "a timestamp within the hour, or its text, UTC where it has no offset"},
}

// whyPositional: src_tables, or in short what a recorded session is asked.
var whyPositional = []surface.Arg{
	{Name: "src_tables", Type: typeText, Optional: true, Doc: discover.Positional[0].Doc + "; with more than one positional argument: session_id"},
	{Name: "of_session_table", Type: typeText, Optional: true, Doc: "session_table, where the first is session_id"},
	{Name: "about", Type: surface.AnyType, Optional: true, Doc: "a partition, or a timestamp or its text: an hour"},
}

// inShort takes psyberg_why(session_id, session_table, partition or hour) apart.
func inShort(args surface.Args) (surface.Args, error) {
	if len(args.Positional) < 2 || args.Positional[1] == nil {
		if len(args.Positional) > 2 && args.Positional[2] != nil {
			return args, errors.New("argument 2 (session_table) is NULL; pass session_id, session_table and what is asked, or src_tables alone")
		}
		args.Positional = args.Positional[:min(len(args.Positional), 1)]
		return args, nil
	}
	out := surface.Args{Positional: []any{nil}, Named: maps.Clone(args.Named)}
	if out.Named == nil {
		out.Named = map[string]any{}
	}
	set := func(name string, v any) error {
		if v != nil && out.Named[name] != nil {
			return fmt.Errorf("argument %s is given twice, by position and by name", name)
		}
		if v != nil {
			out.Named[name] = v
		}
		return nil
	}
	name := "hour"
	var about any
	if len(args.Positional) > 2 {
		about = args.Positional[2]
		if text, isText := about.(string); isText && (text == "" || strings.ContainsAny(text, "={")) {
			name = "partition"
		}
	}
	return out, errors.Join(set("session_id", args.Positional[0]), set("session_table", args.Positional[1]), set(name, about))
}

func whyFunction(d discover.Deps) *surface.Function {
	return &surface.Function{
		Name: "psyberg_why", Doc: whyDoc,
		Positional: whyPositional, Named: slices.Concat(whyArgs, discover.Named),
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			q, err := newWhyQuery(d, args)
			if err != nil {
				return nil, err
			}
			return lazyRelation(whyColumns, q.rows), nil
		},
	}
}

// whyQuery is a bound call.
type whyQuery struct {
	deps discover.Deps
	req  discover.Request
	// partition is nil, or hour is, or both are.
	partition *partitionQuestion
	hour      *psyberg.Hour
	subject   string
	clips     bool // a threshold was given whose excess would be an error
	restored  bool // answered from the session's rows alone: nothing is known of files, or of what is not in its window
}

func newWhyQuery(d discover.Deps, args surface.Args) (*whyQuery, error) {
	args, err := inShort(args)
	if err != nil {
		return nil, err
	}
	req, err := discover.ParseRequest(args)
	if err != nil {
		return nil, err
	}
	req.NeedFiles = true
	q := &whyQuery{deps: d, req: req, subject: "session"}
	q.req.Want, q.req.EventTimes = discover.WantFiles, true
	text, given, err := args.Text("partition")
	if err == nil && !given {
		text, given, err = args.Text("partition_path")
	}
	if err != nil {
		return nil, err
	}
	if given {
		if q.partition, err = newPartitionQuestion(text); err != nil {
			return nil, err
		}
		q.subject = "partition " + text
	}
	switch v := args.Named["hour"].(type) {
	case nil:
		return q, nil
	case time.Time:
		h := psyberg.HourOf(psyberg.InstantOf(v))
		q.hour = &h
	case string:
		at, err := parseTime(v)
		if err != nil {
			return nil, fmt.Errorf("argument hour: %w", err)
		}
		h := psyberg.HourOf(at)
		q.hour = &h
	default:
		return nil, fmt.Errorf("argument hour is %T, not a timestamp", v)
	}
	if q.partition != nil {
		return nil, errors.New("partition and hour are both given; ask about one of them")
	}
	q.subject = "hour " + q.hour.String()
	q.req.Want = discover.WantRange
	return q, nil
}

func (q *whyQuery) rows(ctx context.Context) ([]whyRow, error) {
	req := q.req
	if req.HasThreshold && !req.Clip {
		// To be told about, not stopped by.
		req.Clip, q.clips = true, true
	}
	found, err := discover.Run(ctx, q.deps, req)
	if err == nil && req.SessionID != "" && q.partition == nil && found.Plan == nil && found.Request.Pattern == psyberg.Stateful {
		req.Want = discover.WantRange
		found, err = discover.Run(ctx, q.deps, req)
	}
	var stop *psyberg.Error
	if errors.As(err, &stop) && req.SessionID != "" { // what it read has expired
		if old, err2 := discover.Run(ctx, q.deps, q.asRecorded(req)); err2 == nil {
			found, err, q.restored = old, nil, true
		}
	}
	if errors.As(err, &stop) && stop.Code != "" {
		return []whyRow{{subject: q.subject, cause: "stopped", reason: "Init stops here, and nothing is read or loaded: " + stop.Error() + "."}}, nil
	}
	if err != nil {
		return nil, err
	}
	var out []whyRow
	switch {
	case q.hour != nil:
		out, err = q.hourRows(ctx, found)
	case q.partition != nil:
		out, err = q.partitionRows(ctx, found)
	default:
		out = q.sessionRows(found)
	}
	for i := range out {
		out[i].subject = q.subject
	}
	return out, err
}

// asRecorded asks for what a session's rows keep.
func (q *whyQuery) asRecorded(req discover.Request) discover.Request {
	req.NeedFiles, req.EventTimes, req.Want = false, false, discover.WantPartitions
	if q.partition == nil && q.hour != nil {
		req.Want = discover.WantRange
	}
	return req
}

// sessionRows says what bounds the session, or which partitions it reads, and
// every snapshot that does not count.
func (q *whyQuery) sessionRows(found *discover.Result) []whyRow {
	var out []whyRow
	if found.Plan != nil {
		out = append(out, whyRow{included: found.Plan.Status == psyberg.StatusReady, cause: "answer", reason: planText(found)})
		out = append(out, q.lowerRows(found)...)
		out = append(out, q.upperRows(found)...)
	}
	for _, s := range found.Sources {
		if found.Plan == nil {
			out = append(out, whyRow{src: s, included: len(s.Changes.Partitions) > 0, cause: "answer",
				reason: fmt.Sprintf("%s and %s changed: %s.", plural(int64(len(s.Changes.Partitions)), "partition"), plural(s.Changes.ChangedFiles, "file"), s.Window.Reason)})
		}
		if q.restored {
			continue
		}
		for _, o := range othersOf(s) {
			out = append(out, o.row(s))
		}
	}
	return out
}

// plural is a number of things: 1 file, 2 files.
func plural(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// snapshotText names a snapshot in a sentence.
func snapshotText(s *psyberg.Snapshot) string {
	class, _ := psyberg.Classify(s)
	return fmt.Sprintf("snapshot %d (%s, committed %s)", s.ID, class, s.CommittedAt)
}

var whyColumns = slices.Concat([]column[whyRow]{
	text("source_table", func(r whyRow) (string, bool) {
		if r.src == nil {
			return "", false
		}
		return r.src.Name.Table, true
	}),
	text("source_ref", func(r whyRow) (string, bool) {
		if r.src == nil {
			return "", false
		}
		return refName(r.src.Name), true
	}),
	text("subject", func(r whyRow) (string, bool) { return r.subject, true }),
	boolean("included", func(r whyRow) (v, ok bool) { return r.included, true }),
	text("cause", func(r whyRow) (string, bool) { return r.cause, true }),
	text("reason", func(r whyRow) (string, bool) { return r.reason, true }),
	long("snapshot_id", func(r whyRow) (int64, bool) {
		if r.snap == nil {
			return 0, false
		}
		return int64(r.snap.ID), true
	}),
	instant("committed_at", func(r whyRow) (psyberg.Instant, bool) {
		if r.snap == nil {
			return 0, false
		}
		return r.snap.CommittedAt, true
	}),
	text("class", func(r whyRow) (string, bool) {
		if r.snap == nil {
			return "", false
		}
		class, _ := psyberg.Classify(r.snap)
		return string(class), true
	}),
	text("partition_path", func(r whyRow) (string, bool) { return optional(r.partition) }),
	text("file_path", func(r whyRow) (string, bool) { return r.file, r.file != "" }),
}, rangeColumns("min_event_ts", "max_event_ts", func(r whyRow) *psyberg.TimeRange { return r.times }))
