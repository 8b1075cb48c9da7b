package psyberg

import (
	"fmt"
	"reflect"
	"slices"
)

// Do is what a command does next, having read the process's session rows.
type Do string

// The steps.
const (
	DoNew     Do = "new"     // init: read watermarks, pin heads, insert a session (X1)
	DoReuse   Do = "reuse"   // the session's rows again, nothing recomputed
	DoPublish Do = "publish" // move the target to what the intent of Session names, then commit it (X2)
	DoCommit  Do = "commit"  // move the watermarks of Session, then its status
	DoNothing Do = "nothing" // it was done before
)

// Next is a decision: what to do, for which session.
type Next struct {
	Do      Do
	Session string
	Staged  *SnapshotID // the intent, where Do is DoPublish
	Target  string      // likewise
	Status  Status      // of Session before it; "" for DoNew
	Since   Instant     // when Session began
	Seen    *Pin        // the target's head when this very process was about to record the intent; nil: another did
	Note    string      // what to tell the user
}

// NextForInit decides what init does, from all session rows of one process
// (X1, X2): its own session as it was; else an unfinished publish of another
// session is finished first, and init starts over; else a new session.
func NextForInit(rows []SessionRow, session string) Next {
	if own := RowsOf(rows, session); len(own) > 0 {
		return Next{Do: DoReuse, Session: session, Status: own[0].Status,
			Staged: own[0].StagedSnapshot, Target: own[0].Target,
			Note: fmt.Sprintf("session %q exists (%s): its rows again", session, own[0].Status)}
	}
	for _, r := range rows {
		switch r.Status {
		case StatusPublishing:
			return Next{Do: DoPublish, Session: r.Session, Staged: r.StagedSnapshot, Target: r.Target, Status: r.Status, Since: r.CreatedAt,
				Note: fmt.Sprintf("session %q was left while publishing: it is published and committed first", r.Session)}
		case StatusPublished:
			return Next{Do: DoCommit, Session: r.Session, Status: r.Status,
				Note: fmt.Sprintf("session %q was left before its commit: it is committed first", r.Session)}
		}
	}
	return Next{Do: DoNew, Session: session}
}

// NextForPublish decides what publish does for its own session.
func NextForPublish(rows []SessionRow, session string) (Next, error) {
	own, err := ownRow(rows, session, "publish")
	if err != nil {
		return Next{}, err
	}
	n := Next{Session: session, Staged: own.StagedSnapshot, Target: own.Target, Status: own.Status, Since: own.CreatedAt}
	switch own.Status {
	case StatusReady, StatusPublishing:
		n.Do = DoPublish
	case StatusPublished, StatusCommitted:
		n.Do, n.Note = DoNothing, fmt.Sprintf("session %q was published before (%s)", session, own.Status)
	case StatusNothingToDo, StatusBaseline:
		n.Do, n.Note = DoNothing, fmt.Sprintf("session %q has nothing to publish (%s)", session, own.Status)
	default:
		return Next{}, supersededError("publish", session)
	}
	return n, nil
}

// NextForCommit decides what commit does for its own session. A PUBLISHING
// session must go through its publish first (X2).
func NextForCommit(rows []SessionRow, session string) (Next, error) {
	own, err := ownRow(rows, session, "commit")
	if err != nil {
		return Next{}, err
	}
	n := Next{Session: session, Staged: own.StagedSnapshot, Target: own.Target, Status: own.Status, Since: own.CreatedAt}
	switch own.Status {
	case StatusPublishing:
		n.Do = DoPublish
	case StatusPublished, StatusNothingToDo, StatusBaseline:
		n.Do = DoCommit
	case StatusCommitted:
		n.Do, n.Note = DoNothing, fmt.Sprintf("session %q was committed before", session)
	case StatusSuperseded:
		return Next{}, supersededError("commit", session)
	default:
		return Next{}, &Error{Op: "commit", Object: object(session),
			Cause: fmt.Sprintf("it is %s: nothing is published", own.Status), Advice: "publish it first"}
	}
	return n, nil
}

func ownRow(rows []SessionRow, session, op string) (SessionRow, error) {
	own := RowsOf(rows, session)
	if len(own) == 0 {
		return SessionRow{}, &Error{Op: op, Object: object(session), Cause: "there is no such session of this process"}
	}
	return own[0], nil
}

