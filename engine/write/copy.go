package write

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// copy runs a COPY and returns how many rows of the query it wrote.
//
// Order: is it done already; pin the snapshot that the change is planned on;
// write the files; commit, which asks again whether it is done already.
// Killed before the commit: files that no manifest names.
func (w *Writer) copy(ctx context.Context, run Query, s *Copy) (int64, error) {
	if err := compute(ctx, run, s); err != nil {
		return 0, err
	}
	ch := Change{Mode: s.Mode, WapID: s.WapID, Branch: s.WapBranch, Step: s.Step, Summary: summaryOf(s)}
	t, err := w.commit.OpenTable(ctx, s.Table)
	if errors.Is(err, icecatalog.ErrNoSuchTable) && s.CreateTable {
		t, err = w.createFor(ctx, run, s)
	}
	if err != nil {
		return 0, err
	}
	if found, err := w.commit.Existing(ctx, s.Table, ch); err != nil || found.Already {
		return 0, err
	}
	base := baseOf(t, s.WapBranch)
	if base != nil {
		ch.Base = base.SnapshotID
	}
	writer, err := newFileWriter(ctx, run, t)
	if err != nil {
		return 0, err
	}
	writer.step = w.step
	added, err := writer.write(ctx, s.Query)
	if err != nil {
		return 0, within(err, s.QueryOffset)
	}
	ch.Add = added
	var count int64
	for _, f := range added {
		count += f.Count()
	}
	if s.Mode == ModeOverwrite && base != nil {
		err = w.overwrite(ctx, run, t, s, &ch)
	}
	var done Committed
	if err == nil {
		if err = writer.before(ctx, "commit"); err == nil {
			done, err = w.commit.CommitFiles(ctx, s.Table, ch)
		}
	}
	if err != nil {
		if !outcomeUnknown(err) {
			_ = Remove(context.WithoutCancel(ctx), t, ch.Add) // else orphans
		}
		return 0, err
	}
	if done.Already { // somebody else was quicker
		return 0, Remove(ctx, t, ch.Add)
	}
	return count, nil
}

// compute works out the options that are expressions.
func compute(ctx context.Context, run Query, s *Copy) error {
	for _, c := range s.Computed {
		const head = "SELECT ("
		rows, err := run(ctx, head+c.SQL+"\n)::VARCHAR")
		if err != nil {
			return within(atQuery(err, len(head), len(c.SQL)), c.Offset)
		}
		var value any
		if rows.Next() {
			value = rows.Row()[0]
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		text, ok := value.(string)
		if !ok {
			return &SyntaxError{c.Offset, c.Option + " is NULL"}
		}
		c.set(s, text)
		if msg := s.wrong(strings.ToLower(c.Option)); msg != "" {
			return &SyntaxError{c.Offset, msg}
		}
	}
	return nil
}

func outcomeUnknown(err error) bool {
	var u Unknown
	return errors.As(err, &u) && u.OutcomeUnknown()
}

// summaryOf is what the snapshot's summary gets beside what the commit computes.
func summaryOf(s *Copy) map[string]string {
	out := maps.Clone(s.Summary)
	if out == nil {
		out = map[string]string{}
	}
	for k, v := range map[string]string{KeyProcess: s.ProcessName, KeySession: s.SessionID, KeyValidTo: s.ValidTo} {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// Summary keys of a session (semantics.md section 7), which Change.Summary may hold.
const (
	KeyProcess = "psyberg.process-name"
	KeySession = "psyberg.session-id"
	KeyValidTo = "psyberg.valid-to"
)

// baseOf is the head that a write starts from: the branch's, else main's.
func baseOf(t *table.Table, branch string) *table.Snapshot {
	if branch != "" {
		if s := t.SnapshotByName(branch); s != nil {
			return s
		}
	}
	return t.CurrentSnapshot()
}

// createFor makes the table of a COPY with CREATE_TABLE from the query's
// columns. Somebody else may make it at the same time: then it is theirs.
func (w *Writer) createFor(ctx context.Context, run Query, s *Copy) (*table.Table, error) {
	columns, err := (&fileWriter{run: run}).columns(ctx, s.Query)
	if err != nil {
		return nil, within(err, s.QueryOffset)
	}
	def, err := definitionOf(columns, s.PartitionBy)
	if err != nil {
		return nil, err
	}
	def.Properties = iceberg.Properties{}
	t, err := w.commit.CreateTable(ctx, s.Table, *def)
	if errors.Is(err, icecatalog.ErrTableAlreadyExists) {
		return w.commit.OpenTable(ctx, s.Table)
	}
	if err != nil {
		return nil, fmt.Errorf("copy to %s: %w", s.Table, err)
	}
	return t, nil
}
