package psyberg

import (
	"fmt"
	"slices"
	"strings"
)

// Method is what a publish would do.
type Method string

// The methods, as psyberg_publish_preflight shows them.
const (
	MethodFastForward      Method = "fast-forward"
	MethodCherryPick       Method = "cherry-pick"
	MethodRefused          Method = "refused"
	MethodAlreadyPublished Method = "already-published"
)

// branchPrefix begins the name of a session's branch.
const branchPrefix = "psyberg_"

// SnapshotFiles are the files that one snapshot added and removed: a delete
// file changes the partition that it is in.
type SnapshotFiles struct {
	Added   []File
	Removed []File
}

// PublishRequest is what PlanPublish looks at: one state of the target.
type PublishRequest struct {
	Target *History
	Head   Pin    // of the branch to publish to
	ID     string // wap.id, which is the session id; or the session's branch
	// Branch is the head of 'psyberg_<session id>' where that branch exists.
	Branch *SnapshotID
	// Intent is the staged snapshot that the session's row names: nothing else
	// is moved (P2). nil in a preflight.
	Intent *SnapshotID
	// Files holds what PublishNeeds asked for.
	Files map[SnapshotID]SnapshotFiles
	// Since is when the session began, nil where unknown: with it a refusal
	// can name a delete that Spark did not stage.
	Since *Instant
}

// PublishPlan is the decision.
type PublishPlan struct {
	Method    Method
	Reason    string
	Operation string // of the staged snapshot, "" where there is none
	Staged    *SnapshotID
	OnBranch  bool        // what is staged is the session's branch
	Parent    *SnapshotID // of the staged snapshot (of the branch: of its first)
	Head      *SnapshotID
	// Published is the ancestor of the head that shows it was published.
	Published *SnapshotID
	// Replay are the snapshots to replay onto the head, in order.
	Replay               []SnapshotID
	ConflictingPartition []string // paths
	ConflictingSnapshots []SnapshotID
}

// PublishNeeds returns the snapshots whose added and removed data files
// PlanPublish has to see: none, unless a dynamic overwrite is to be replayed
// after the head moved.
func PublishNeeds(req PublishRequest) []SnapshotID {
	s := findStaged(req)
	if s.err != "" || s.forward || s.published != nil {
		return nil
	}
	dynamic := false
	var need []SnapshotID
	for _, r := range s.replay {
		dynamic = dynamic || isDynamicOverwrite(r)
		need = append(need, r.ID)
	}
	if !dynamic {
		return nil
	}
	for _, m := range s.since {
		need = append(need, m.ID)
	}
	return need
}

// staged is what a publish found on the target.
type staged struct {
	published *Snapshot   // the ancestor of the head that shows the id was published
	tip       *Snapshot   // the staged snapshot, or the branch's head
	branch    bool        // it is the branch's head
	replay    []*Snapshot // what was staged, oldest first
	since     []*Snapshot // what the head gained since the staged line left it
	forward   bool        // the staged line begins at the head
	detached  bool        // its base is no ancestor of the head
	err       string      // there is nothing to publish, and why
}

// FindStaged returns the staged snapshot of id that is not yet published, or
// the head of its branch; ok is false where there is none or more than one.
func FindStaged(req PublishRequest) (id SnapshotID, ok bool) {
	s := findStaged(req)
	if s.tip == nil || s.published != nil {
		return 0, false
	}
	return s.tip.ID, true
}

// FindPublished returns the ancestor of the head that shows that id was
// published (P1): it carries published-wap-id or wap.id = id (a fast-forward
// leaves the snapshot as it was staged), or psyberg.session-id = id. id may be
// the session's branch.
func FindPublished(h *History, head Pin, id string) (SnapshotID, bool) {
	if !head.Has {
		return 0, false
	}
	if s := published(h.Line(head.ID), id); s != nil {
		return s.ID, true
	}
	return 0, false
}

func published(l Line, id string) *Snapshot {
	session := strings.TrimPrefix(id, branchPrefix)
	for _, s := range l.Snapshots {
		if s.Summary.Get(SummaryPublishedWAPID) == id || s.Summary.Get(SummaryWAPID) == id || s.Summary.Get(SummarySession) == session {
			return s
		}
	}
	return nil
}

