package psyberg

import "fmt"

// Watermark is how far a process has read one source.
type Watermark struct {
	TableUUID   string
	Ref         string
	SnapshotID  SnapshotID // decides, by walking parents; valid where HasSnapshot
	HasSnapshot bool       // false: the source had no snapshot at the last commit
	Sequence    SequenceNumber
	CommittedAt Instant
}

// Verdict says how a watermark relates to the pinned head.
type Verdict string

// The verdicts (semantics.md, section 2). CLOCK_SKEW is no verdict of its own:
// Window.Skewed names the snapshots.
const (
	FirstRun   Verdict = "FIRST_RUN"
	UpToDate   Verdict = "UP_TO_DATE"
	OK         Verdict = "OK"
	ExpiredGap Verdict = "EXPIRED_GAP"
	RolledBack Verdict = "ROLLED_BACK"
	Replaced   Verdict = "REPLACED"
)

// StartKind says where a first run starts.
type StartKind int

// The kinds of start.
const (
	StartEarliest StartKind = iota // everything live at the head
	StartLatest                    // nothing: the head is the baseline
	StartAt                        // what was committed after Start.At
	StartAfter                     // what came after snapshot Start.Snapshot
)

// Start is the start argument; its zero value is 'earliest'.
type Start struct {
	Kind     StartKind
	At       Instant
	Snapshot SnapshotID
}

// WindowOptions are the arguments that decide about a window.
type WindowOptions struct {
	Start             Start
	RecoverGap        bool // on_gap := 'recover'
	RecoverRollback   bool // on_rollback := 'recover'
	OnOverwrite       OnOverwrite
	EnforceOverwrites bool // stateless: overwrites follow OnOverwrite; else they count
}

// WindowSnapshot is one snapshot of a window.
type WindowSnapshot struct {
	*Snapshot
	Class   Class
	Reason  string
	Counted bool // its changes are part of the change set
	Skewed  bool // older by commit time than its parent
}

// Window is what is new in one source: (From, End] along the head's ancestry.
type Window struct {
	Source  SourceName
	Verdict Verdict
	Reason  string
	// From is the snapshot after which the window begins, where HasFrom.
	From    SnapshotID
	HasFrom bool
	End     Pin
	// Snapshots are those of the window, oldest first.
	Snapshots []WindowSnapshot
	// Withdrawn are the snapshots of an abandoned line that the process had
	// read, oldest first: what they added is withdrawn (W5).
	Withdrawn []WindowSnapshot
	// Live: the change set is the head's live entries, not those of the
	// window's snapshots (first run, recovery).
	Live bool
	// Above limits Live to entries whose data sequence number is greater; nil
	// where everything live counts.
	Above     *SequenceNumber
	Recovered bool
	Baseline  bool // start := 'latest': nothing is loaded, the head is recorded
	onRemoved OnOverwrite
	Skewed    []SnapshotID // CLOCK_SKEW: a warning, nothing depends on it
}

// ComputeWindow finds what is new in a source since its watermark (nil: never
// read). It returns an *Error where the source needs a decision.
func ComputeWindow(src SourceName, h *History, head Pin, mark *Watermark, opt WindowOptions) (*Window, error) {
	w := &Window{Source: src, End: head}
	if opt.EnforceOverwrites {
		w.onRemoved = opt.OnOverwrite
	}
	var err error
	line := Line{}
	if head.Has {
		line = h.Line(head.ID)
		if len(line.Snapshots) == 0 {
			return nil, windowError(src, "", fmt.Sprintf("head %d is not in the table's metadata", head.ID), "")
		}
	}
	switch {
	case mark == nil:
		err = w.firstRun(h, line, opt)
	case mark.TableUUID != "" && h.TableUUID != "" && mark.TableUUID != h.TableUUID:
		err = windowError(src, CodeReplaced,
			fmt.Sprintf("the table was replaced: its UUID is %s (%s), the watermark's %s (snapshot %s)",
				h.TableUUID, headText(h, head), mark.TableUUID, mark.text()),
			"pass another process_name with a start (start := 'earliest' loads all that the new table has), or delete this source's row from the watermark table")
	case !mark.HasSnapshot:
		w.Verdict, w.Reason = OK, "the source had no snapshot at the last commit: everything live is new"
		if !head.Has {
			w.Verdict, w.Reason = UpToDate, "the source still has no snapshot"
		}
		w.Live = head.Has
		w.take(line.Snapshots)
	default:
		err = w.sinceWatermark(h, line, mark, opt)
	}
	if err != nil {
		return nil, err
	}
	w.markSkew(h)
	if opt.EnforceOverwrites {
		return w, w.applyOverwrites(opt.OnOverwrite)
	}
	return w, nil
}

