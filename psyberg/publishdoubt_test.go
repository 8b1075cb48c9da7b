package psyberg

import "testing"

// TestP6_LeftPublish: what the target's history says of a publish that was
// begun, of a snapshot 10 staged after the session began at hour 3.
func TestP6_LeftPublish(t *testing.T) {
	cut := func(ids ...SnapshotID) *History { // the oldest has lost the one before by expiry
		all := chain(append([]SnapshotID{ids[0] - 1}, ids...)...)
		return NewHistory("u", 2, all[1:])
	}
	staged := func(h *History, sequence SequenceNumber) *History {
		tip := &Snapshot{ID: 10, Sequence: sequence, CommittedAt: 4 * microsPerHour, Operation: "append"}
		return NewHistory("u", h.FormatVersion, append([]*Snapshot{tip}, h.Snapshots...))
	}
	byPyIceberg := chain(5, 6) // it takes the name of the parent away
	byPyIceberg[0].Summary = SummaryOf(map[string]string{"added-data-files": "1", "total-data-files": "3"})
	for name, c := range map[string]struct {
		h    *History
		head Pin
		want PastMove
	}{
		"no snapshot":         {NewHistory("u", 2, nil), Pin{}, NotMoved},
		"nothing has expired": {NewHistory("u", 2, chain(1, 2, 3, 4, 5)), PinOf(5), NotMoved},
		"a snapshot from before the session is left":     {cut(2, 4, 5), PinOf(5), NotMoved},
		"one from when it began: clocks differ":          {cut(3, 4, 5), PinOf(5), MovedOrNot},
		"all that is left is younger":                    {cut(5, 6), PinOf(6), MovedOrNot},
		"PyIceberg expired the same":                     {NewHistory("u", 2, byPyIceberg), PinOf(6), MovedOrNot},
		"its child is left, and names it":                {cut(11, 12), PinOf(12), WasMovedTo},
		"staged still, the line goes back before it":     {staged(cut(5, 6), 5), PinOf(6), NotMoved},
		"staged still, the line does not":                {staged(cut(5, 6), 4), PinOf(6), MovedOrNot},
		"staged still, without sequence numbers (v1)":    {staged(cut(5, 6), 0), PinOf(6), MovedOrNot},
		"staged still, v1, the line goes back before it": {staged(cut(2, 6), 0), PinOf(6), NotMoved},
	} {
		if got := WasMoved(c.h, c.head, 10, 3*microsPerHour); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestP6_WhoLookedItself: what the history says to the process that looked when
// the head was 5, recorded its intent to publish 10, and slept.
func TestP6_WhoLookedItself(t *testing.T) {
	cut := func(ids ...SnapshotID) *History {
		return NewHistory("u", 2, chain(append([]SnapshotID{ids[0] - 1}, ids...)...)[1:])
	}
	for name, c := range map[string]struct {
		h    *History
		head Pin
		seen Pin
		want PastMove
	}{
		"the head has not moved":                    {cut(5), PinOf(5), PinOf(5), NotMoved},
		"it has, and all that came since is left":   {cut(5, 6), PinOf(6), PinOf(5), NotMoved},
		"the oldest that is left names it":          {cut(6, 7), PinOf(7), PinOf(5), NotMoved},
		"it has expired, and what followed":         {cut(7, 8), PinOf(8), PinOf(5), MovedOrNot},
		"its child is left, and names it":           {cut(11, 12), PinOf(12), PinOf(5), WasMovedTo},
		"rolled back, and nothing has expired":      {NewHistory("u", 2, chain(1, 2, 3)), PinOf(3), PinOf(5), NotMoved},
		"there was no snapshot, and is none":        {NewHistory("u", 2, nil), Pin{}, Pin{}, NotMoved},
		"there was none, and all that came is left": {NewHistory("u", 2, chain(1, 2)), PinOf(2), Pin{}, NotMoved},
		"there was none, and the first has expired": {cut(2, 3), PinOf(3), Pin{}, MovedOrNot},
	} {
		if got := WasMovedSince(c.h, c.head, 10, c.seen); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
