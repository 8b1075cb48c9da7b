package psyberg

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestP6_NoAnswerIsWrong: over any history of a target - appends, a publish by
// fast-forward or replay, whatever expiry takes by either engine's manner,
// rollbacks and heads set elsewhere, clocks that differ, a metadata log that has
// lost versions or its end - a process in doubt is told that the target moved
// only where it did, and that it did not only where it did not. Where the log is
// whole and nobody has set the head, it is told.
func TestP6_NoAnswerIsWrong(t *testing.T) {
	var told [3]atomic.Int64
	t.Run("histories", func(t *testing.T) { soak(t, 20, func(r *rapid.T) { noAnswerIsWrong(r, &told) }) })
	t.Cleanup(func() { // the subtest runs in parallel
		for past := range told {
			if n := told[past].Load(); n < 50 {
				t.Errorf("the answer %d was given %d times: the histories do not reach it", past, n)
			}
		}
	})
}

func noAnswerIsWrong(t *rapid.T, told *[3]atomic.Int64) {
	p := newPast(t)
	for range rapid.IntRange(1, 25).Draw(t, "events") {
		p.event(t)
	}
	if !p.looked {
		return // there is no intent yet
	}
	for _, left := range []LeftPublish{
		{ID: "s", Staged: p.staged, Seen: &p.seen},
		{ID: "s", Staged: p.staged, Since: p.since},
	} {
		asked := 0
		past, shown := left.Moved(func(yield func(*History, Pin) bool) {
			for _, v := range slices.Backward(append(slices.Clone(p.log), p.version())) {
				if asked++; !yield(v.h, v.head) {
					return
				}
			}
		})
		if asked > 1 {
			told[past].Add(1)
		}
		switch truth := p.published(); {
		case past == NotMoved && truth, past == WasMovedTo && !truth:
			t.Fatalf("told %d after %d versions, while published is %v\n%s", past, asked, truth, p)
		case past == WasMovedTo && !slices.Contains(p.line(), shown), past == WasMovedTo && shown != p.staged && !p.marked[shown]:
			t.Fatalf("snapshot %d is named as the published one\n%s", shown, p)
		case past == MovedOrNot && p.whole:
			t.Fatalf("in doubt after %d versions, though nothing is missing\n%s", asked, p)
		}
	}
}

// past is a target with all that it ever had.
type past struct {
	format   int
	parents  map[SnapshotID]SnapshotID // 0: none; never forgotten
	marked   map[SnapshotID]bool       // the replays
	at       map[SnapshotID]Instant
	sequence map[SnapshotID]SequenceNumber
	retained []SnapshotID
	nameless map[SnapshotID]bool // PyIceberg took the parent's name away
	head     SnapshotID
	clock    Instant
	last     SnapshotID

	staged SnapshotID
	since  Instant
	looked bool
	seen   Pin

	log   []pastVersion // oldest first, without the present one
	whole bool
	told  []string
}

type pastVersion struct {
	h    *History
	head Pin
}

func newPast(t *rapid.T) *past {
	p := &past{format: rapid.IntRange(1, 2).Draw(t, "format"), parents: map[SnapshotID]SnapshotID{}, marked: map[SnapshotID]bool{},
		at: map[SnapshotID]Instant{}, sequence: map[SnapshotID]SequenceNumber{}, nameless: map[SnapshotID]bool{}, whole: true}
	for range 2 {
		p.head = p.make(t, p.head)
	}
	return p
}

func (p *past) String() string {
	out := fmt.Sprintf("staged %d, seen %d, since %d, head %d, parents %v, %d versions in the log", p.staged, p.seen.ID, p.since, p.head, p.parents, len(p.log))
	for _, what := range p.told {
		out += "\n" + what
	}
	return out
}

func (p *past) say(format string, args ...any) { p.told = append(p.told, fmt.Sprintf(format, args...)) }

// make makes a snapshot by a clock that may be behind, no more than the rules allow.
func (p *past) make(t *rapid.T, parent SnapshotID) SnapshotID {
	p.last++
	p.clock += 3 * skewAllowed / 10
	p.parents[p.last], p.at[p.last] = parent, p.clock-Instant(rapid.Int64Range(0, int64(skewAllowed)-1).Draw(t, "behind"))
	if p.format > 1 {
		p.sequence[p.last] = SequenceNumber(p.last)
	}
	p.retained = append(p.retained, p.last)
	return p.last
}