func supersededError(op, session string) *Error {
	return &Error{Code: CodeSuperseded, Op: op, Object: object(session),
		Cause: "a later session of the process has superseded it", Advice: "run init with a new session id"}
}

func object(session string) string { return fmt.Sprintf("session %q", session) }

// RowsOf returns the rows of one session.
func RowsOf(rows []SessionRow, session string) []SessionRow {
	var out []SessionRow
	for _, r := range rows {
		if r.Session == session {
			out = append(out, r)
		}
	}
	return out
}

// SessionIDs returns the sessions in rows, in order of appearance.
func SessionIDs(rows []SessionRow) []string {
	var out []string
	for _, r := range rows {
		if !slices.Contains(out, r.Session) {
			out = append(out, r.Session)
		}
	}
	return out
}

// ProcessNames are the processes of rows, each once, in order.
func ProcessNames(rows []SessionRow) []string {
	var out []string
	for _, r := range rows {
		if !slices.Contains(out, r.Process) {
			out = append(out, r.Process)
		}
	}
	return out
}

// Begin returns the process's rows after init: the new session's rows added,
// and every session that waits and was never published (READY, NOTHING_TO_DO,
// BASELINE) superseded. The caller commits them in one step that fails if the
// process's rows are no longer those that NextForInit saw (X1, SameRows).
func Begin(seen, session []SessionRow) []SessionRow {
	out := slices.Clone(seen)
	for i := range out {
		switch out[i].Status {
		case StatusReady, StatusNothingToDo, StatusBaseline:
			out[i].Status = StatusSuperseded
		}
	}
	return append(out, session...)
}

// SameRows reports whether two readings of a process's rows are equal, in
// whatever order: the guard of every compare and set.
func SameRows(a, b []SessionRow) bool {
	if len(a) != len(b) {
		return false
	}
	type key struct{ session, source string }
	index := make(map[key]SessionRow, len(b))
	for _, r := range b {
		index[key{r.Session, r.Source.String()}] = r
	}
	for _, r := range a {
		o, ok := index[key{r.Session, r.Source.String()}]
		if !ok || !reflect.DeepEqual(r, o) {
			return false
		}
	}
	return true
}

// RecordIntent is READY → PUBLISHING (X3): the one session row that says what
// will be published, before anything moves. ok is false where the session is
// in another state by now: the caller asks NextForPublish again.
func RecordIntent(rows []SessionRow, session, target string, staged SnapshotID) (out []SessionRow, ok bool) {
	return change(rows, session, StatusReady, func(r *SessionRow) {
		r.Status, r.Target, r.StagedSnapshot = StatusPublishing, target, &staged
	})
}

// RecordPublished is PUBLISHING → PUBLISHED, after the target has it.
func RecordPublished(rows []SessionRow, session string, published SnapshotID) (out []SessionRow, ok bool) {
	return change(rows, session, StatusPublishing, func(r *SessionRow) {
		r.Status, r.PublishedSnapshot = StatusPublished, &published
	})
}

// RecordRefused is PUBLISHING → READY, if the intent is still the one that was
// refused (X4).
func RecordRefused(rows []SessionRow, session string, staged SnapshotID) (out []SessionRow, ok bool) {
	own := RowsOf(rows, session)
	if len(own) == 0 || own[0].StagedSnapshot == nil || *own[0].StagedSnapshot != staged {
		return rows, false
	}
	return change(rows, session, StatusPublishing, func(r *SessionRow) {
		r.Status, r.StagedSnapshot = StatusReady, nil
	})
}

// RecordCommitIntent is NOTHING_TO_DO or BASELINE → PUBLISHED: they publish
// nothing, but from here on every init finishes them before it looks for what
// is new. Without it a watermark could move under a session that has read it.
func RecordCommitIntent(rows []SessionRow, session string) (out []SessionRow, ok bool) {
	own := RowsOf(rows, session)
	if len(own) == 0 || own[0].Status != StatusNothingToDo && own[0].Status != StatusBaseline {
		return rows, false
	}
	return change(rows, session, own[0].Status, func(r *SessionRow) { r.Status = StatusPublished })
}

// RecordCommitted is PUBLISHED → COMMITTED, after the watermarks have moved.
func RecordCommitted(rows []SessionRow, session string) (out []SessionRow, ok bool) {
	return change(rows, session, StatusPublished, func(r *SessionRow) { r.Status = StatusCommitted })
}