func (w *Window) firstRun(h *History, line Line, opt WindowOptions) error {
	w.Verdict = FirstRun
	start := opt.Start
	if !w.End.Has {
		w.Reason, w.Baseline = "no watermark, and the source has no snapshot", start.Kind == StartLatest
		return nil
	}
	switch start.Kind {
	case StartLatest:
		w.Reason, w.Baseline = "no watermark, start 'latest': the head becomes the watermark", true
		w.From, w.HasFrom = w.End.ID, true
		return nil
	case StartAt:
		for i, s := range line.Snapshots {
			if s.CommittedAt <= start.At {
				w.Reason = fmt.Sprintf("no watermark, start after %s: the head then was %d", start.At, s.ID)
				w.since(line, i, s.ID)
				return nil
			}
		}
		if line.expired() && !opt.RecoverGap {
			return windowError(w.Source, CodeExpiredGap,
				fmt.Sprintf("start %s lies before the oldest retained snapshot %s, whose parent has expired",
					start.At, snapshotText(h, line.Snapshots[len(line.Snapshots)-1].ID)),
				"pass start := 'earliest' for everything live, or on_gap := 'recover' for the same, flagged as recovered")
		}
		w.Recovered = line.expired()
		w.Reason = fmt.Sprintf("no watermark, start %s is older than every snapshot: everything live", start.At)
	case StartAfter:
		i, ok := line.index(start.Snapshot)
		if !ok {
			cause := fmt.Sprintf("start snapshot %d is no ancestor of the head %d", start.Snapshot, w.End.ID)
			if _, retained := h.Get(start.Snapshot); !retained {
				cause = fmt.Sprintf("start snapshot %d is not in the table", start.Snapshot)
			}
			return windowError(w.Source, "", cause, "pass an ancestor of the head, a timestamp, 'earliest' or 'latest'")
		}
		w.Reason = fmt.Sprintf("no watermark, start after snapshot %d", start.Snapshot)
		w.since(line, i, start.Snapshot)
		return nil
	default:
		w.Reason = "no watermark, start 'earliest': everything live at the head"
	}
	w.Live = true
	w.take(line.Snapshots)
	return nil
}

func (w *Window) sinceWatermark(h *History, line Line, mark *Watermark, opt WindowOptions) error {
	if w.End.Has && w.End.ID == mark.SnapshotID {
		w.Verdict, w.Reason = UpToDate, "the head is the watermark"
		w.From, w.HasFrom = mark.SnapshotID, true
		return nil
	}
	if i, ok := line.index(mark.SnapshotID); ok {
		w.Verdict = OK
		w.Reason = counted(i, "snapshot", "snapshots") + " since the watermark"
		w.since(line, i, mark.SnapshotID)
		return nil
	}
	_, retained := h.Get(mark.SnapshotID)
	if retained {
		// A tag may keep the watermark's snapshot while those between it and the
		// head's line expire: that is a gap, not a rollback.
		if _, _, met := meet(line, h.Line(mark.SnapshotID)); met || !line.expired() {
			return w.rolledBack(h, line, mark, opt)
		}
	}
	if !opt.RecoverGap {
		return gapError(w.Source, line, mark, retained)
	}
	w.Verdict, w.Live, w.Recovered = ExpiredGap, true, true
	w.From, w.HasFrom = mark.SnapshotID, true
	w.Reason = "what followed the watermark has expired; recovered from what is live at the head"
	if h.FormatVersion >= 2 && mark.Sequence > 0 {
		above := mark.Sequence
		w.Above = &above
	}
	w.take(line.Snapshots)
	return nil
}

func gapError(src SourceName, line Line, mark *Watermark, retained bool) error {
	cause := "watermark snapshot " + mark.text()
	if retained {
		cause += " is retained, snapshots after it have expired"
	} else {
		cause += " has expired"
	}
	if n := len(line.Snapshots); n > 0 {
		oldest := line.Snapshots[n-1]
		cause += fmt.Sprintf(", and the head's ancestry ends at %d (committed %s) before it is met", oldest.ID, oldest.CommittedAt)
	} else {
		cause += ", and the ref has no snapshot"
	}
	return windowError(src, CodeExpiredGap, cause,
		"pass on_gap := 'recover' to load what is live, flagged as recovered, or give this process a new name and a start; "+
			"keep snapshots longer than the slowest process needs them (psyberg_expiry_floor)")
}

