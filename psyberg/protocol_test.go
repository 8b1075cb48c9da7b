package psyberg

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestX_EveryInterleaving explores every interleaving of two running psyql
// processes on a small model whose decisions are this package's own (NextFor*,
// Begin, Record*, MoveWatermarks): crashes anywhere, several session ids and
// source snapshots, a foreign writer that makes what is staged unpublishable,
// a person who discards and loads again.
//
// Safety: no source row is in the target twice; the watermark never passes a
// row that is not in the target; what is published is what the intent named;
// no commit meets a watermark that it cannot explain. Progress: from every
// state one fresh session, run alone, brings every row in.
//
// The variants leave one rule out, and must be caught: a check that cannot
// fail shows nothing.
func TestX_EveryInterleaving(t *testing.T) {
	for _, m := range []model{
		{sids: "AB", snapshots: 2, foreign: 1},
		{sids: "AB", snapshots: 3, compaction: 1},
		{sids: "AB", snapshots: 2, foreign: 1, variant: "drop a PUBLISHING session", caught: "no intent named"},
		{sids: "AB", snapshots: 2, variant: "do not look whether it is published", caught: "2 of 1 rows"},
		{sids: "AB", snapshots: 2, foreign: 1, variant: "publish whatever is staged", caught: "no intent named"},
		{sids: "AB", snapshots: 2, variant: "insert without looking again", caught: "2 of 1 rows"},
		{sids: "AB", snapshots: 2, compaction: 1, variant: "commit nothing without an intent", caught: "meets watermark"},
	} {
		t.Run(strings.TrimSpace(m.sids+" "+m.variant), func(t *testing.T) {
			t.Parallel()
			if m.caught == "" && testing.Short() {
				t.Skip("every state takes some seconds")
			}
			states, why, trace := m.explore()
			t.Logf("%d states", states)
			switch {
			case m.caught == "" && why != "":
				t.Errorf("after %d states: %s\n%s", states, why, strings.Join(trace, "\n"))
			case m.caught != "" && why == "":
				t.Errorf("%d states, and nothing was caught", states)
			case !strings.Contains(why, m.caught):
				t.Errorf("caught %q, want %q", why, m.caught)
			case m.caught == "" && states < 10_000:
				t.Errorf("only %d states: the model does nothing", states)
			}
		})
	}
}

type model struct {
	sids       string
	snapshots  int // of the source: number n brings row n, unless it is the
	compaction int // compaction, which brings none; 0: there is none
	foreign    int // foreign writes
	variant    string
	caught     string // in the violation that the variant must show
}

// rowsIn are the rows that the snapshots after lo, up to hi, have brought.
func (m model) rowsIn(lo, hi int) (out []int) {
	for n := lo + 1; n <= hi; n++ {
		if n != m.compaction {
			out = append(out, n)
		}
	}
	return out
}

// modelState is one state of the world. It is a value: steps copy it.
type modelState struct {
	src      int // newest source snapshot; 0 is none
	marks    mark
	sess     []modelSession
	staged   []stagedSnap
	refused  []int // staged ids that can never be published
	target   []publishedSnap
	foreign  int
	actors   [2]*actor
	conflict string // a commit that could not explain the watermark
}

type mark struct {
	at  int // 0: none
	sid string
}

type modelSession struct {
	sid    string
	lo, hi int
	status Status
	named  int // the intent; 0 is none
}

type stagedSnap struct {
	sid string
	id  int
}

type publishedSnap struct {
	sid     string
	id      int
	audited bool
	lo, hi  int
}

// actor is one psyql process: which session it runs, its next step, and what
// it holds in memory.
type actor struct {
	sid, pc string
	who     string // the session that it moves now: its own, or one left behind
	named   int
	seen    []modelSession
	seenAt  mark
	hi      int
}

// world is all but the actors.
func (s modelState) world() string {
	return fmt.Sprint("src ", s.src, " mark ", s.marks, " sess ", s.sess, " staged ", s.staged, " refused ", s.refused,
		" target ", s.target, " foreign ", s.foreign, s.conflict)
}

func (s modelState) String() string {
	var b strings.Builder
	b.WriteString(s.world())
	for _, a := range s.actors {
		if a == nil {
			b.WriteString(" | -")
		} else {
			fmt.Fprintf(&b, " | %v", *a)
		}
	}
	return b.String()
}

// explore visits every state, breadth first.
func (m model) explore() (states int, why string, trace []string) {
	start := modelState{src: 1}
	from := map[string]string{start.String(): ""}
	todo := []modelState{start}
	alone := map[string]string{} // progress looks at the world alone
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		states++
		if why = m.bad(s); why == "" {
			world := s.world()
			known, ok := alone[world]
			if !ok {
				known = m.progress(s)
				alone[world] = known
			}
			why = known
		}
		if why != "" {
			for at := s.String(); at != ""; at = from[at] {
				trace = append(trace, at)
			}
			slices.Reverse(trace)
			return states, why, trace
		}
		for _, next := range m.successors(s) {
			key := next.String()
			if _, ok := from[key]; !ok {
				from[key] = s.String()
				todo = append(todo, next)
			}
		}
	}
	return states, "", nil
}