func change(rows []SessionRow, session string, from Status, set func(*SessionRow)) ([]SessionRow, bool) {
	out, found := slices.Clone(rows), false
	for i := range out {
		if out[i].Session != session {
			continue
		}
		if out[i].Status != from {
			return rows, false
		}
		set(&out[i])
		found = true
	}
	return out, found
}

// Moved says what MoveWatermarks found.
type Moved string

// The findings.
const (
	MovedNow    Moved = "moved"
	MovedBefore Moved = "already there"
)

// MoveWatermarks returns the process's watermark rows after the commit of a
// session (X5): compare and set, from what init saw to the session's heads.
// Already there is fine; anything else is PSY_CONFLICT. The caller that gets a
// conflict reads the session's status again: another process may have
// finished this very commit and gone on. Both slices are one process's.
func MoveWatermarks(session []SessionRow, stored []WatermarkRow, now Instant) ([]WatermarkRow, Moved, error) {
	byName := map[string]int{}
	out := slices.Clone(stored)
	for i, w := range out {
		byName[w.Source.String()] = i
	}
	var before, moved []string
	for _, s := range session {
		i, has := byName[s.Source.String()]
		if has && out[i].Session == s.Session {
			before = append(before, s.Source.String())
			continue
		}
		if s.WatermarkStays() {
			continue
		}
		if has != s.HasWatermark() || has && !equalPtr(out[i].HWMSnapshot, s.HWMSnapshot) {
			return nil, "", conflict(s, has, out, i)
		}
		next := nextWatermark(s, now)
		if has {
			next.PrevHWMSnapshot, next.PrevHWM = out[i].HWMSnapshot, out[i].HWM
			if s.NextValidTo == nil {
				next.ValidTo = out[i].ValidTo
			}
			out[i] = next
		} else {
			out = append(out, next)
		}
		moved = append(moved, s.Source.String())
	}
	switch {
	case len(moved) > 0 && len(before) > 0:
		return nil, "", &Error{Code: CodeConflict, Op: "commit", Object: object(session[0].Session),
			Cause: fmt.Sprintf("its watermarks have moved for %q but not for %q, which one commit never does", before, moved)}
	case len(before) > 0:
		return stored, MovedBefore, nil
	}
	return out, MovedNow, nil
}

func nextWatermark(s SessionRow, now Instant) WatermarkRow {
	return WatermarkRow{
		Process: s.Process, Source: SourceName{Table: s.Source.Table, Ref: s.Source.Ref}, TableUUID: s.TableUUID,
		HWMSnapshot: s.EndSnapshot, HWMSequence: s.EndSequence, HWM: s.NextHWM, Session: s.Session,
		LastProcessedURIs: s.ProcessingURIs, ValidTo: s.NextValidTo, MaxEventTS: s.MaxEventTS, CommittedAt: now,
	}
}

func conflict(s SessionRow, has bool, stored []WatermarkRow, i int) *Error {
	want, got := "none", "none"
	if s.HasWatermark() {
		want = "snapshot " + idText(s.HWMSnapshot)
	}
	if has {
		got = fmt.Sprintf("snapshot %s, of session %q", idText(stored[i].HWMSnapshot), stored[i].Session)
	}
	return &Error{Code: CodeConflict, Op: "commit", Object: object(s.Session),
		Cause:  fmt.Sprintf("the watermark of source %q is %s, init saw %s", s.Source, got, want),
		Advice: "another session of this process has committed since: run init again"}
}

func idText(id *SnapshotID) string {
	if id == nil {
		return "none"
	}
	return fmt.Sprint(*id)
}

func equalPtr[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// ProcessValidTo returns what the process has covered: the least valid_to that
// its watermarks of these sources have, nil where none has one. A source that
// the process no longer reads does not hold it back.
func ProcessValidTo(rows []WatermarkRow, sources []SourceName) *Instant {
	var least *Instant
	for _, r := range rows {
		read := slices.ContainsFunc(sources, func(s SourceName) bool { return s.String() == r.Source.String() })
		if read && r.ValidTo != nil && (least == nil || *r.ValidTo < *least) {
			least = instantPtr(*r.ValidTo)
		}
	}
	return least
}
