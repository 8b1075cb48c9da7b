package steps

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/engine/state"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Functions are the steps as functions of the SQL surface.
func (s *Steps) Functions() []*surface.Function {
	return []*surface.Function{s.initFunction(), s.publishFunction(), s.commitFunction(), s.discardFunction(), s.sessionFunction(), s.sweepFunction()}
}

var (
	typeText    = arrow.BinaryTypes.String
	typeLong    = arrow.PrimitiveTypes.Int64
	typeBool    = arrow.FixedWidthTypes.Boolean
	typeInstant = arrow.FixedWidthTypes.Timestamp_us
)

// step is a relation whose rows are what a step did: it runs when the scan is
// opened, so that binding and EXPLAIN change nothing.
func step(schema *arrow.Schema, run func(ctx context.Context) (arrow.RecordBatch, error)) *surface.Relation {
	return &surface.Relation{Schema: schema, Rows: -1, Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
		b, err := run(ctx)
		if err != nil {
			return nil, err
		}
		defer b.Release()
		fields, cols := make([]arrow.Field, len(columns)), make([]arrow.Array, len(columns))
		for i, c := range columns {
			fields[i], cols[i] = schema.Field(c), b.Column(c)
		}
		return &once{array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, b.NumRows())}, nil
	}}
}

// once is a scan of one batch.
type once struct{ batch arrow.RecordBatch }

func (o *once) Threads() int { return 1 }

func (o *once) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := o.batch
	if b == nil {
		return nil, io.EOF
	}
	o.batch = nil
	return b, nil
}

func (o *once) Close() {
	if o.batch != nil {
		o.batch.Release()
		o.batch = nil
	}
}

// reader takes text arguments, positional by place, and keeps the first error.
type reader struct {
	args surface.Args
	err  error
}

