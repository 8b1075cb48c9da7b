package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Run answers a request. Errors that need a decision are *psyberg.Error.
func Run(ctx context.Context, d Deps, req Request) (*Result, error) {
	if req.SessionID != "" {
		return runRecorded(ctx, d, req)
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	if req.Want == WantRange {
		req.Pattern = psyberg.Stateful
	}
	res := &Result{Request: req}
	if err := res.readWatermarks(ctx, d); err != nil {
		return nil, err
	}
	if err := res.load(ctx, d, req.Sources); err != nil {
		return nil, err
	}
	res.ValidTo = psyberg.ProcessValidTo(res.Watermarks, res.Request.Sources)
	finders := make([]*finder, len(res.Sources))
	for i, s := range res.Sources {
		f, err := newFinder(s, d, &res.Request)
		if err != nil {
			return nil, err
		}
		if s.Window, err = res.window(s); err != nil {
			return nil, err
		}
		if above := s.Window.Above; above != nil {
			if res.Request.gaps == nil {
				res.Request.gaps = map[string]psyberg.SequenceNumber{}
			}
			res.Request.gaps[s.Name.String()] = *above
		}
		finders[i] = f
	}
	if req.Want == WantWindow {
		return res, nil
	}
	for _, f := range finders {
		if err := f.find(ctx); err != nil {
			return nil, err
		}
	}
	if req.Want < WantRange {
		for _, f := range finders {
			f.listen()
		}
		return res, nil
	}
	return res, res.plan(ctx, finders)
}

// check refuses what contradicts itself.
func (r *Request) check() error {
	switch {
	case len(r.Sources) == 0:
		return errors.New("find sources: src_tables is empty; write 'ns.table', 'ns.table|event_ts' or 'ns.table@ref', separated by commas")
	case r.SessionTable != "":
		return errors.New("find session: session_table is given without session_id; pass both, or neither")
	case r.HWMTable != "" && r.ProcessName == "" && !r.HasWatermarks:
		return errors.New("find watermarks: hwm_table is given without process_name; pass both, or neither for a first run")
	case (r.FromSnapshot != nil || r.ToSnapshot != nil) && len(r.Sources) > 1:
		return fmt.Errorf("find window: from_snapshot_id and to_snapshot_id need a single source, src_tables has %d", len(r.Sources))
	case r.FromSnapshot != nil && r.Start != (psyberg.Start{}):
		return errors.New("find window: from_snapshot_id and start are both given; pass one of them")
	case r.MaxHours < 0:
		return fmt.Errorf("plan range: max_hours is %d, it must be positive", r.MaxHours)
	}
	return nil
}

func (res *Result) readWatermarks(ctx context.Context, d Deps) error {
	r := &res.Request
	switch {
	case r.HasWatermarks:
		res.Watermarks = r.Watermarks
		return nil
	case r.HWMTable == "":
		return nil
	case d.State == nil:
		return errors.New("read watermarks: nothing here reads watermark tables")
	}
	var err error
	res.Watermarks, err = d.State.Watermarks(ctx, r.HWMTable, r.ProcessName)
	if err != nil {
		return fmt.Errorf("read watermarks of process %q: %w", r.ProcessName, err)
	}
	return nil
}

// load loads every source and pins its head (D1).
func (res *Result) load(ctx context.Context, d Deps, names []psyberg.SourceName) error {
	seen := map[string]bool{}
	res.Request.Sources = nil
	for _, name := range names {
		t, err := d.Tables.Load(ctx, name.String())
		if err != nil {
			return err
		}
		shown := psyberg.SourceName{Table: t.Name, Ref: t.Ref, EventColumn: name.EventColumn}
		if seen[shown.String()] {
			return fmt.Errorf("find sources: %q is there twice", shown.String())
		}
		seen[shown.String()] = true
		res.Request.VTTS = renamed(res.Request.VTTS, name, shown)
		s := &Source{Name: shown, Table: t, History: psyberg.NewHistory(t.Meta.UUID, t.Meta.FormatVersion, t.Meta.Snapshots)}
		for _, mark := range res.Watermarks {
			if mark.Source.String() == shown.String() {
				s.Mark, s.ValidTo = &mark, mark.ValidTo
			}
		}
		res.Sources = append(res.Sources, s)
		res.Request.Sources = append(res.Request.Sources, shown)
	}
	return nil
}

// renamed is a vtts argument by the names that rows show: without the default
// catalog.
func renamed(arg *psyberg.VTTSArgument, given, shown psyberg.SourceName) *psyberg.VTTSArgument {
	if arg == nil || arg.All != nil || given.String() == shown.String() {
		return arg
	}
	at, ok := arg.For(given)
	if !ok {
		return arg
	}
	out := &psyberg.VTTSArgument{BySource: maps.Clone(arg.BySource)}
	out.BySource[shown.String()] = at
	return out
}

// pin pins the head of a source: to_snapshot_id, or that of its ref.
func (res *Result) pin(s *Source) error {
	if to := res.Request.ToSnapshot; to != nil {
		if _, ok := s.History.Get(*to); !ok {
			return fmt.Errorf("find window of source %q: %s", s.Name.String(), s.unknown(*to, "to_snapshot_id"))
		}
		s.Head = psyberg.PinOf(*to)
		return nil
	}
	head, err := s.Table.Meta.Head(s.Table.Ref)
	if err != nil {
		return fmt.Errorf("pin source %q: %w", s.Name.String(), err)
	}
	if head != nil {
		s.Head = psyberg.PinOf(head.ID)
	}
	return nil
}

// unknown says that a snapshot is not there, with near matches.
func (s *Source) unknown(id psyberg.SnapshotID, argument string) string {
	var ids []string
	for i := len(s.History.Snapshots) - 1; i >= 0; i-- { // the newest first
		ids = append(ids, fmt.Sprint(int64(s.History.Snapshots[i].ID)))
	}
	return fmt.Sprintf("%s %d is not among its retained snapshots%s", argument, id, meta.Suggest(fmt.Sprint(int64(id)), ids))
}

// checkFrom refuses a from_snapshot_id that neither is retained nor named by a
// retained snapshot as its parent, unless on_gap recovers.
func (r *Request) checkFrom(s *Source, from psyberg.SnapshotID) error {
	if _, ok := s.History.Get(from); ok || r.RecoverGap {
		return nil
	}
	for _, snap := range s.History.Snapshots {
		if snap.HasParent && snap.Parent == from {
			return nil
		}
	}
	return &psyberg.Error{Code: psyberg.CodeExpiredGap, Op: "find window", Object: fmt.Sprintf("source %q", s.Name.String()),
		Cause:  s.unknown(from, "from_snapshot_id"),
		Advice: "pass one of them, or on_gap := 'recover' for everything live, flagged as recovered"}
}

// window pins the head and computes the source's window.
func (res *Result) window(s *Source) (*psyberg.Window, error) {
	if err := res.pin(s); err != nil {
		return nil, err
	}
	r := &res.Request
	var mark *psyberg.Watermark
	switch {
	case r.FromSnapshot != nil:
		from := *r.FromSnapshot
		if err := r.checkFrom(s, from); err != nil {
			return nil, err
		}
		mark = &psyberg.Watermark{Ref: s.Name.Ref, SnapshotID: from, HasSnapshot: true}
		if snap, ok := s.History.Get(from); ok {
			mark.Sequence, mark.CommittedAt = snap.Sequence, snap.CommittedAt
		}
	case r.ToSnapshot != nil: // from the beginning
	case s.Mark != nil:
		mark = s.Mark.Watermark()
	}
	return s.window(mark, r.windowOptions())
}

// window computes the window since mark.
func (s *Source) window(mark *psyberg.Watermark, opt psyberg.WindowOptions) (*psyberg.Window, error) {
	if mark != nil && mark.HasSnapshot {
		s.HWM = &mark.SnapshotID
	}
	return psyberg.ComputeWindow(s.Name, s.History, s.Head, mark, opt)
}

func (r *Request) windowOptions() psyberg.WindowOptions {
	opt := psyberg.WindowOptions{Start: r.Start, RecoverGap: r.RecoverGap, RecoverRollback: r.RecoverRollback, OnOverwrite: r.OnOverwrite}
	switch r.Pattern {
	case psyberg.Stateless:
		opt.EnforceOverwrites = true
		if opt.OnOverwrite == "" {
			opt.OnOverwrite = psyberg.OverwriteError
		}
	case psyberg.Stateful: // an overwrite is a change like any other
	default:
		opt.EnforceOverwrites = r.OnOverwrite != ""
	}
	return opt
}

// newFinder finds the event-time column and the time basis.
func newFinder(s *Source, d Deps, req *Request) (*finder, error) {
	event, err := findEventColumn(s.Name, s.Table.Meta)
	if err != nil {
		return nil, err
	}
	f := &finder{Source: s, event: event, deps: d, req: req, reader: newReader(s.Table, s.EndSnapshot(), newDecoder(s.Table.Meta, event))}
	switch {
	case event != nil:
		s.Basis = psyberg.BasisColumn
	case req.Want < WantRange && !req.EventTimes:
		s.Basis = psyberg.BasisNone
	case f.reader.decoder.specs[int32(s.Table.Meta.DefaultSpecID)].times.known():
		s.Basis = psyberg.BasisPartition
	default:
		s.Basis = psyberg.BasisCommit
	}
	return f, nil
}

// find works out the change set, when it landed, and what was seen.
func (f *finder) find(ctx context.Context) error {
	var err error
	if f.Changes, err = f.changes(ctx); err != nil {
		return err
	}
	surface.NoteLevel(ctx, f.Table.Name, string(f.Changes.Level))
	f.seen()
	for _, p := range f.Changes.Partitions {
		if p.FirstCommit == nil || p.LastCommit == nil {
			continue
		}
		if f.Landing == nil {
			f.Landing = &psyberg.TimeRange{Min: *p.FirstCommit, Max: *p.LastCommit}
		}
		f.Landing.Min = min(f.Landing.Min, *p.FirstCommit)
		f.Landing.Max = max(f.Landing.Max, *p.LastCommit)
	}
	return nil
}

// plan resolves each source's VTTS and computes the range.
func (res *Result) plan(ctx context.Context, finders []*finder) error {
	changes := make([]psyberg.SourceChange, len(finders))
	for i, f := range finders {
		if err := f.resolve(ctx); err != nil {
			return err
		}
		changes[i] = f.Change()
	}
	r := &res.Request
	var err error
	res.Plan, err = psyberg.PlanRange(changes, psyberg.RangeOptions{ValidTo: res.ValidTo, Threshold: r.Threshold,
		HasThreshold: r.HasThreshold, Clip: r.Clip, LoadType: r.LoadType, MaxHours: r.MaxHours})
	return err
}

// seen is the greatest event time seen so far: what the watermark keeps, and
// what this window shows.
func (f *finder) seen() {
	if f.Recorded != nil {
		return // as it was recorded
	}
	if f.Mark != nil {
		f.MaxEvent = f.Mark.MaxEventTS
	}
	if e := f.greatest(f.Changes); e != nil && (f.MaxEvent == nil || *e > *f.MaxEvent) {
		f.MaxEvent = e
	}
}

// resolve finds the VTTS, and after a gap the earliest live event time.
func (f *finder) resolve(ctx context.Context) error {
	if f.Window.Recovered {
		live, err := f.everything(ctx)
		if err != nil {
			return err
		}
		if live.Events != nil {
			f.Earliest = &live.Events.Min
		}
	}
	input := psyberg.VTTSInput{Source: f.Name, Argument: f.req.VTTS, History: f.History, Head: f.Head, MaxEvent: f.MaxEvent}
	if text, ok := f.Table.Meta.Properties[psyberg.PropertyValidTo]; ok {
		input.Property = &text
	}
	var err error
	f.VTTS, err = psyberg.ResolveVTTS(input)
	if err == nil || f.Window.Verdict != psyberg.FirstRun || f.MaxEvent != nil || !f.Head.Has {
		return err
	}
	// A first run that loads nothing (start 'latest') has seen no event time
	// yet: all that is live was there before it.
	live, liveErr := f.everything(ctx)
	if liveErr != nil {
		return liveErr
	}
	if f.MaxEvent = f.greatest(live); f.MaxEvent == nil {
		return err
	}
	input.MaxEvent = f.MaxEvent
	f.VTTS, err = psyberg.ResolveVTTS(input)
	return err
}

// listen finds the VTTS of a stateless source where somebody says one. It
// decides nothing about the load, so that none, or one that cannot be read, is
// no error.
func (f *finder) listen() {
	input := psyberg.VTTSInput{Source: f.Name, Argument: f.req.VTTS, History: f.History, Head: f.Head}
	if text, ok := f.Table.Meta.Properties[psyberg.PropertyValidTo]; ok {
		input.Property = &text
	}
	if v, err := psyberg.ResolveVTTS(input); err == nil {
		f.VTTS = v
	}
}

// sourceNames lists sources for errors.
func sourceNames(sources []psyberg.SourceName) []string {
	out := make([]string, len(sources))
	for i, s := range sources {
		out[i] = s.String()
	}
	return out
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