func findStaged(req PublishRequest) staged {
	var s staged
	head := Line{}
	if req.Head.Has {
		head = req.Target.Line(req.Head.ID)
	}
	if s.published = published(head, req.ID); s.published != nil {
		return s
	}
	var found []*Snapshot
	for _, x := range req.Target.Snapshots {
		if x.Summary.Get(SummaryWAPID) == req.ID {
			found = append(found, x)
		}
	}
	switch {
	case len(found) > 1:
		s.err = fmt.Sprintf("Cannot apply non-unique WAP ID. Found multiple snapshots with WAP ID '%s'", req.ID)
		s.replay = append(s.replay, found...)
		return s
	case len(found) == 1:
		s.tip = found[0]
		s.replay = found
	case req.Branch != nil:
		s.onBranch(req, head)
		if s.err != "" {
			return s
		}
	default:
		s.err = fmt.Sprintf("Cannot apply unknown WAP ID '%s'", req.ID)
		if hint := unstagedDelete(head, req.Since); hint != "" {
			s.err += "; " + hint
		}
		return s
	}
	s.relate(req.Head, head)
	return s
}

// onBranch takes the snapshots of the branch that the head does not have. Where
// the line ends before it meets the head's, snapshots of the branch may have
// expired: what is left is not all that was staged.
func (s *staged) onBranch(req PublishRequest, head Line) {
	branch, met := req.Target.Line(*req.Branch), false
	for _, x := range branch.Snapshots {
		if _, met = head.index(x.ID); met {
			break
		}
		s.replay = append(s.replay, x)
	}
	if len(s.replay) == 0 {
		s.err = fmt.Sprintf("the branch of %q holds nothing that its target does not have", req.ID)
		return
	}
	s.branch, s.tip = true, s.replay[0]
	slices.Reverse(s.replay)
	first := s.replay[0]
	if req.Head.Has && !met && first.HasParent && first.Parent != req.Head.ID {
		s.err = fmt.Sprintf("the snapshot %d that the branch of %q was made from has expired: what main, or the branch, has had since cannot be told",
			first.Parent, req.ID)
	}
}

// relate finds out whether the staged line begins at the head, and what the
// head gained since.
func (s *staged) relate(pin Pin, head Line) {
	first := s.replay[0]
	if s.branch && !pin.Has {
		s.forward = true // the branch is the whole table
		return
	}
	if !first.HasParent {
		s.forward, s.detached = !pin.Has, pin.Has
		s.since = head.Snapshots
		return
	}
	if pin.Has && first.Parent == pin.ID {
		s.forward = true
		return
	}
	n, ok := head.index(first.Parent)
	s.detached = !ok
	if ok {
		s.since = head.Snapshots[:n]
	}
}

func isDynamicOverwrite(s *Snapshot) bool {
	return s.Operation == "overwrite" && s.Summary.Get(SummaryReplaceParts) == "true"
}

// WhyUnstaged says why nothing is staged under an id in the target, with what a
// writer that does not stage has done to it since the session began; "" where
// something is staged or published.
func WhyUnstaged(target *History, head Pin, id string, since Instant) string {
	plan := PlanPublish(PublishRequest{Target: target, Head: head, ID: id, Since: &since})
	if plan.Staged != nil || plan.Published != nil {
		return ""
	}
	return plan.Reason
}

// unstagedDelete names what may be Spark's trap: a DELETE that drops whole
// files under spark.wap.id is not staged, it goes to main at once.
func unstagedDelete(head Line, since *Instant) string {
	if since == nil {
		return ""
	}
	for _, x := range head.Snapshots {
		if x.CommittedAt < *since {
			break
		}
		if x.Operation == "delete" && x.Summary.Get(SummarySession) == "" && x.Summary.Get("spark.app.id") != "" {
			return fmt.Sprintf("snapshot %d, a delete by application %s, is on the target since the session began: "+
				"Spark does not stage a DELETE that drops whole files", x.ID, x.Summary.Get("spark.app.id"))
		}
	}
	return ""
}

