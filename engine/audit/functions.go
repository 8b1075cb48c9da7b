package audit

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/surface"
)

// Functions are psyberg_audit and psyberg_audit_verdict.
func Functions(d Deps) []*surface.Function {
	return []*surface.Function{d.auditFunction(), d.verdictFunction()}
}

const auditDoc = `Runs the audits of a file on what a session has staged, and records what they found: one row an audit, in the file's order.

  audit               VARCHAR    its name
  blocking            BOOLEAN    a failure keeps the snapshot from being published
  passed              BOOLEAN
  violations          BIGINT     rows that violate
  first_violation     VARCHAR    NULL where it passed
  staged_snapshot_id  BIGINT     the snapshot that was looked at
  sample              VARCHAR[]  the first violations, at most 5
  read_from           VARCHAR    'metadata' where that alone tells exactly, and no row was read; else 'rows'
  query               VARCHAR    the query whose rows are all violations

The file has a list 'audits'; each has function (an audit's name without psyberg_audit_) or sql (a file with one query whose rows violate,
found from the file's folder), and may have name, blocking (true unless it says false) and params: a function's arguments after wap_id by
name, or more variables of the SQL file. Variables are $target, $wap_id, $process_name, $session_id, $session_table, and the session's
hours $load_from and $load_to (exclusive; NULL where it loads none). They stand in SQL files, in the params source and where, and as the
whole value of any other param.

A session that has nothing to do has no rows. A failed blocking audit is a row here; psyberg_audit_verdict makes an error of it.
Errors: the file has a key that is not known (with its line and near matches); unknown session; nothing staged: nothing is recorded
then. An audit that cannot run; [PSY_CONFLICT] where what is staged changed meanwhile: the audits without a result are recorded as
not run (passed is NULL), and what is staged is not published until they are.
It records when its rows are read: CALL it.`

const verdictDoc = `What the recorded audits of a session say of what it has staged: one row, or the error [PSY_AUDIT_FAILED].

  verdict             VARCHAR  'passed' or 'none asked for'
  staged_snapshot_id  BIGINT   NULL where the session has nothing to do

require_audits := true makes an error of 'none asked for'. Nothing is written.`

var (
	typeText  = arrow.BinaryTypes.String
	typeTexts = arrow.ListOf(typeText)
	typeLong  = arrow.PrimitiveTypes.Int64
	typeBool  = arrow.FixedWidthTypes.Boolean
)

var sessionArgs = []surface.Arg{
	{Name: "process_name", Type: typeText, Doc: "the process"},
	{Name: "session_id", Type: typeText, Doc: "the session, which is the id under which it staged"},
	{Name: "session_table", Type: typeText, Doc: "the session table"},
	{Name: "target", Type: typeText, Doc: "the table that the session writes"},
}

func (d Deps) auditFunction() *surface.Function {
	schema := schemaOf("audit", typeText, "blocking", typeBool, "passed", typeBool, "violations", typeLong,
		"first_violation", typeText, "staged_snapshot_id", typeLong, "sample", typeTexts, "read_from", typeText, "query", typeText)
	args := append(append([]surface.Arg{}, sessionArgs...), surface.Arg{Name: "audits", Type: typeText, Doc: "path of the audits.yaml"})
	return &surface.Function{Name: "psyberg_audit", Doc: auditDoc, Positional: args, Writes: true,
		Bind: func(_ context.Context, a surface.Args) (*surface.Relation, error) {
			req, err := requestOf(args, a)
			if err != nil {
				return nil, err
			}
			return relation(schema, func(ctx context.Context) ([][]any, error) {
				found, err := Run(ctx, d, req)
				if err != nil {
					return nil, err
				}
				var rows [][]any
				for _, f := range found {
					first := any(nil)
					if !f.Passed {
						first = f.FirstViolation
					}
					rows = append(rows, []any{f.Audit, f.Blocking, f.Passed, f.Violations, first, int64(f.Staged), f.Sample, f.ReadFrom, f.Query})
				}
				return rows, nil
			}), nil
		}}
}

func (d Deps) verdictFunction() *surface.Function {
	schema := schemaOf("verdict", typeText, "staged_snapshot_id", typeLong)
	return &surface.Function{Name: "psyberg_audit_verdict", Doc: verdictDoc, Positional: sessionArgs,
		Named: []surface.Arg{{Name: "require_audits", Type: typeBool, Doc: "true: none recorded is an error"}},
		Bind: func(_ context.Context, a surface.Args) (*surface.Relation, error) {
			req, err := requestOf(sessionArgs, a)
			if err != nil {
				return nil, err
			}
			require, _, err := a.Bool("require_audits")
			if err != nil {
				return nil, err
			}
			return relation(schema, func(ctx context.Context) ([][]any, error) {
				v, staged, err := Verdict(ctx, d, req, require)
				if err != nil {
					return nil, err
				}
				id := any(nil)
				if staged != 0 {
					id = int64(staged)
				}
				return [][]any{{string(v.Kind), id}}, nil
			}), nil
		}}
}

func requestOf(args []surface.Arg, a surface.Args) (Request, error) {
	var req Request
	for i, to := range []*string{&req.Process, &req.Session, &req.SessionTable, &req.Target, &req.File}[:len(args)] {
		text, err := a.PositionalText(i, args[i].Name)
		if err != nil {
			return req, err
		}
		if *to = text; text == "" {
			return req, fmt.Errorf("argument %d (%s) is empty", i+1, args[i].Name)
		}
	}
	return req, nil
}

func schemaOf(pairs ...any) *arrow.Schema {
	var fields []arrow.Field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, arrow.Field{Name: pairs[i].(string), Type: pairs[i+1].(arrow.DataType), Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// relation has rows that are made when it is opened, so that binding and
// EXPLAIN run nothing.
func relation(schema *arrow.Schema, rows func(context.Context) ([][]any, error)) *surface.Relation {
	return &surface.Relation{Schema: schema, Rows: -1, Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
		made, err := rows(ctx)
		if err != nil {
			return nil, err
		}
		return &scan{batch: batchOf(schema, columns, made)}, nil
	}}
}

func batchOf(schema *arrow.Schema, columns []int, rows [][]any) arrow.RecordBatch {
	fields, arrays := make([]arrow.Field, len(columns)), make([]arrow.Array, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
		b := array.NewBuilder(memory.DefaultAllocator, fields[i].Type)
		for _, r := range rows {
			appendValue(b, r[c])
		}
		arrays[i] = b.NewArray()
		b.Release()
	}
	batch := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(len(rows)))
	for _, a := range arrays {
		a.Release()
	}
	return batch
}

func appendValue(b array.Builder, v any) {
	switch v := v.(type) {
	case string:
		b.(*array.StringBuilder).Append(v)
	case bool:
		b.(*array.BooleanBuilder).Append(v)
	case int64:
		b.(*array.Int64Builder).Append(v)
	case []string:
		l := b.(*array.ListBuilder)
		l.Append(true)
		for _, s := range v {
			l.ValueBuilder().(*array.StringBuilder).Append(s)
		}
	default:
		b.AppendNull()
	}
}

// scan yields one batch.
type scan struct{ batch arrow.RecordBatch }

// Threads implements surface.Scan.
func (s *scan) Threads() int { return 1 }

// Next implements surface.Scan.
func (s *scan) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := s.batch
	if b == nil {
		return nil, io.EOF
	}
	s.batch = nil
	return b, nil
}

// Close implements surface.Scan.
func (s *scan) Close() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}
