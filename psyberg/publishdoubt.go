package psyberg

import "iter"

// PastMove says whether a publish that was begun, and left, had moved its target.
type PastMove int

// The answers of LeftPublish.Moved.
const (
	NotMoved   PastMove = iota // certainly not
	WasMovedTo                 // certainly, though no snapshot that is left need say so
	MovedOrNot                 // nobody can tell: what could say so is gone
)

// skewAllowed is how far commit times may go back along a line: Iceberg takes a
// minute, and machines' clocks differ.
const skewAllowed Instant = 10 * 60 * 1_000_000

// LeftPublish is a publish whose intent is recorded. Whether it has moved its
// target since is asked where the plan does not find it published (P1, P6).
type LeftPublish struct {
	ID     string     // wap.id, which is the session id; or the session's branch
	Staged SnapshotID // that the intent names
	// Seen is the target's head where the process that recorded the intent had
	// looked: it had not moved then. While that process slept another may have
	// finished the session (X2). nil for any other process.
	Seen *Pin
	// Since is when the session began: its intent was recorded later. It is
	// asked where Seen is nil.
	Since Instant
}

// Moved answers from the target's metadata as it is now and, where the snapshots
// that could say so have expired, as it was before: versions are those of its
// metadata log, newest first, and are asked for no further than needed. shown is
// the snapshot that the target was moved to, where it was.
//
// No answer is wrong, whatever has expired, was rolled back or is missing in the
// log. The ancestors of a version's head are those down to the head of an older
// version, and the ancestors of that one. The older version is looked at only
// where the newer one's line meets its head, so that all down to it are retained
// there; and of each version all that its line retains has been looked at. What
// nobody has looked at then lies below the line of the version at hand: what that
// shows, or rules out, of its own head holds for the present one. Snapshots do
// not change, so it does not matter which version shows one. Where the lines do
// not meet (a rollback; versions lost, and what they added expired) the doubt
// stays.
func (p LeftPublish) Moved(versions iter.Seq2[*History, Pin]) (past PastMove, shown SnapshotID) {
	var newer Line
	var table string
	looked := false
	for h, head := range versions {
		if !looked && !head.Has {
			return NotMoved, 0
		}
		if _, kept := h.Get(head.ID); !head.Has || !kept {
			break
		}
		if _, meets := newer.index(head.ID); looked && (!meets || h.TableUUID != table) {
			break
		}
		line := h.Line(head.ID)
		if past, shown = p.in(h, line); past != MovedOrNot {
			return past, shown
		}
		newer, table, looked = line, h.TableUUID, true
	}
	return MovedOrNot, 0
}

// in is what one version says of its own line.
func (p LeftPublish) in(h *History, line Line) (PastMove, SnapshotID) {
	if s := published(line, p.ID); s != nil {
		return WasMovedTo, s.ID
	}
	if _, ok := line.index(p.Staged); ok {
		return WasMovedTo, p.Staged // fast-forwarded, and expired: its child names it
	}
	if !line.expired() || p.holdsAllSince(h, line) {
		return NotMoved, 0
	}
	return MovedOrNot, 0
}

// holdsAllSince reports whether a line that has lost snapshots retains all that
// can have come since the target was known not to have moved.
func (p LeftPublish) holdsAllSince(h *History, line Line) bool {
	if p.Seen != nil {
		_, ok := line.index(p.Seen.ID)
		return ok && p.Seen.Has
	}
	oldest := line.Snapshots[len(line.Snapshots)-1]
	if tip, ok := h.Get(p.Staged); ok && tip.Sequence > 0 && oldest.Sequence > 0 {
		return oldest.Sequence <= tip.Sequence // all that came after it was staged
	}
	return oldest.CommittedAt+skewAllowed <= p.Since
}