func (r *reader) positional(i int, name string, needed bool) string {
	if i < len(r.args.Positional) {
		switch v := r.args.Positional[i].(type) {
		case string:
			if v != "" || !needed {
				return v
			}
		case nil:
		default:
			r.fail(fmt.Errorf("argument %d (%s) is %T, not a VARCHAR", i+1, name, v))
		}
	}
	if needed {
		r.fail(fmt.Errorf("argument %d (%s) is not given", i+1, name))
	}
	return ""
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func texts(names ...string) []surface.Arg {
	out := make([]surface.Arg, len(names))
	for i, n := range names {
		out[i] = surface.Arg{Name: n, Type: typeText, Doc: argDocs[n], Optional: true}
	}
	return out
}

var argDocs = map[string]string{
	"target":            "the table that the process writes",
	"wap_id":            "what is staged: the session id, or its branch psyberg_<session id>; the session id where it is NULL",
	"process_name":      "the pipeline",
	"session_id":        "the run",
	"session_table":     "the session table",
	"hwm_table":         "the watermark table",
	"wap_id_or_branch":  "a session id, or a branch psyberg_<session id>",
	"force_audit":       "names of failed audits to publish over, separated by commas; recorded",
	"psyberg_hwm_table": "the watermark table; made where it is missing",
}

const publishDoc = `Publishes what a session has staged: one row that says what was done.

  session_id             VARCHAR
  target_table           VARCHAR  NULL where the session has nothing to publish
  method                 VARCHAR  fast-forward, cherry-pick, already-published; NULL likewise
  staged_snapshot_id     BIGINT   NULL likewise
  published_snapshot_id  BIGINT   the target's snapshot that holds the rows; NULL likewise
  status                 VARCHAR  of the session, after it
  done_before            BOOLEAN  true: nothing was changed on the target
  note                   VARCHAR  why, in words

Safe to repeat, and after a crash anywhere. Not published: a blocking audit failed
[PSY_AUDIT_FAILED], the target or a later session stands in the way [PSY_PUBLISH_REFUSED],
[PSY_SUPERSEDED]; the session is READY then. It writes when its rows are read: CALL it.
Cost: the metadata of target and session table; manifests where the head moved.`

func (s *Steps) publishFunction() *surface.Function {
	schema := arrow.NewSchema([]arrow.Field{
		nullable("session_id", typeText), nullable("target_table", typeText), nullable("method", typeText),
		nullable("staged_snapshot_id", typeLong), nullable("published_snapshot_id", typeLong), nullable("status", typeText),
		nullable("done_before", typeBool), nullable("note", typeText)}, nil)
	return &surface.Function{
		Name: "psyberg_publish", Doc: publishDoc, Writes: true,
		Positional: texts("target", "wap_id", "process_name", "session_id", "session_table"),
		Named: []surface.Arg{
			{Name: "require_audits", Type: typeBool, Doc: "true: refuse where no audit of what is staged is recorded"},
			{Name: "force_audit", Type: typeText, Doc: argDocs["force_audit"]},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			r := reader{args: args}
			q := PublishRequest{Target: r.positional(0, "target", true), WapID: r.positional(1, "wap_id", false)}
			q.process, q.id = r.positional(2, "process_name", true), r.positional(3, "session_id", true)
			q.sessionTable = r.positional(4, "session_table", true)
			require, _, err := args.Bool("require_audits")
			if err != nil {
				return nil, err
			}
			force, _, err := args.Text("force_audit")
			if err != nil {
				return nil, err
			}
			q.RequireAudits, q.ForceAudits = require, splitNames(force)
			return step(schema, func(ctx context.Context) (arrow.RecordBatch, error) {
				p, err := s.Publish(ctx, q)
				if err != nil {
					return nil, err
				}
				return oneRow(schema, q.id, p.Target, string(p.Method), p.Staged, p.Snapshot, string(p.Status), p.DoneBefore, p.Note)
			}), r.err
		},
	}
}

// splitNames takes a list of names, separated by commas, apart.
func splitNames(list string) []string {
	var out []string
	for n := range strings.SplitSeq(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

const commitDoc = `Commits a session: moves the process's watermarks to its heads. One row that says what was done.

  process_name  VARCHAR
  session_id    VARCHAR
  target_table  VARCHAR      NULL where the session has none
  valid_to      TIMESTAMPTZ  what the process covers from now on, exclusive; NULL where that is not known (stateless) or left as it was
  status        VARCHAR      of the session, after it
  done_before   BOOLEAN      true: nothing was changed
  note          VARCHAR      why, in words

target := sets the target's property psyberg.valid-to, for those downstream; without it an
older value of the session's own target is brought up to date. Safe to repeat. Another session
of the process has committed since: [PSY_CONFLICT]. It writes when its rows are read: CALL it.
Cost: the session and the watermark table.`

func (s *Steps) commitFunction() *surface.Function {
	schema := arrow.NewSchema([]arrow.Field{
		nullable("process_name", typeText), nullable("session_id", typeText), nullable("target_table", typeText),
		nullable("valid_to", typeInstant), nullable("status", typeText), nullable("done_before", typeBool), nullable("note", typeText)}, nil)
	return &surface.Function{
		Name: "psyberg_commit", Doc: commitDoc, Writes: true,
		Positional: texts("process_name", "session_id", "session_table", "hwm_table"),
		Named:      []surface.Arg{{Name: "target", Type: typeText, Doc: argDocs["target"]}},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			r := reader{args: args}
			var q CommitRequest
			q.process, q.id = r.positional(0, "process_name", true), r.positional(1, "session_id", true)
			q.sessionTable, q.hwmTable = r.positional(2, "session_table", true), r.positional(3, "hwm_table", true)
			var err error
			if q.Target, _, err = args.Text("target"); err != nil {
				return nil, err
			}
			return step(schema, func(ctx context.Context) (arrow.RecordBatch, error) {
				c, err := s.Commit(ctx, q)
				if err != nil {
					return nil, err
				}
				return oneRow(schema, q.process, q.id, c.Target, c.ValidTo, string(c.Status), c.DoneBefore, c.Note)
			}), r.err
		},
	}
}

const discardDoc = `Removes what an unpublished session has staged, so that it can load again: one row.

  target_table  VARCHAR
  wap_id        VARCHAR   as it was given
  snapshot_ids  BIGINT[]  the snapshots removed
  branch        VARCHAR   the branch dropped; NULL where there was none
  done_before   BOOLEAN   true: nothing is staged under this id, nothing was changed

What is published is refused [PSY_PUBLISH_REFUSED]. Data files stay until orphans are removed.
A session that was left PUBLISHING, and whose target was dropped since, stops every init of its process, for the
rows may be in a table that has only been renamed; so does one whose target's snapshots have expired, where its older
metadata does not show either whether it was published: with process_name and session_table its intent is taken back.
It writes when its rows are read: CALL it. Cost: the target's metadata.`

func (s *Steps) discardFunction() *surface.Function {
	schema := arrow.NewSchema([]arrow.Field{
		nullable("target_table", typeText), nullable("wap_id", typeText), nullable("snapshot_ids", arrow.ListOf(typeLong)),
		nullable("branch", typeText), nullable("done_before", typeBool)}, nil)
	return &surface.Function{
		Name: "psyberg_discard", Doc: discardDoc, Writes: true,
		Positional: texts("target", "wap_id_or_branch"),
		Named: []surface.Arg{
			{Name: "process_name", Type: typeText, Doc: "with session_table, where the target of a PUBLISHING session is gone for good, or does not have its rows: the pipeline"},
			{Name: "session_table", Type: typeText, Doc: "likewise: where the session is recorded"},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			r := reader{args: args}
			target, id := r.positional(0, "target", true), r.positional(1, "wap_id_or_branch", true)
			var lost Forsake
			for name, to := range map[string]*string{"process_name": &lost.Process, "session_table": &lost.SessionTable} {
				if v, given, err := args.Text(name); err != nil {
					return nil, err
				} else if given {
					*to = v
				}
			}
			return step(schema, func(ctx context.Context) (arrow.RecordBatch, error) {
				d, err := s.Discard(ctx, target, id, lost)
				if err != nil {
					return nil, err
				}
				return oneRow(schema, target, id, d.Snapshots, d.Branch, d.DoneBefore)
			}), r.err
		},
	}
}

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// oneRow makes a batch of one row; "" and nil pointers are NULL.
func oneRow(schema *arrow.Schema, values ...any) (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i, v := range values {
		switch f := b.Field(i).(type) {
		case *array.StringBuilder:
			if s := v.(string); s != "" {
				f.Append(s)
				continue
			}
			f.AppendNull()
		case *array.BooleanBuilder:
			f.Append(v.(bool))
		case *array.Int64Builder:
			if id := v.(*psyberg.SnapshotID); id != nil {
				f.Append(int64(*id))
				continue
			}
			f.AppendNull()
		case *array.TimestampBuilder:
			if at := v.(*psyberg.Instant); at != nil {
				f.Append(arrow.Timestamp(*at))
				continue
			}
			f.AppendNull()
		case *array.ListBuilder:
			f.Append(true)
			for _, id := range v.([]psyberg.SnapshotID) {
				f.ValueBuilder().(*array.Int64Builder).Append(int64(id))
			}
		default:
			return nil, fmt.Errorf("column %d: no rule for %T", i+1, f)
		}
	}
	return b.NewRecordBatch(), nil
}

var initDoc = `Begins a session: what is new to the process, recorded in the session table. One row per source.

` + state.SessionDoc() + `
A session id that exists: its rows as they are, nothing is looked at again. A session of the
process that was left between publish and commit is finished first (the log says so); one that
was never published becomes SUPERSEDED. Session and watermark table are made where they are
missing. Errors of the sources have the codes of psyberg_window and psyberg_stateful_range;
nothing is recorded then. It writes when its rows are read: CALL it.
Cost: as psyberg_new_partitions or psyberg_stateful_range, and one commit to the session table.`
