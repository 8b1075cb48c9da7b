package functions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const expiryFloorDoc = `The oldest snapshot of each source that some process still needs: what is older may expire. One row a source, and one for each needed snapshot that is lost.

  source_table   VARCHAR      as the watermark table has it
  source_ref     VARCHAR      the branch or tag read: the part after @, main where none was given
  snapshot_id    BIGINT       the oldest needed snapshot that is retained: itself to be kept; NULL where nothing is needed
  committed_at   TIMESTAMPTZ  its commit time; as recorded where it has expired
  needed_by      VARCHAR[]    processes, each with the unfinished session that needs it, if one does
  retained       BOOLEAN      false: it has expired, or the ref was rolled back behind it: the process will stop (on_gap, on_rollback); NULL where nothing is needed
  expire_before  TIMESTAMPTZ  a safe older_than for expire_snapshots: every snapshot that is needed was committed at this time or later; NULL unless retained
  reason         VARCHAR      in words

Needed are the watermarks of all processes (hwm_table), and what sessions that are not committed yet began with (session_table).
src_tables NULL: every source that some process reads. In short: psyberg_expiry_floor(hwm_table, table). Order: source, then lost ones first.
Errors: neither hwm_table nor session_table; an unknown table in src_tables (one that a process names and that is gone is a row).
Cost: the two tables, and the metadata.json of each source.`

// floorNeed is one snapshot that a process needs.
type floorNeed struct {
	source psyberg.SourceName
	id     psyberg.SnapshotID
	at     *psyberg.Instant // as recorded
	by     string
}

type floorRow struct {
	source       psyberg.SourceName
	id           *psyberg.SnapshotID
	at           *psyberg.Instant
	by           []string
	retained     *bool
	expireBefore *psyberg.Instant
	reason       string
}

func expiryFloorFunction(d discover.Deps) *surface.Function {
	return &surface.Function{
		Name: "psyberg_expiry_floor", Doc: expiryFloorDoc,
		Positional: []surface.Arg{
			{Name: "src_tables", Type: typeText, Doc: "sources, separated by commas; NULL: all that some process reads; with two positional arguments: hwm_table", Optional: true},
			{Name: "source", Type: typeText, Doc: "src_tables, where the first is hwm_table", Optional: true},
		},
		Named: []surface.Arg{
			{Name: "hwm_table", Type: typeText, Doc: "the watermark table"},
			{Name: "session_table", Type: typeText, Doc: "the session table"},
			{Name: "process_name", Type: typeText, Doc: "what this process alone needs"},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			q, err := newFloorQuery(args)
			if err != nil {
				return nil, err
			}
			if d.State == nil {
				return nil, errors.New("find needed snapshots: nothing here reads watermark and session tables")
			}
			return lazyRelation(floorColumns, func(ctx context.Context) ([]floorRow, error) { return q.rows(ctx, d) }), nil
		},
	}
}

// floorQuery is a bound call.
type floorQuery struct {
	sources                []psyberg.SourceName // nil: all
	hwm, sessions, process string
}