// PlanPublish decides what a publish of req.ID does, by the rules of the
// Iceberg reference (P1 to P5). It looks at one state of the target: the
// caller asks again on every retry of its commit (X4).
func PlanPublish(req PublishRequest) PublishPlan {
	s := findStaged(req)
	p := PublishPlan{}
	if req.Head.Has {
		p.Head = idPtr(req.Head.ID)
	}
	if s.published != nil {
		p.Method, p.Published = MethodAlreadyPublished, idPtr(s.published.ID)
		p.Operation = s.published.Operation
		p.Reason = fmt.Sprintf("Duplicate request to cherry pick wap id that was published already: %s (snapshot %d)", req.ID, s.published.ID)
		return p
	}
	if s.tip != nil {
		p.Staged, p.OnBranch, p.Operation = idPtr(s.tip.ID), s.branch, s.tip.Operation
		if s.replay[0].HasParent {
			p.Parent = idPtr(s.replay[0].Parent)
		}
	}
	switch {
	case s.err != "":
		if s.tip == nil { // staged more than once
			for _, x := range s.replay {
				p.ConflictingSnapshots = append(p.ConflictingSnapshots, x.ID)
			}
		}
		return p.refuse(s.err)
	case req.Intent != nil && *req.Intent != s.tip.ID:
		return p.refuse(fmt.Sprintf("snapshot %d is staged now, the session's intent names %d: audit it, then publish again", s.tip.ID, *req.Intent))
	case s.forward:
		p.Method, p.Reason = MethodFastForward, "the parent of what is staged is the head"
		if !req.Head.Has {
			p.Reason = "the target has no snapshot yet"
		}
		return p
	}
	for i, x := range s.replay {
		if !p.check(x, s, s.replay[:i], req.Files) {
			return p
		}
		p.Replay = append(p.Replay, x.ID)
	}
	p.Method = MethodCherryPick
	p.Reason = fmt.Sprintf("the head moved to %d since: %s onto it", req.Head.ID, counted(len(s.replay), "snapshot is replayed", "snapshots are replayed"))
	return p
}

// check refuses the replay of x where the reference would (P3, P4).
func (p *PublishPlan) check(x *Snapshot, s staged, own []*Snapshot, files map[SnapshotID]SnapshotFiles) bool {
	class, _ := Classify(x)
	switch {
	case x.Operation == "append" || class == ClassEmpty:
		return true
	case !isDynamicOverwrite(x):
		for _, m := range s.since {
			p.ConflictingSnapshots = append(p.ConflictingSnapshots, m.ID)
		}
		*p = p.refuse(fmt.Sprintf("Cannot cherry-pick snapshot %d: not append, dynamic overwrite, or fast-forward", x.ID))
		return false
	case s.detached:
		*p = p.refuse(fmt.Sprintf("Cannot cherry-pick overwrite not based on an ancestor of the current state: %d", x.ID))
		return false
	}
	return p.checkPartitions(x, s.since, files)
}

// checkPartitions refuses a dynamic overwrite whose partitions were added to
// or replaced since, or whose removed files are gone from the target.
func (p *PublishPlan) checkPartitions(x *Snapshot, since []*Snapshot, files map[SnapshotID]SnapshotFiles) bool {
	replaced, removed := map[partitionID]bool{}, map[string]bool{}
	for _, f := range files[x.ID].Added {
		replaced[f.Partition.id()] = true
	}
	for _, f := range files[x.ID].Removed {
		removed[f.key()] = true
	}
	var missing []string
	changed := false
	for _, m := range since {
		hit := false
		for _, f := range files[m.ID].Added {
			if replaced[f.Partition.id()] {
				hit, changed = true, true
				p.conflictAt(f.Partition.Path)
			}
		}
		for _, f := range files[m.ID].Removed {
			if removed[f.key()] {
				hit = true
				missing = append(missing, f.Path)
				p.conflictAt(f.Partition.Path)
			}
		}
		if hit {
			p.ConflictingSnapshots = append(p.ConflictingSnapshots, m.ID)
		}
	}
	slices.Sort(p.ConflictingPartition)
	switch { // in the order in which the reference finds them
	case changed:
		*p = p.refuse("Cannot cherry-pick replace partitions with changed partition: " + strings.Join(p.ConflictingPartition, ", "))
	case len(missing) > 0:
		*p = p.refuse(fmt.Sprintf("Missing required files to delete: %s", strings.Join(missing, ",")))
	}
	return !changed && len(missing) == 0
}

func (p *PublishPlan) conflictAt(path string) {
	if !slices.Contains(p.ConflictingPartition, path) {
		p.ConflictingPartition = append(p.ConflictingPartition, path)
	}
}

func (p PublishPlan) refuse(reason string) PublishPlan {
	p.Method, p.Reason, p.Replay = MethodRefused, reason, nil
	return p
}

// Err returns the plan as an error where it refuses, else nil.
func (p PublishPlan) Err(target, id string) error {
	if p.Method != MethodRefused {
		return nil
	}
	return &Error{Code: CodePublishRefused, Op: "publish", Object: fmt.Sprintf("%q to %q", id, target), Cause: p.Reason,
		Advice: "look at psyberg_publish_preflight; discard what is staged (CALL psyberg_discard) and load again"}
}

// counted is a number with the words that go with it.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func idPtr(id SnapshotID) *SnapshotID { return &id }
