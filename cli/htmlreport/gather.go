package htmlreport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"psyberg/engine"
)

// Asker answers questions; *engine.Session does.
type Asker interface {
	Inner(ctx context.Context, query string) (engine.Rows, error)
}

// Options say what a report is about.
type Options struct {
	Process      string
	SessionTable string
	AuditTable   string // "": none was asked for
	HWMTable     string // "": no watermarks are shown
	Sessions     int    // how many of the last sessions; 0: 60
	LookBack     time.Duration
	Now          time.Time
	Version      string
}

// row is a row of an answer by column name.
type row map[string]any

func (r row) text(name string) string {
	s, _ := r[name].(string)
	return s
}

func (r row) whole(name string) int64 {
	n, _ := r[name].(int64)
	return n
}

func (r row) truth(name string) bool {
	b, _ := r[name].(bool)
	return b
}

// at is a time given as microseconds, zero for NULL.
func (r row) at(name string) time.Time {
	n, ok := r[name].(int64)
	if !ok || n == math.MaxInt64 || n == -math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func ask(ctx context.Context, q Asker, query string) ([]row, error) {
	rows, err := q.Inner(ctx, query)
	if err != nil {
		return nil, err
	}
	var out []row
	for rows.Next() {
		r := row{}
		for i, v := range rows.Row() {
			r[rows.Columns()[i].Name] = v
		}
		out = append(out, r)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// sessionsSQL is a row for each session and source.
const sessionsSQL = `SELECT session_id, status, epoch_us(created_at) AS began, etl_pattern_id::BIGINT AS pattern, source_table, source_ref,
  event_ts_column, verdict, discovered_by, coalesce(changed_partitions, 0) AS partitions, coalesce(changed_files, 0) AS files,
  coalesce(changed_records, 0) AS records, epoch_us(vtts) AS vtts, vtts_source, clipped_hours, target_table,
  epoch_us(valid_to) AS covered, epoch_us(next_valid_to) AS next,
  epoch_us(load_from_date::TIMESTAMP + to_hours(load_from_hour)) AS load_from,
  epoch_us(load_to_date::TIMESTAMP + to_hours(load_to_hour + 1)) AS load_to,
  epoch_us(from_event_date::TIMESTAMP + to_hours(from_event_hour)) AS event_from,
  epoch_us(to_event_date::TIMESTAMP + to_hours(to_event_hour + 1)) AS event_to
FROM iceberg_rows(`

// Gather reads what a report shows. What belongs to one session or source and
// cannot be read (its snapshots have expired) is left out, and noted.
func Gather(ctx context.Context, q Asker, opts Options) (*Report, error) {
	r := &Report{Process: opts.Process, At: opts.Now.UTC(), Version: opts.Version}
	rows, err := ask(ctx, q, sessionsSQL+engine.QuoteLiteral(opts.SessionTable)+") WHERE process_name = "+
		engine.QuoteLiteral(opts.Process)+" ORDER BY created_at, session_id, source_table")
	if err != nil {
		return nil, fmt.Errorf("read sessions of process %q: %w", opts.Process, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("process %q has no session in %s%s", opts.Process, opts.SessionTable, others(ctx, q, opts.SessionTable))
	}
	r.addSessions(rows)
	limit := cmp.Or(opts.Sessions, 60)
	if n := len(r.Sessions); n > limit {
		r.Left, r.Sessions = n-limit, r.Sessions[n-limit:]
	}
	for _, s := range r.Sessions {
		if err := r.addLandings(ctx, q, s, opts); err != nil {
			return nil, err
		}
	}
	for _, s := range r.Sources {
		if err := r.addFiles(ctx, q, s); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(r.addAudits(ctx, q, opts), r.addWatermarks(ctx, q, opts)); err != nil {
		return nil, err
	}
	r.LookBack, r.LookBackGiven = opts.LookBack, opts.LookBack > 0
	if !r.LookBackGiven {
		r.LookBack = r.worstLateness()
	}
	return r, nil
}

// others names the processes that there are.
func others(ctx context.Context, q Asker, table string) string {
	rows, err := ask(ctx, q, "SELECT DISTINCT process_name FROM iceberg_rows("+engine.QuoteLiteral(table)+") ORDER BY ALL LIMIT 20")
	if err != nil || len(rows) == 0 {
		return ""
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.text("process_name"))
	}
	return "; it has those of " + strings.Join(names, ", ")
}

func (r *Report) addSessions(rows []row) {
	byID := map[string]*Session{}
	for _, x := range rows {
		id := x.text("session_id")
		s := byID[id]
		if s == nil {
			s = &Session{ID: id, Status: x.text("status"), Began: x.at("began"), Pattern: x.whole("pattern"), Target: x.text("target_table"),
				Clipped: x.text("clipped_hours")}
			byID[id] = s
			r.Sessions = append(r.Sessions, s)
		}
		s.Load = union(s.Load, Span{x.at("load_from"), x.at("load_to")})
		event := Span{x.at("event_from"), x.at("event_to")}
		s.Event = union(s.Event, event)
		if c := x.at("covered"); c.After(s.Covered) {
			s.Covered = c
		}
		if n := x.at("next"); n.After(s.Next) {
			s.Next = n
		}
		s.Partitions += x.whole("partitions")
		s.Files += x.whole("files")
		s.Records += x.whole("records")
		name := x.text("source_table")
		if ref := x.text("source_ref"); ref != "" && ref != "main" {
			name += "@" + ref
		}
		s.Sources = append(s.Sources, SessionSource{Table: name, Verdict: x.text("verdict"), DiscoveredBy: x.text("discovered_by"),
			VTTS: x.at("vtts"), VTTSSource: x.text("vtts_source"), Records: x.whole("records"), Event: event})
		r.addSource(name, x.text("event_ts_column"))
	}
}

func (r *Report) addSource(name, column string) {
	for _, s := range r.Sources {
		if s.Table == name {
			s.Column = cmp.Or(s.Column, column)
			return
		}
	}
	r.Sources = append(r.Sources, &Source{Table: name, Column: column})
}

func union(a, b Span) Span {
	switch {
	case b.Empty() || b.From.IsZero():
		return a
	case a.Empty():
		return b
	}
	if b.From.Before(a.From) {
		a.From = b.From
	}
	if b.To.After(a.To) {
		a.To = b.To
	}
	return a
}

// addLandings asks for the partitions that a session found changed.
func (r *Report) addLandings(ctx context.Context, q Asker, s *Session, opts Options) error {
	if s.Files == 0 && s.Partitions == 0 {
		return nil
	}
	rows, err := ask(ctx, q, `SELECT source_table, partition_path, epoch_us(last_committed_at) AS landed, epoch_us(min_event_ts) AS lo,
  epoch_us(max_event_ts) AS hi, coalesce(added_records, 0) AS records, coalesce(added_bytes, 0) AS bytes, coalesce(is_late, false) AS late
FROM psyberg_new_partitions(NULL, process_name := `+engine.QuoteLiteral(opts.Process)+", session_id := "+engine.QuoteLiteral(s.ID)+
		", session_table := "+engine.QuoteLiteral(opts.SessionTable)+")")
	if err != nil {
		return r.note(ctx, fmt.Sprintf("session %s: its changed partitions could not be read", s.ID), err)
	}
	for _, x := range rows {
		l := Landing{Session: s.ID, Source: x.text("source_table"), Partition: x.text("partition_path"), Landed: x.at("landed"),
			Event: Span{x.at("lo"), x.at("hi")}, Records: x.whole("records"), Bytes: x.whole("bytes"), Covered: s.Covered}
		l.Late = x.truth("late") || !s.Covered.IsZero() && !l.Event.From.IsZero() && l.Event.From.Before(s.Covered)
		s.Bytes += l.Bytes
		r.Landings = append(r.Landings, l)
	}
	return nil
}

// addFiles asks which live files of a source hold which hours.
func (r *Report) addFiles(ctx context.Context, q Asker, s *Source) error {
	if s.Column == "" {
		return nil
	}
	column := "bounds." + engine.QuoteIdent(s.Column)
	rows, err := ask(ctx, q, "SELECT epoch_us(date_trunc('hour', "+column+".min)::TIMESTAMP) AS lo, epoch_us(date_trunc('hour', "+column+
		".max)::TIMESTAMP) AS hi, sum(file_size_in_bytes)::BIGINT AS bytes, count(*) AS files FROM iceberg_files("+engine.QuoteLiteral(s.Table)+
		", content := 'data', bounds := ["+engine.QuoteLiteral(s.Column)+"]) GROUP BY ALL")
	if err != nil {
		return r.note(ctx, fmt.Sprintf("source %s: its files could not be read", s.Table), err)
	}
	for _, x := range rows {
		lo, hi := x.at("lo"), x.at("hi")
		if lo.IsZero() || hi.IsZero() {
			continue
		}
		s.Hours = append(s.Hours, FileHours{Span{lo, hi.Add(time.Hour)}, x.whole("bytes"), x.whole("files")})
	}
	return nil
}

// note records what could not be read; an interrupted report is none.
func (r *Report) note(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	r.Notes = append(r.Notes, what+": "+text)
	return nil
}

func (r *Report) addAudits(ctx context.Context, q Asker, opts Options) error {
	if opts.AuditTable == "" {
		return nil
	}
	rows, err := ask(ctx, q, `SELECT session_id, audit, blocking, passed, forced, coalesce(violations, 0) AS violations,
  first_violation, epoch_us(audited_at) AS at FROM iceberg_rows(`+engine.QuoteLiteral(opts.AuditTable)+") WHERE process_name = "+
		engine.QuoteLiteral(opts.Process)+" ORDER BY audit, audited_at")
	if err != nil {
		return fmt.Errorf("read audits: %w", err)
	}
	for _, x := range rows {
		r.Audits = append(r.Audits, Audit{Session: x.text("session_id"), Name: x.text("audit"), First: x.text("first_violation"),
			Blocking: x.truth("blocking"), Passed: x.truth("passed"), Forced: x.truth("forced"), Violations: x.whole("violations"), At: x.at("at")})
	}
	return nil
}

func (r *Report) addWatermarks(ctx context.Context, q Asker, opts Options) error {
	if opts.HWMTable == "" {
		return nil
	}
	rows, err := ask(ctx, q, `SELECT source_table, source_ref, hwm_snapshot_id, epoch_us(hwm_ts) AS snapshot_at, epoch_us(valid_to) AS valid_to,
  epoch_us(max_event_ts) AS max_time, epoch_us(committed_at) AS committed, session_id FROM iceberg_rows(`+
		engine.QuoteLiteral(opts.HWMTable)+") WHERE process_name = "+engine.QuoteLiteral(opts.Process)+" ORDER BY source_table, source_ref")
	if err != nil {
		return fmt.Errorf("read watermarks: %w", err)
	}
	for _, x := range rows {
		name := x.text("source_table")
		if ref := x.text("source_ref"); ref != "" && ref != "main" {
			name += "@" + ref
		}
		r.Watermarks = append(r.Watermarks, Watermark{Source: name, Session: x.text("session_id"), Snapshot: x.whole("hwm_snapshot_id"),
			SnapshotAt: x.at("snapshot_at"), ValidTo: x.at("valid_to"), MaxTime: x.at("max_time"), CommittedAt: x.at("committed")})
	}
	slices.SortStableFunc(r.Watermarks, func(a, b Watermark) int { return cmp.Compare(a.Source, b.Source) })
	return nil
}