func newFloorQuery(args surface.Args) (*floorQuery, error) {
	q := &floorQuery{}
	var err error
	if len(args.Positional) > 1 && args.Positional[1] != nil {
		if args.Named["hwm_table"] != nil {
			return nil, errors.New("find needed snapshots: hwm_table is given twice, by position and by name")
		}
		args.Named = maps.Clone(args.Named)
		if args.Named == nil {
			args.Named = map[string]any{}
		}
		args.Named["hwm_table"], args.Positional = args.Positional[0], args.Positional[1:]
	}
	for name, to := range map[string]*string{"hwm_table": &q.hwm, "session_table": &q.sessions, "process_name": &q.process} {
		if *to, _, err = args.Text(name); err != nil {
			return nil, err
		}
	}
	if q.hwm == "" && q.sessions == "" {
		return nil, errors.New("find needed snapshots: neither hwm_table nor session_table is given; pass one at least")
	}
	if len(args.Positional) > 0 && args.Positional[0] != nil {
		text, err := args.PositionalText(0, "src_tables")
		if err != nil {
			return nil, err
		}
		if q.sources, err = psyberg.ParseSources(text); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func (q *floorQuery) rows(ctx context.Context, d discover.Deps) ([]floorRow, error) {
	needs, err := q.needs(ctx, d)
	if err != nil {
		return nil, err
	}
	var out []floorRow
	for _, s := range q.sources {
		// As rows name it: without the default catalog.
		t, err := d.Tables.Load(ctx, s.String())
		if err != nil {
			return nil, err
		}
		shown := psyberg.SourceName{Table: t.Name, Ref: t.Ref}
		some := false
		for name := range needs {
			if name.Table == shown.Table && (shown.Ref == "" || shown.Ref == name.Ref) {
				some = true
				out = append(out, floorsOf(t, name, needs[name])...)
			}
		}
		if !some {
			out = append(out, floorRow{source: shown, reason: "No process reads it: every snapshot may expire."})
		}
	}
	if q.sources == nil {
		for name, of := range needs {
			t, err := d.Tables.Load(ctx, name.String())
			if err != nil {
				out = append(out, floorRow{source: name, by: byOf(of), retained: new(bool), reason: fmt.Sprintf("The source cannot be loaded: %v.", err)})
				continue
			}
			out = append(out, floorsOf(t, name, of)...)
		}
	}
	slices.SortStableFunc(out, func(a, b floorRow) int {
		return cmp.Or(cmp.Compare(a.source.Table, b.source.Table), cmp.Compare(a.source.Ref, b.source.Ref))
	})
	return out, nil
}

// needs reads what all processes need, by source.
func (q *floorQuery) needs(ctx context.Context, d discover.Deps) (map[psyberg.SourceName][]floorNeed, error) {
	out := map[psyberg.SourceName][]floorNeed{}
	take := func(source psyberg.SourceName, id *psyberg.SnapshotID, at *psyberg.Instant, by string) {
		if id != nil {
			source.EventColumn = ""
			out[source] = append(out[source], floorNeed{source, *id, at, by})
		}
	}
	if q.hwm != "" {
		marks, err := d.State.Watermarks(ctx, q.hwm, q.process)
		if err != nil {
			return nil, fmt.Errorf("find needed snapshots: %w", err)
		}
		for _, m := range marks {
			take(m.Source, m.HWMSnapshot, m.HWM, m.Process)
		}
	}
	if q.sessions != "" {
		sessions, err := unfinished(ctx, d.State, q.sessions, q.process)
		if err != nil {
			return nil, fmt.Errorf("find needed snapshots: %w", err)
		}
		for _, s := range sessions {
			if s.Status != psyberg.StatusCommitted && s.Status != psyberg.StatusSuperseded {
				id, at := sessionNeeds(s)
				take(s.Source, id, at, fmt.Sprintf("%s (session %s, %s)", s.Process, s.Session, s.Status))
			}
		}
	}
	return out, nil
}

// unfinished reads session rows, without those of ended sessions where that can
// be done.
func unfinished(ctx context.Context, state discover.State, table, process string) ([]psyberg.SessionRow, error) {
	if some, ok := state.(interface {
		Unfinished(ctx context.Context, table, process string) ([]psyberg.SessionRow, error)
	}); ok {
		return some.Unfinished(ctx, table, process)
	}
	return state.Sessions(ctx, table, process)
}

// sessionNeeds is the oldest snapshot of a source that a session reads: its
// watermark; on a first run the first of its window, or, where that was all
// that was live, its end.
func sessionNeeds(s psyberg.SessionRow) (*psyberg.SnapshotID, *psyberg.Instant) {
	switch {
	case s.HWMSnapshot != nil:
		return s.HWMSnapshot, s.PrevHWM
	case s.DiscoveredBy != psyberg.LevelLive && len(s.Snapshots) > 0:
		return &s.Snapshots[0], nil
	}
	return s.EndSnapshot, s.NextHWM
}

// floorsOf finds the oldest of the needed snapshots along the ref's line, and
// those that are not on it.
func floorsOf(t *surface.Table, name psyberg.SourceName, needs []floorNeed) []floorRow {
	head, err := t.Meta.Head(name.Ref)
	if err != nil {
		return []floorRow{{source: name, by: byOf(needs), retained: new(bool), reason: fmt.Sprintf("The source's ref is gone: %v.", err)}}
	}
	h := psyberg.NewHistory(t.Meta.UUID, t.Meta.FormatVersion, t.Meta.Snapshots)
	var line psyberg.Line
	if head != nil {
		line = h.Line(head.ID)
	}
	place := map[psyberg.SnapshotID]int{}
	for i, s := range line.Snapshots {
		place[s.ID] = i
	}
	oldest := -1
	byID := map[psyberg.SnapshotID][]floorNeed{}
	var lost []psyberg.SnapshotID
	for _, n := range needs {
		i, on := place[n.id]
		if !on && byID[n.id] == nil {
			lost = append(lost, n.id)
		}
		byID[n.id] = append(byID[n.id], n)
		if last := len(line.Snapshots) - 1; !on && line.Cut && line.Beyond == n.id && last >= 0 {
			// Met by its name alone: all that is retained is needed.
			i, on = last, true
			byID[line.Snapshots[last].ID] = append(byID[line.Snapshots[last].ID], n)
		}
		if on {
			oldest = max(oldest, i)
		}
	}
	slices.Sort(lost)
	var out []floorRow
	for _, id := range lost {
		out = append(out, lostRow(h, line, name, byID[id]))
	}
	if oldest < 0 {
		return out
	}
	floor, yes := line.Snapshots[oldest], true
	before := floor.CommittedAt
	for _, s := range line.Snapshots[:oldest] {
		before = min(before, s.CommittedAt)
	}
	return append(out, floorRow{source: name, id: &floor.ID, at: &floor.CommittedAt, by: byOf(byID[floor.ID]), retained: &yes, expireBefore: &before,
		reason: fmt.Sprintf("It has %s after it; those older than %s may expire.", plural(int64(oldest), "snapshot"), before)})
}

// lostRow says what became of a needed snapshot that is not on the ref's line.
func lostRow(h *psyberg.History, line psyberg.Line, name psyberg.SourceName, needs []floorNeed) floorRow {
	r := floorRow{source: name, id: &needs[0].id, at: needs[0].at, by: byOf(needs), retained: new(bool)}
	s, there := h.Get(needs[0].id)
	switch {
	case there:
		r.at = &s.CommittedAt
		r.reason = "It is retained, but no ancestor of the head: the table was rolled back behind it (on_rollback)."
	case line.Cut && line.Beyond == needs[0].id:
		r.reason = "It has expired, but the oldest snapshot of the line still names it as its parent: nothing is lost yet, and no further one may expire."
	default:
		r.reason = "It has expired, and with it what came after it up to the oldest retained snapshot: the process stops with PSY_EXPIRED_GAP (on_gap)."
	}
	return r
}

func byOf(needs []floorNeed) []string {
	var out []string
	for _, n := range needs {
		if !slices.Contains(out, n.by) {
			out = append(out, n.by)
		}
	}
	slices.Sort(out)
	return out
}

var floorColumns = []column[floorRow]{
	text("source_table", func(r floorRow) (string, bool) { return r.source.Table, true }),
	text("source_ref", func(r floorRow) (string, bool) { return refName(r.source), true }),
	long("snapshot_id", func(r floorRow) (int64, bool) { return optionalID(r.id) }),
	instant("committed_at", func(r floorRow) (psyberg.Instant, bool) { return optional(r.at) }),
	texts("needed_by", func(r floorRow) []string { return append([]string{}, r.by...) }),
	boolean("retained", func(r floorRow) (v, ok bool) { return optional(r.retained) }),
	instant("expire_before", func(r floorRow) (psyberg.Instant, bool) { return optional(r.expireBefore) }),
	text("reason", func(r floorRow) (string, bool) { return r.reason, true }),
}
