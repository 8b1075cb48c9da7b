package psyberg

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// line builds snapshots 1, 2, ... n, each the child of the one before, an
// hour apart, all of one operation.
func chain(ids ...SnapshotID) []*Snapshot {
	var out []*Snapshot
	for i, id := range ids {
		s := &Snapshot{ID: id, Sequence: SequenceNumber(id), CommittedAt: Instant(int64(id) * microsPerHour),
			Operation: "append", Summary: SummaryOf(map[string]string{"added-data-files": "1"})}
		if i > 0 {
			s.Parent, s.HasParent = ids[i-1], true
		}
		out = append(out, s)
	}
	return out
}

func at(id SnapshotID) *Watermark {
	return &Watermark{TableUUID: "u", SnapshotID: id, HasSnapshot: true, Sequence: SequenceNumber(id)}
}

func TestW1_Verdicts(t *testing.T) {
	whole := NewHistory("u", 2, chain(1, 2, 3, 4))
	javaExpired := NewHistory("u", 2, chain(1, 2, 3, 4)[2:]) // 3 still names 2
	lost := chain(3, 4)                                      // PyIceberg: 3 has lost its parent's name
	pyExpired := NewHistory("u", 2, lost)
	lost[0].Summary = SummaryOf(map[string]string{"added-data-files": "1", "total-data-files": "3"})
	tagged := NewHistory("u", 2, append(chain(1), lost...)) // 1 is kept by a tag
	javaTagged := NewHistory("u", 2, append(chain(1), chain(1, 2, 3, 4)[2:]...))
	rolled := NewHistory("u", 2, append(chain(1, 2, 3), chain(1, 2, 5)[2]))
	replaced := NewHistory("u", 2, append(chain(1, 2), chain(7, 8)...)) // CREATE OR REPLACE TABLE
	for _, tc := range []struct {
		name string
		h    *History
		head Pin
		mark *Watermark
		opt  WindowOptions
		want string // verdict and snapshots, or the error's code
		live bool
	}{
		{"first run, earliest", whole, PinOf(4), nil, WindowOptions{}, "FIRST_RUN 1 2 3 4", true},
		{"first run, latest", whole, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartLatest}}, "FIRST_RUN", false},
		{"first run, a time", whole, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAt, At: Instant(2*microsPerHour + 1)}}, "FIRST_RUN 3 4", false},
		{"first run, a time before all", whole, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAt}}, "FIRST_RUN 1 2 3 4", true},
		{"first run, a time before what is retained", javaExpired, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAt}}, "PSY_EXPIRED_GAP", false},
		{"first run, a snapshot", whole, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAfter, Snapshot: 3}}, "FIRST_RUN 4", false},
		{"first run, an expired snapshot that its child names", javaExpired, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAfter, Snapshot: 2}}, "FIRST_RUN 3 4", false},
		{"first run, a snapshot elsewhere", rolled, PinOf(5), nil, WindowOptions{Start: Start{Kind: StartAfter, Snapshot: 3}}, "no ancestor of the head", false},
		{"first run, no snapshot yet", NewHistory("u", 2, nil), Pin{}, nil, WindowOptions{}, "FIRST_RUN", false},
		{"head is the watermark", whole, PinOf(4), at(4), WindowOptions{}, "UP_TO_DATE", false},
		{"two new", whole, PinOf(4), at(2), WindowOptions{}, "OK 3 4", false},
		{"watermark met by its child's name", javaExpired, PinOf(4), at(2), WindowOptions{}, "OK 3 4", false},
		{"watermark expired, the child lost its name", pyExpired, PinOf(4), at(2), WindowOptions{}, "PSY_EXPIRED_GAP", false},
		{"watermark further back than any name", javaExpired, PinOf(4), at(1), WindowOptions{}, "PSY_EXPIRED_GAP", false},
		{"watermark kept by a tag, its children expired", javaTagged, PinOf(4), at(1), WindowOptions{RecoverRollback: true}, "PSY_EXPIRED_GAP", false},
		{"watermark kept by a tag, its children expired by PyIceberg", tagged, PinOf(4), at(1), WindowOptions{}, "PSY_EXPIRED_GAP", false},
		{"watermark kept by a tag, recovered", tagged, PinOf(4), at(1), WindowOptions{RecoverGap: true}, "EXPIRED_GAP 3 4", true},
		{"first run, a time before what PyIceberg retained", pyExpired, PinOf(4), nil, WindowOptions{Start: Start{Kind: StartAt}}, "PSY_EXPIRED_GAP", false},
		{"gap, recovered", javaExpired, PinOf(4), at(1), WindowOptions{RecoverGap: true}, "EXPIRED_GAP 3 4", true},
		{"rolled back", rolled, PinOf(5), at(3), WindowOptions{}, "PSY_ROLLED_BACK", false},
		{"rolled back, recovered", rolled, PinOf(5), at(3), WindowOptions{RecoverRollback: true}, "ROLLED_BACK 5 -3", false},
		{"rolled back to the watermark's past", whole, PinOf(2), at(4), WindowOptions{RecoverRollback: true}, "ROLLED_BACK -3 -4", false},
		{"replaced by a line of its own, recovered", replaced, PinOf(8), at(2), WindowOptions{RecoverRollback: true}, "ROLLED_BACK 7 8 -1 -2", true},
		{"another table", whole, PinOf(4), &Watermark{TableUUID: "v", SnapshotID: 4, HasSnapshot: true}, WindowOptions{}, "PSY_REPLACED", false},
		{"empty at the last commit", whole, PinOf(2), &Watermark{TableUUID: "u"}, WindowOptions{}, "OK 1 2", true},
		{"still empty", NewHistory("u", 2, nil), Pin{}, &Watermark{TableUUID: "u"}, WindowOptions{}, "UP_TO_DATE", false},
		{"emptied since", NewHistory("u", 2, nil), Pin{}, at(2), WindowOptions{}, "PSY_EXPIRED_GAP", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := ComputeWindow(SourceName{Table: "ns.a"}, tc.h, tc.head, tc.mark, tc.opt)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), `"ns.a"`) {
					t.Fatalf("error %v, want %s", err, tc.want)
				}
				return
			}
			if got := describe(w); got != tc.want || w.Live != tc.live {
				t.Errorf("got %s, live %v, want %s, live %v", got, w.Live, tc.want, tc.live)
			}
		})
	}
}

// describe prints a window's verdict, its snapshots, and with a minus the
// withdrawn ones.
func describe(w *Window) string {
	var b strings.Builder
	b.WriteString(string(w.Verdict))
	for _, s := range w.Snapshots {
		b.WriteString(" " + itoa(s.ID))
	}
	for _, s := range w.Withdrawn {
		b.WriteString(" -" + itoa(s.ID))
	}
	return b.String()
}

func itoa(id SnapshotID) string { return strconv.FormatInt(int64(id), 10) }