func (m model) bad(s modelState) string {
	if s.conflict != "" {
		return s.conflict
	}
	rows := map[int]bool{}
	for _, p := range s.target {
		if !p.audited {
			return fmt.Sprintf("published what no intent named: %v", s.target)
		}
		for _, n := range m.rowsIn(p.lo, p.hi) {
			if rows[n] {
				return fmt.Sprintf("row %d is twice in the target: %v", n, s.target)
			}
			rows[n] = true
		}
	}
	for _, n := range m.rowsIn(0, s.marks.at) {
		if !rows[n] {
			return fmt.Sprintf("the watermark %d passes row %d, which is not in the target", s.marks.at, n)
		}
	}
	return ""
}

// progress: one fresh session, all others dead, brings every row in.
func (m model) progress(s modelState) string {
	s.actors = [2]*actor{{sid: "Z", pc: "init"}}
	for range 300 {
		if s.actors[0] == nil {
			break
		}
		s = m.step(s, 0)
		if s.conflict != "" {
			return s.conflict
		}
	}
	rows := 0
	for _, p := range s.target {
		rows += len(m.rowsIn(p.lo, p.hi))
	}
	if all := len(m.rowsIn(0, s.src)); rows != all || s.marks.at != s.src {
		return fmt.Sprintf("a fresh session leaves %d of %d rows, watermark %d of %d", rows, all, s.marks.at, s.src)
	}
	return ""
}

func (m model) successors(s modelState) []modelState {
	var out []modelState
	if s.src < m.snapshots {
		n := s
		n.src++
		out = append(out, n)
	}
	var loose []int
	for _, x := range s.staged {
		if !slices.ContainsFunc(s.target, func(p publishedSnap) bool { return p.id == x.id }) && !slices.Contains(s.refused, x.id) {
			loose = append(loose, x.id)
		}
	}
	if s.foreign < m.foreign && len(loose) > 0 {
		n := s
		n.foreign++
		n.refused = append(slices.Clone(s.refused), loose...)
		slices.Sort(n.refused)
		out = append(out, n)
	}
	for i, x := range s.staged { // a person discards a first load that was refused
		r, ok := s.session(x.sid)
		if ok && r.status == StatusReady && slices.Contains(s.refused, x.id) && x.id%10 == 0 {
			n := s
			n.staged = slices.Delete(slices.Clone(s.staged), i, i+1)
			out = append(out, n)
		}
	}
	for i, a := range s.actors {
		if a != nil {
			n := s
			n.actors[i] = nil // crash
			out = append(out, n, m.step(s, i))
			continue
		}
		if i == 1 && s.actors[0] == nil {
			continue // free slots are alike
		}
		for _, sid := range m.sids {
			n := s
			n.actors[i] = &actor{sid: string(sid), pc: "init"}
			out = append(out, n)
		}
	}
	return out
}

func (s modelState) session(sid string) (modelSession, bool) {
	i := slices.IndexFunc(s.sess, func(r modelSession) bool { return r.sid == sid })
	if i < 0 {
		return modelSession{}, false
	}
	return s.sess[i], true
}

// toRows and fromRows take the model's sessions to this package's and back.
func toRows(all []modelSession) []SessionRow {
	out := make([]SessionRow, len(all))
	for i, m := range all {
		r := SessionRow{Process: "p", Session: m.sid, Source: SourceName{Table: "t"}, Pattern: Stateless, Status: m.status,
			Verdict: OK, EndSnapshot: idPtr(SnapshotID(m.hi)), ChangedFiles: int64(m.hi - m.lo)}
		if m.lo == 0 {
			r.Verdict = FirstRun
		} else {
			r.HWMSnapshot = idPtr(SnapshotID(m.lo))
		}
		if m.named != 0 {
			r.StagedSnapshot, r.Target = idPtr(SnapshotID(m.named)), "target"
		}
		out[i] = r
	}
	return out
}

func fromRows(rows []SessionRow) []modelSession {
	out := make([]modelSession, len(rows))
	for i, r := range rows {
		out[i] = modelSession{sid: r.Session, hi: int(*r.EndSnapshot), status: r.Status}
		if r.HWMSnapshot != nil {
			out[i].lo = int(*r.HWMSnapshot)
		}
		if r.StagedSnapshot != nil {
			out[i].named = int(*r.StagedSnapshot)
		}
	}
	slices.SortFunc(out, func(a, b modelSession) int { return strings.Compare(a.sid, b.sid) })
	return out
}
