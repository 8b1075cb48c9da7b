package psyberg

// PastMove says whether a publish that was begun, and left, had moved its target.
type PastMove int

// The answers of WasMoved.
const (
	NotMoved   PastMove = iota // certainly not
	WasMovedTo                 // certainly, though no snapshot that is left says so
	MovedOrNot                 // nobody can tell: what could say so has expired
)

// skewAllowed is how far commit times may go back along a line: Iceberg takes a
// minute, and machines' clocks differ.
const skewAllowed Instant = 10 * 60 * 1_000_000

// WasMoved answers for a publish whose intent names a staged snapshot, where no
// ancestor of the head shows that it happened (P1, P6). The intent was recorded
// after the session began at since.
func WasMoved(target *History, head Pin, staged SnapshotID, since Instant) PastMove {
	if !head.Has {
		return NotMoved
	}
	line := target.Line(head.ID)
	if !line.expired() {
		return NotMoved
	}
	if _, ok := line.index(staged); ok {
		return WasMovedTo // fast-forwarded: its child names it
	}
	oldest := line.Snapshots[len(line.Snapshots)-1]
	if tip, ok := target.Get(staged); ok && tip.Sequence > 0 && oldest.Sequence > 0 {
		if oldest.Sequence <= tip.Sequence {
			return NotMoved // the line holds all that came after it was staged
		}
		return MovedOrNot
	}
	if oldest.CommittedAt+skewAllowed <= since {
		return NotMoved
	}
	return MovedOrNot
}

// WasMovedSince answers for the process that has recorded the intent itself: the
// target had not moved when its head was seen. While that process slept another
// may have finished the session (X2), and what shows that may have expired.
func WasMovedSince(target *History, head Pin, staged SnapshotID, seen Pin) PastMove {
	if !head.Has {
		return NotMoved
	}
	line := target.Line(head.ID)
	if _, ok := line.index(staged); ok && line.expired() {
		return WasMovedTo
	}
	if _, ok := line.index(seen.ID); ok && seen.Has || !line.expired() {
		return NotMoved // the line holds all that came since
	}
	return MovedOrNot
}