// rolledBack handles a retained watermark that is no ancestor of the head.
func (w *Window) rolledBack(h *History, line Line, mark *Watermark, opt WindowOptions) error {
	abandoned := h.Line(mark.SnapshotID)
	common, j, found := meet(line, abandoned)
	if !opt.RecoverRollback {
		cause := fmt.Sprintf("watermark snapshot %s is no ancestor of the head: the table was rolled back; %s", mark.text(), headText(h, w.End))
		if found {
			cause += ", both descend from " + snapshotText(h, common)
		}
		return windowError(w.Source, CodeRolledBack, cause,
			"pass on_rollback := 'recover' to continue from the common ancestor, with what the abandoned line added listed as withdrawn")
	}
	w.Verdict = RolledBack
	w.Withdrawn = wrap(abandoned.Snapshots[:j])
	switch {
	case found:
		i, _ := line.index(common)
		w.since(line, i, common)
		w.Reason = fmt.Sprintf("rolled back; continues after the common ancestor %d", common)
	case abandoned.expired():
		return windowError(w.Source, CodeExpiredGap,
			fmt.Sprintf("watermark snapshot %s is no ancestor of the head, and their common ancestor has expired; %s", mark.text(), headText(h, w.End)),
			"what was withdrawn can no longer be told: give this process a new name and a start")
	default: // CREATE OR REPLACE TABLE keeps the UUID and starts a line of its own
		w.Live = w.End.Has
		w.take(line.Snapshots)
		w.Reason = "rolled back to a line of its own: everything live is new"
	}
	return nil
}

// text is the watermark's snapshot with its time.
func (m *Watermark) text() string {
	switch {
	case !m.HasSnapshot:
		return "none"
	case m.CommittedAt == 0: // from_snapshot_id brings no time
		return fmt.Sprint(int64(m.SnapshotID))
	}
	return fmt.Sprintf("%d (committed %s)", m.SnapshotID, m.CommittedAt)
}

// snapshotText is a snapshot with its time, where that is known.
func snapshotText(h *History, id SnapshotID) string {
	if s, ok := h.Get(id); ok {
		return fmt.Sprintf("%d (committed %s)", id, s.CommittedAt)
	}
	return fmt.Sprintf("%d (expired)", id)
}

func headText(h *History, head Pin) string {
	if !head.Has {
		return "the ref has no snapshot"
	}
	return "the head is " + snapshotText(h, head.ID)
}

// meet returns the newest snapshot that both lines hold (or name as the
// expired parent at their ends), and how many of b's snapshots are newer.
func meet(a, b Line) (common SnapshotID, newer int, ok bool) {
	for j, s := range b.Snapshots {
		if _, ok := a.index(s.ID); ok {
			return s.ID, j, true
		}
	}
	if b.Cut {
		if _, ok := a.index(b.Beyond); ok {
			return b.Beyond, len(b.Snapshots), true
		}
	}
	return 0, len(b.Snapshots), false
}

func (w *Window) since(line Line, newer int, from SnapshotID) {
	w.From, w.HasFrom = from, true
	w.take(line.Snapshots[:newer])
}

func (w *Window) take(newestFirst []*Snapshot) { w.Snapshots = wrap(newestFirst) }

func wrap(newestFirst []*Snapshot) []WindowSnapshot {
	out := make([]WindowSnapshot, 0, len(newestFirst))
	for i := len(newestFirst) - 1; i >= 0; i-- {
		s := newestFirst[i]
		class, reason := Classify(s)
		counted := class != ClassReplace && class != ClassEmpty
		out = append(out, WindowSnapshot{Snapshot: s, Class: class, Reason: reason, Counted: counted})
	}
	return out
}

func (w *Window) markSkew(h *History) {
	for i := range w.Snapshots {
		s := &w.Snapshots[i]
		if p, ok := h.Get(s.Parent); ok && s.HasParent && s.CommittedAt < p.CommittedAt {
			s.Skewed = true
			s.Reason += "; CLOCK_SKEW: older by commit time than its parent"
			w.Skewed = append(w.Skewed, s.ID)
		}
	}
}

// HasNews reports whether the window holds anything that counts (R6).
func (w *Window) HasNews() bool {
	for _, s := range w.Snapshots {
		if s.Counted {
			return true
		}
	}
	for _, s := range w.Withdrawn {
		if s.Counted {
			return true
		}
	}
	return false
}

func windowError(src SourceName, code Code, cause, advice string) *Error {
	return &Error{Code: code, Op: "find window", Object: src.object(), Cause: cause, Advice: advice}
}
