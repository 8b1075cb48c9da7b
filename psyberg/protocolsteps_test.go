package psyberg

import (
	"fmt"
	"slices"
)

// step is one step of actor i: one read or one write, as engine/steps has them.
func (m model) step(s modelState, i int) modelState {
	a := *s.actors[i]
	s.actors[i] = &a
	switch a.pc {
	case "init":
		m.init(&s, &a)
	case "read watermarks and heads":
		a.seenAt, a.hi, a.pc = s.marks, s.src, "insert"
	case "insert":
		m.insert(&s, &a)
	case "stage":
		m.stage(&s, &a)
	case "intend":
		m.intend(&s, &a)
	case "move":
		m.move(&s, &a)
	case "take back":
		if rows, ok := RecordRefused(toRows(s.sess), a.who, SnapshotID(a.named)); ok {
			s.sess = fromRows(rows)
		}
		a.after()
	case "published":
		if rows, ok := RecordPublished(toRows(s.sess), a.who, 1); ok {
			s.sess = fromRows(rows)
		}
		a.pc = "watermark"
	case "commit intent":
		rows, ok := RecordCommitIntent(toRows(s.sess), a.who)
		if ok {
			s.sess = fromRows(rows)
		}
		a.pc = "commit"
	case "commit":
		m.commit(&s, &a)
	case "watermark":
		m.watermark(&s, &a)
	case "explain":
		if r, _ := s.session(a.who); r.status != StatusCommitted {
			s.conflict = fmt.Sprintf("commit of %s meets watermark %v", a.who, s.marks)
		}
		a.after()
	case "status":
		if rows, ok := RecordCommitted(toRows(s.sess), a.who); ok {
			s.sess = fromRows(rows)
		}
		a.after()
	default:
		panic("no step " + a.pc)
	}
	if a.pc == "end" {
		s.actors[i] = nil
	}
	return s
}

// after: the session that was moved is done with; one that was left behind
// was in the way of a new one.
func (a *actor) after() {
	if a.who == a.sid {
		a.pc = "end"
		return
	}
	*a = actor{sid: a.sid, pc: "init"}
}

// init reads the session rows (X1).
func (m model) init(s *modelState, a *actor) {
	next := NextForInit(toRows(s.sess), a.sid)
	a.who, a.named = next.Session, 0
	if next.Staged != nil {
		a.named = int(*next.Staged)
	}
	switch next.Do {
	case DoNew:
		a.seen, a.pc = s.sess, "read watermarks and heads"
	case DoPublish:
		a.pc = "move"
		published := slices.ContainsFunc(s.target, func(p publishedSnap) bool { return p.sid == a.who })
		if m.variant == "drop a PUBLISHING session" && !published {
			s.sess = slices.Clone(s.sess)
			for i := range s.sess {
				if s.sess[i].sid == a.who {
					s.sess[i].status = StatusSuperseded
				}
			}
			*a = actor{sid: a.sid, pc: "init"}
		}
	case DoCommit:
		a.pc = "commit"
	default: // DoReuse: the commands that follow go on from there
		switch next.Status {
		case StatusReady:
			a.pc = "stage"
		case StatusPublishing:
			a.pc = "move"
		case StatusPublished, StatusNothingToDo, StatusBaseline:
			a.pc = "commit"
		default:
			a.pc = "end"
		}
	}
}

// insert adds the session's own row and supersedes those that wait, in one
// commit that fails if any row changed since init read them.
func (m model) insert(s *modelState, a *actor) {
	if !SameRows(toRows(s.sess), toRows(a.seen)) && m.variant != "insert without looking again" {
		*a = actor{sid: a.sid, pc: "init"}
		return
	}
	own := modelSession{sid: a.sid, lo: a.seenAt.at, hi: a.hi, status: StatusReady}
	a.pc = "stage"
	if len(m.rowsIn(own.lo, own.hi)) == 0 {
		own.status, a.pc = StatusNothingToDo, "commit"
	}
	rows := toRows(s.sess)
	rows = slices.DeleteFunc(rows, func(r SessionRow) bool { return r.Session == a.sid })
	s.sess = fromRows(Begin(rows, toRows([]modelSession{own})))
	a.seen, a.seenAt, a.hi, a.who = nil, mark{}, 0, a.sid
}

// stage writes under the session's id, unless something is staged under it.
func (m model) stage(s *modelState, a *actor) {
	a.pc = "intend"
	for _, x := range s.staged {
		if x.sid == a.sid {
			a.named = x.id
			return
		}
	}
	id := 10 * int(a.sid[0]-'A'+1)
	for _, r := range s.refused {
		if r/10 == id/10 {
			id++
		}
	}
	a.named = id
	s.staged = append(slices.Clone(s.staged), stagedSnap{a.sid, id})
	slices.SortFunc(s.staged, func(x, y stagedSnap) int { return x.id - y.id })
}

// intend: the audits of the staged snapshot have passed; the intent is
// recorded (X3).
func (m model) intend(s *modelState, a *actor) {
	next, err := NextForPublish(toRows(s.sess), a.sid)
	switch {
	case err != nil:
		a.pc = "end" // superseded
	case next.Status == StatusReady:
		rows, _ := RecordIntent(toRows(s.sess), a.sid, "target", SnapshotID(a.named))
		s.sess, a.pc = fromRows(rows), "move"
	case next.Do == DoPublish:
		a.named, a.pc = int(*next.Staged), "move"
	case next.Status == StatusPublished:
		a.pc = "commit"
	default:
		a.pc = "end"
	}
}

// move moves the target: one commit that looks first (X4).
func (m model) move(s *modelState, a *actor) {
	a.pc = "published"
	published := slices.ContainsFunc(s.target, func(p publishedSnap) bool { return p.sid == a.who })
	if published && m.variant != "do not look whether it is published" {
		return
	}
	i := slices.IndexFunc(s.staged, func(x stagedSnap) bool { return x.sid == a.who })
	if i < 0 || slices.Contains(s.refused, s.staged[i].id) || s.staged[i].id != a.named && m.variant != "publish whatever is staged" {
		a.pc = "take back"
		return
	}
	r, _ := s.session(a.who)
	audited := (r.status == StatusPublishing || r.status == StatusPublished) && r.named == s.staged[i].id
	s.target = append(slices.Clone(s.target), publishedSnap{a.who, s.staged[i].id, audited, r.lo, r.hi})
}

// commit reads the session's status.
func (m model) commit(s *modelState, a *actor) {
	next, err := NextForCommit(toRows(s.sess), a.who)
	switch {
	case err != nil || next.Do == DoNothing:
		a.after()
	case next.Do == DoPublish:
		a.named, a.pc = int(*next.Staged), "move"
	case next.Status != StatusPublished && m.variant != "commit nothing without an intent":
		a.pc = "commit intent"
	default:
		a.pc = "watermark"
	}
}

// watermark moves it by compare and set (X5).
func (m model) watermark(s *modelState, a *actor) {
	r, _ := s.session(a.who)
	var stored []WatermarkRow
	if s.marks.at != 0 {
		stored = []WatermarkRow{{Process: "p", Source: SourceName{Table: "t"}, HWMSnapshot: idPtr(SnapshotID(s.marks.at)), Session: s.marks.sid}}
	}
	now, _, err := MoveWatermarks(toRows([]modelSession{r}), stored, 0)
	if err != nil {
		a.pc = "explain"
		return
	}
	s.marks = mark{int(*now[0].HWMSnapshot), now[0].Session}
	a.pc = "status"
	if r.status == StatusNothingToDo { // the variant without an intent
		a.after()
	}
}
