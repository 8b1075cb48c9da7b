package discover

import (
	"context"
	"fmt"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// finder works out the change set of one source.
type finder struct {
	*Source
	reader *reader
	event  *eventColumn
	deps   Deps
	req    *Request
}

// changes takes the cheapest level that answers exactly (semantics.md, section 3).
func (f *finder) changes(ctx context.Context) (*psyberg.ChangeSet, error) {
	w := f.Window
	if !w.Live && !w.HasNews() {
		// Nothing to read: also where REPLACE snapshots are all there is.
		set, err := psyberg.BuildChanges(f.History, w, nil, psyberg.ChangeOptions{})
		if err == nil {
			set.Level = psyberg.LevelSummary
		}
		return set, err
	}
	if f.req.Want == WantPartitions && f.Basis == psyberg.BasisNone && !f.req.WithPreexisting {
		resolver := newResolver(f.reader.decoder)
		if set, ok := psyberg.SummarizeChanges(f.History, w, resolver.resolve); ok {
			return set, nil
		}
	}
	entries, err := f.entries(ctx)
	if err != nil {
		return nil, err
	}
	opt := psyberg.ChangeOptions{Basis: f.Basis, OnMissing: f.req.OnMissing, WithPreexisting: f.req.WithPreexisting}
	standsFor := w.NeedsLive(entries)
	if standsFor || opt.WithPreexisting {
		if opt.Live, err = f.liveFiles(ctx, f.reader.decoder.interestOf(w, entries)); err != nil {
			return nil, err
		}
	}
	if standsFor && !w.Live { // a delete may have applied to a file that a compaction replaced
		more, err := f.reader.added(ctx, skipped(w.Snapshots))
		if err != nil {
			return nil, err
		}
		replaced, err := f.reader.read(ctx, more)
		if err != nil {
			return nil, err
		}
		entries = append(entries, replaced...)
	}
	return f.build(ctx, w, entries, opt)
}

// entries are those that the window is about: of the manifests that its
// counted snapshots added, and the withdrawn ones; or what is live.
func (f *finder) entries(ctx context.Context) ([]psyberg.Entry, error) {
	w := f.Window
	own := counted(w.Withdrawn)
	if !w.Live {
		own = append(own, counted(w.Snapshots)...) // the last one's list has most of what those before it added
	}
	files, err := f.reader.added(ctx, own)
	if err != nil {
		return nil, err
	}
	entries, err := f.reader.read(ctx, files)
	if err != nil || !w.Live {
		return entries, err
	}
	live, err := f.reader.live(ctx, f.EndSnapshot(), w.Recovered)
	if err != nil {
		return nil, err
	}
	more, err := f.reader.liveEntries(ctx, above(live, w.Above))
	return append(entries, more...), err
}

func counted(snapshots []psyberg.WindowSnapshot) []*psyberg.Snapshot {
	var out []*psyberg.Snapshot
	for _, s := range snapshots {
		if s.Counted {
			out = append(out, s.Snapshot)
		}
	}
	return out
}

func skipped(snapshots []psyberg.WindowSnapshot) []*psyberg.Snapshot {
	var out []*psyberg.Snapshot
	for _, s := range snapshots {
		if !s.Counted && s.Class != psyberg.ClassEmpty {
			out = append(out, s.Snapshot)
		}
	}
	return out
}

// above leaves out manifests whose files all have data sequence numbers that
// are not above the watermark's: none is greater than the manifest's own.
func above(files []manifest.File, mark *psyberg.SequenceNumber) []manifest.File {
	if mark == nil {
		return files
	}
	var out []manifest.File
	for _, f := range files {
		if f.Sequence > *mark || f.Sequence == 0 {
			out = append(out, f)
		}
	}
	return out
}

// liveFiles are the data files live at the end snapshot, at least those of the
// partitions of interest.
func (f *finder) liveFiles(ctx context.Context, in interest) ([]psyberg.File, error) {
	files, err := f.reader.live(ctx, f.EndSnapshot(), false)
	if err != nil {
		return nil, err
	}
	entries, err := f.reader.liveEntries(ctx, in.in(f.reader.decoder, files))
	if err != nil {
		return nil, err
	}
	out := make([]psyberg.File, len(entries))
	for i, e := range entries {
		out[i] = e.File
	}
	return out, nil
}

// build builds the change set, and reads the bounds of files that lack them
// where on_missing_bounds says so.
func (f *finder) build(ctx context.Context, w *psyberg.Window, entries []psyberg.Entry, opt psyberg.ChangeOptions) (*psyberg.ChangeSet, error) {
	set, err := psyberg.BuildChanges(f.History, w, entries, opt)
	if err != nil || len(set.ToRead) == 0 {
		return set, err
	}
	if f.deps.ReadBounds == nil {
		return nil, fmt.Errorf("find event times of source %q: %d files have no bounds of column %q, and nothing here reads data files; pass on_missing_bounds := 'partition' [%s]",
			f.Name.String(), len(set.ToRead), f.event.path, psyberg.CodeMissingBounds)
	}
	read, err := f.deps.ReadBounds(ctx, BoundsRequest{Table: f.Table, Column: f.event.field, Path: f.event.path, Files: set.ToRead})
	if err != nil {
		return nil, fmt.Errorf("read event times of source %q from its data files: %w", f.Name.String(), err)
	}
	opt.Read = map[string]*psyberg.TimeRange{}
	for _, file := range set.ToRead {
		times, ok := read[file.Path]
		if !ok {
			return nil, fmt.Errorf("read event times of source %q from its data files: no answer about %q", f.Name.String(), file.Path)
		}
		opt.Read[file.Path] = times
	}
	return psyberg.BuildChanges(f.History, w, entries, opt)
}

// everything is the change set of all that is live at the end snapshot.
func (f *finder) everything(ctx context.Context) (*psyberg.ChangeSet, error) {
	files, err := f.reader.live(ctx, f.EndSnapshot(), false)
	if err != nil {
		return nil, err
	}
	entries, err := f.reader.liveEntries(ctx, files)
	if err != nil {
		return nil, err
	}
	w := &psyberg.Window{Source: f.Name, End: f.Head, Live: true}
	return f.build(ctx, w, entries, psyberg.ChangeOptions{Basis: f.Basis, OnMissing: f.req.OnMissing})
}

// greatest is the greatest event time that is known to occur (R5). Where a
// range is that of a partition or of a date, only its beginning is: a day with
// events is not a day that is complete.
func (f *finder) greatest(c *psyberg.ChangeSet) *psyberg.Instant {
	var most *psyberg.Instant
	take := func(i psyberg.Instant) {
		if most == nil || i > *most {
			most = &i
		}
	}
	switch {
	case c.Events == nil:
	case f.Basis == psyberg.BasisPartition:
		for _, p := range c.Partitions {
			if p.Events != nil && p.Time != nil {
				take(p.Time.Min)
			}
		}
	case f.Basis == psyberg.BasisColumn && f.event.field.Type.Kind == meta.KindDate:
		take(psyberg.Instant(floorDiv(int64(c.Events.Max), microsPerDay) * microsPerDay))
	case f.Basis == psyberg.BasisColumn && f.req.OnMissing == psyberg.MissingPartition && c.FilesWithoutBounds > 0:
		for _, file := range c.Files {
			switch {
			case file.Events != nil:
				take(file.Events.Max)
			case file.Times != nil:
				take(file.Times.Min)
			}
		}
	default:
		take(c.Events.Max)
	}
	return most
}