// line is the head with all its ancestors, expired or not.
func (p *past) line() (out []SnapshotID) {
	for id := p.head; id != 0; id = p.parents[id] {
		out = append(out, id)
	}
	return out
}

// published is the truth.
func (p *past) published() bool {
	return slices.ContainsFunc(p.line(), func(id SnapshotID) bool { return id == p.staged || p.marked[id] })
}

func (p *past) version() pastVersion {
	var all []*Snapshot
	for _, id := range p.retained {
		s := &Snapshot{ID: id, Sequence: p.sequence[id], CommittedAt: p.at[id], Operation: "append"}
		total := 0
		for a := id; a != 0; a = p.parents[a] {
			total++
		}
		summary := map[string]string{"added-data-files": "1", "total-data-files": fmt.Sprint(total)}
		switch {
		case id == p.staged:
			summary[SummaryWAPID] = "s"
		case p.marked[id]:
			summary[SummaryPublishedWAPID] = "s"
		}
		s.Summary = SummaryOf(summary)
		if p.parents[id] != 0 && !p.nameless[id] {
			s.Parent, s.HasParent = p.parents[id], true
		}
		all = append(all, s)
	}
	return pastVersion{NewHistory("u", p.format, all), PinOf(p.head)}
}

// event is a commit: one thing, seldom two, happens, and the version before is in
// the log, or lost.
func (p *past) event(t *rapid.T) {
	before := p.version()
	p.happen(t)
	if rapid.IntRange(0, 9).Draw(t, "two things") == 0 {
		p.happen(t)
		p.whole = false
	}
	switch rapid.IntRange(0, 29).Draw(t, "log") {
	case 0:
		p.say("that version is lost")
		p.whole = false
	case 1:
		p.say("all older versions are lost")
		p.log, p.whole = []pastVersion{before}, false
	default:
		p.log = append(p.log, before)
	}
}

func (p *past) happen(t *rapid.T) {
	switch rapid.SampledFrom([]string{"append", "append", "expire", "expire all", "go on", "go on", "go on", "set head"}).Draw(t, "what") {
	case "append":
		p.head = p.make(t, p.head)
		p.say("append %d", p.head)
	case "expire":
		p.expire(t, rapid.SliceOfDistinct(rapid.SampledFrom(p.retained), rapid.ID).Draw(t, "gone"))
	case "expire all":
		p.expire(t, p.retained)
	case "set head":
		if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
			p.head, p.whole = rapid.SampledFrom(p.retained).Draw(t, "head"), false
			p.say("set head to %d", p.head)
		}
	case "go on":
		p.goOn(t)
	}
}

// goOn is the session's next step: what it stages, the look before the intent,
// and then what any process may do that finishes it.
func (p *past) goOn(t *rapid.T) {
	switch {
	case p.staged == 0:
		p.since = p.clock
		p.staged = p.make(t, p.head)
		p.say("stage %d", p.staged)
	case !slices.Contains(p.retained, p.staged) || p.published():
	case !p.looked:
		p.looked, p.seen = true, PinOf(p.head)
		p.say("look")
	case p.parents[p.staged] == p.head:
		p.head = p.staged
		p.say("fast-forward")
	default:
		p.head = p.make(t, p.head)
		p.marked[p.head] = true
		p.say("replay as %d", p.head)
	}
}

func (p *past) expire(t *rapid.T, gone []SnapshotID) {
	gone = slices.DeleteFunc(slices.Clone(gone), func(id SnapshotID) bool { return id == p.head })
	p.retained = slices.DeleteFunc(slices.Clone(p.retained), func(id SnapshotID) bool { return slices.Contains(gone, id) })
	names := rapid.Bool().Draw(t, "names stay")
	p.say("expire %v, names stay %v", gone, names)
	for _, id := range p.retained {
		if !names && slices.Contains(gone, p.parents[id]) {
			p.nameless[id] = true
		}
	}
}
