package meta

import (
	"slices"

	"psyberg/psyberg"
)

// A long history is nearly all of a metadata.json: 10,000 snapshots are 10 MB.
// So snapshots are read in the pass itself, without nodes.

// The members of a snapshot and of an entry of the snapshot log, in the order
// in which Java writes them.
var (
	snapshotKeys = []string{"sequence-number", "snapshot-id", "parent-snapshot-id", "timestamp-ms", "summary",
		"manifest-list", "schema-id", "first-row-id", "added-rows", "manifests"}
	logKeys = []string{"timestamp-ms", "snapshot-id"}
)

const (
	atSequence = iota
	atID
	atParent
	atTime
	atSummary
	atManifestList
	atSchema
	atFirstRow
	atAddedRows
	atManifests
)

// snapshotRoom is a snapshot with what its summary needs: one piece of memory.
type snapshotRoom struct {
	snapshot psyberg.Snapshot
	summary  rawSummary
}

// take returns what the pass has made of a list, none where it is missing or
// null, and fails if something was wrong with it.
func take[T any](t *tree, n *node, key string, l *list[T]) []T {
	m := n.get(key)
	if m == nil {
		return nil
	}
	t.want(m.span, '[', "a list", key)
	if l.err != nil {
		panic(l.err)
	}
	return l.items
}

// try runs f and returns how it failed.
func try(f func()) (err *DamagedError) {
	defer func() {
		if r := recover(); r != nil {
			damaged, ok := r.(*DamagedError)
			if !ok {
				panic(r)
			}
			err = damaged
		}
	}()
	f()
	return nil
}

// record goes over an object and leaves the members called keys in values,
// which is as long. seen is told of each of them before its value is passed,
// and may pass it itself.
func (t *tree) record(sh *shape, keys []string, values []span, seen func(member int) (span, bool)) {
	clear(values)
	for n := 0; ; n++ {
		l := t.step(sh, n)
		if l == nil {
			return
		}
		if l.fresh {
			l.member, l.fresh = slices.Index(keys, l.name), false
		}
		if l.member < 0 {
			t.pass(3)
			continue
		}
		if seen != nil {
			if s, done := seen(l.member); done {
				values[l.member] = s
				continue
			}
		}
		values[l.member] = t.pass(3)
	}
}

// objectNext reports whether the next item of the list called key is an
// object; another one is passed over, and wrong.
func (t *tree) objectNext(key string) *DamagedError {
	if t.peek() == '{' {
		return nil
	}
	s := t.pass(2)
	return try(func() { t.want(s, '{', "a list of objects", key) })
}

func (t *tree) snapshotList() {
	l := &t.snapshots
	*l = list[*psyberg.Snapshot]{}
	values := make([]span, len(snapshotKeys))
	var sh shape
	var room []snapshotRoom
	var start int
	summary := func(member int) (span, bool) {
		if member != atSummary || t.peek() != '{' {
			return span{}, false
		}
		return t.passSummary(), true
	}
	one := func() {
		if len(room) == 0 {
			room = make([]snapshotRoom, 64)
		}
		t.snapshot(&room[0], start, values)
		l.items = append(l.items, &room[0].snapshot)
		room = room[1:]
	}
	t.array(func() {
		if err := t.objectNext("snapshots"); err != nil {
			l.err = err
			return
		}
		start = t.pos
		t.record(&sh, snapshotKeys, values, summary)
		if l.err == nil {
			l.err = try(one)
		}
	})
}

func (t *tree) snapshotLog() {
	l := &t.log
	*l = list[SnapshotLogEntry]{}
	values := make([]span, len(logKeys))
	var sh shape
	var start int
	one := func() {
		l.items = append(l.items, SnapshotLogEntry{
			At: t.instantAt(values[0], "timestamp-ms"), SnapshotID: psyberg.SnapshotID(t.needAt(start, values[1], "snapshot-id"))})
	}
	t.array(func() {
		if err := t.objectNext("snapshot-log"); err != nil {
			l.err = err
			return
		}
		start = t.pos
		t.record(&sh, logKeys, values, nil)
		if l.err == nil {
			l.err = try(one)
		}
	})
}

// snapshot makes the snapshot at start of its members' values.
func (t *tree) snapshot(r *snapshotRoom, start int, v []span) {
	s := &r.snapshot
	*s = psyberg.Snapshot{
		ID:           psyberg.SnapshotID(t.needAt(start, v[atID], "snapshot-id")),
		CommittedAt:  t.instantAt(v[atTime], "timestamp-ms"),
		ManifestList: t.textAt(v[atManifestList], "manifest-list"),
		FirstRowID:   t.optionalAt(v[atFirstRow], "first-row-id"),
		AddedRows:    t.optionalAt(v[atAddedRows], "added-rows"),
	}
	s.Summary, s.Operation = t.summaryOf(&r.summary, v[atSummary])
	if v[atSequence].kind != 0 {
		s.Sequence = psyberg.SequenceNumber(t.integer(v[atSequence], "sequence-number"))
	}
	if v[atParent].kind != 0 {
		if parent := t.integer(v[atParent], "parent-snapshot-id"); parent != -1 {
			s.Parent, s.HasParent = psyberg.SnapshotID(parent), true
		}
	}
	if v[atSchema].kind != 0 {
		s.SchemaID, s.HasSchema = t.small(v[atSchema], "schema-id", t.integer(v[atSchema], "schema-id")), true
	}
	if v[atManifests].kind != 0 {
		s.Manifests = t.manifests(v[atManifests])
	}
}

// manifests reads a v1 snapshot's own list of manifests.
func (t *tree) manifests(s span) (out []string) {
	t.want(s, '[', "a list", "manifests")
	after := t.pos
	defer func() { t.pos = after }()
	t.pos = s.start
	t.array(func() {
		item := t.pass(4)
		t.want(item, 's', "a list of texts", "manifests")
		out = append(out, t.textOf(item))
	})
	return out
}

func (t *tree) textAt(s span, key string) string {
	if s.kind == 0 {
		return ""
	}
	t.want(s, 's', "text", key)
	return t.textOf(s)
}

func (t *tree) instantAt(s span, key string) psyberg.Instant {
	if s.kind == 0 {
		return 0
	}
	return t.instantOf(s, key)
}

func (t *tree) optionalAt(s span, key string) *int64 {
	if s.kind == 0 {
		return nil
	}
	v := t.integer(s, key)
	return &v
}

// needAt reads a member that the object at start must have.
func (t *tree) needAt(start int, s span, key string) int64 {
	if s.kind == 0 {
		t.failAt(start, "%q is missing", key)
	}
	return t.integer(s, key)
}
