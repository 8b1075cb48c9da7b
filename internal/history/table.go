package history

import "slices"

// Row is a row of a source; ids are unique in the whole history.
type Row struct {
	ID, Hour int
	Batch    int // the change that brought it
}

// Anchor is the id of the row of hour 0 that every table begins with and that
// never goes: what a gap removed before the earliest live hour nobody could see.
const Anchor = 0

// Partition is where it lies.
func (r Row) Partition() int { return r.Hour / (Hours / Partitions) }

// Version is one state of a table: a snapshot, as far as rows go.
type Version struct {
	Parent  int // 0: none
	Op      Op
	Rows    []Row // live, by id
	Added   []int // ids that it brought
	Expired bool
}

// Op is the operation of a version.
type Op string

// The operations.
const (
	OpAppend    Op = "append"
	OpOverwrite Op = "overwrite" // also a delete
	OpReplace   Op = "replace"
)

// Table is the naive model of one source. Versions are numbered from 1.
type Table struct {
	Source
	Head     int
	Complete int // every row before this hour has landed, as the stream says

	versions []Version
	staged   []int
	branch   []int // an audit branch, oldest first
	batches  int
}

// Change is an event, worked out for the state that the table is in.
type Change struct {
	Event
	Nothing bool  // there is nothing that it could happen to
	Parent  int   // Op != "": the version that the new one is built on
	Op      Op    // of the new version, "": none
	Add     []Row // rows of the new version
	Remove  []Row // rows that go; Dynamic: those that an older partitioning keeps elsewhere may stay
	Whole   bool  // Remove is a whole partition, else a batch
	Forward int   // the version that becomes the head, 0: none
	Replay  []int // versions that are made again on the head, in order
	GiveUp  bool  // the branch cannot be published, and is given up
	Expire  []int // versions that go
}

// Outcome is what a side says of a change that it has brought about.
type Outcome struct {
	NotDone bool  // nothing has happened: nothing to compact, for one
	Stay    []int // Dynamic: ids of rows of Remove that have stayed
}

// NewTable begins with one version that holds the anchor.
func NewTable(s Source) *Table {
	return &Table{Source: s, Head: 1, versions: []Version{{}, {Op: OpAppend, Rows: []Row{{ID: Anchor}}, Added: []int{Anchor}}}}
}

// Version returns a version; the last is the newest.
func (t *Table) Version(v int) Version { return t.versions[v] }

// Last is the number of the newest version.
func (t *Table) Last() int { return len(t.versions) - 1 }

// Line are the versions from v back to the first, expired ones too.
func (t *Table) Line(v int) (out []int) {
	for ; v != 0; v = t.versions[v].Parent {
		out = append(out, v)
	}
	return out
}

// retained are the versions from v back to the oldest that has not expired.
func (t *Table) retained(v int) (out []int) {
	for ; v != 0 && !t.versions[v].Expired; v = t.versions[v].Parent {
		out = append(out, v)
	}
	return out
}

// RowsAt are the ids of the rows of an hour in a version, in order; nil is none.
func (t *Table) RowsAt(v, hour int) (out []int) {
	for _, r := range t.versions[v].Rows {
		if r.Hour == hour {
			out = append(out, r.ID)
		}
	}
	return out
}

// Changed are the hours whose rows are others in one version than in another.
func (t *Table) Changed(from, to int) (out []int) {
	for h := range Hours {
		if !slices.Equal(t.RowsAt(from, h), t.RowsAt(to, h)) {
			out = append(out, h)
		}
	}
	return out
}

// Plan works an event out. ids is the last row id that was given.
func (t *Table) Plan(e Event, ids *int) Change {
	c := Change{Event: e}
	grow := func(op Op, parent int) {
		c.Op, c.Parent = op, parent
		for _, h := range e.Cells {
			*ids++
			c.Add = append(c.Add, Row{ID: *ids, Hour: h, Batch: t.batches + 1})
		}
	}
	switch e.Kind {
	case Append, AppendLate, AppendMerge, AppendSkewed, Empty, Stage:
		grow(OpAppend, t.Head)
	case Branch:
		grow(OpAppend, t.tip())
	case Overwrite, Delete, Dynamic:
		c.Remove, c.Whole = t.filtered(e)
		if c.Nothing = e.Kind != Dynamic && len(c.Remove) == 0; !c.Nothing {
			grow(OpOverwrite, t.Head)
		}
	case Compact, Manifests:
		grow(OpReplace, t.Head)
	case Publish:
		if c.Nothing = len(t.staged) == 0; !c.Nothing {
			c.replay([]int{t.staged[e.Pick%len(t.staged)]}, t.Head, t)
		}
	case PublishAll:
		t.planBranch(&c)
	case Expire:
		c.Expire = t.expired(1 + e.Pick/3)
		c.Nothing = len(c.Expire) == 0
	case ExpireStaged:
		c.Expire = slices.Clone(t.staged)
		c.Nothing = len(c.Expire) == 0
	case Rollback:
		line := t.Line(t.Head)
		c.Forward = line[e.Pick%len(line)]
		c.Nothing = c.Forward == t.Head
	}
	return c
}

func (t *Table) tip() int {
	if len(t.branch) > 0 {
		return t.branch[len(t.branch)-1]
	}
	return t.Head
}

// filtered are the live rows that an overwrite or a delete names.
func (t *Table) filtered(e Event) (rows []Row, whole bool) {
	live := slices.DeleteFunc(slices.Clone(t.versions[t.Head].Rows), func(r Row) bool { return r.ID == Anchor })
	if e.Kind == Dynamic {
		return slices.DeleteFunc(live, func(r Row) bool {
			return !slices.ContainsFunc(e.Cells, func(h int) bool { return Row{Hour: h}.Partition() == r.Partition() })
		}), true
	}
	if e.Part > 0 || len(live) == 0 {
		return slices.DeleteFunc(live, func(r Row) bool { return r.Partition() != e.Part }), true
	}
	of := live[e.Pick%len(live)]
	return slices.DeleteFunc(live, func(r Row) bool { return r.Batch != of.Batch || r.Partition() != of.Partition() }), false
}

// replay publishes versions: the first one's parent is the head, and the last
// becomes it, or they are made again on it.
func (c *Change) replay(versions []int, head int, t *Table) {
	if t.versions[versions[0]].Parent == head {
		c.Forward = versions[len(versions)-1]
		return
	}
	c.Replay, c.Op, c.Parent = versions, OpAppend, head
}

func (t *Table) planBranch(c *Change) {
	if c.Nothing = len(t.branch) == 0; c.Nothing {
		return
	}
	tip := t.tip()
	if slices.Contains(t.Line(tip), t.Head) {
		c.Forward = tip
		return
	}
	// What the head has had since the branch was made must be known, and what
	// is made again must be the branch's own.
	if base := t.versions[t.branch[0]].Parent; !slices.Contains(t.retained(t.Head), base) {
		c.GiveUp = true
		return
	}
	c.replay(slices.Clone(t.branch), t.Head, t)
}

// expired are the versions of the head's line after the first keep, but for
// those that the branch still needs.
func (t *Table) expired(keep int) (out []int) {
	var held []int
	if len(t.branch) > 0 {
		held = t.Line(t.tip())
	}
	for i, v := range t.retained(t.Head) {
		if i >= keep && !slices.Contains(held, v) {
			out = append(out, v)
		}
	}
	return out
}

// Done has the table be as it is after a change.
func (t *Table) Done(c Change, o Outcome) {
	switch {
	case c.Kind == Stream:
		t.Complete = c.Until
	case c.Kind == PublishAll:
		defer func() { t.branch = nil }()
	case c.Kind == Publish && !c.Nothing:
		i := c.Pick % len(t.staged)
		t.staged = slices.Delete(slices.Clone(t.staged), i, i+1)
	}
	if c.Nothing || o.NotDone || c.GiveUp {
		return
	}
	for _, v := range c.Expire {
		t.versions[v].Expired = true
		t.staged = slices.DeleteFunc(slices.Clone(t.staged), func(s int) bool { return s == v })
	}
	switch {
	case c.Forward != 0:
		t.Head = c.Forward
	case len(c.Replay) > 0:
		for _, v := range c.Replay {
			t.Head = t.grow(t.Head, OpAppend, t.rows(v), nil)
		}
	case c.Op != "":
		t.batches++
		v := t.grow(c.Parent, c.Op, c.Add, slices.DeleteFunc(slices.Clone(c.Remove), func(r Row) bool { return slices.Contains(o.Stay, r.ID) }))
		switch c.Kind {
		case Stage:
			t.staged = append(t.staged, v)
		case Branch:
			t.branch = append(t.branch, v)
		default:
			t.Head = v
		}
	}
}

// rows are those that a version has brought.
func (t *Table) rows(v int) []Row {
	return slices.DeleteFunc(slices.Clone(t.versions[v].Rows), func(r Row) bool { return !slices.Contains(t.versions[v].Added, r.ID) })
}

func (t *Table) grow(parent int, op Op, add, remove []Row) int {
	v := Version{Parent: parent, Op: op}
	for _, r := range t.versions[parent].Rows {
		if !slices.ContainsFunc(remove, func(x Row) bool { return x.ID == r.ID }) {
			v.Rows = append(v.Rows, r)
		}
	}
	for _, r := range add {
		v.Added = append(v.Added, r.ID)
		// A replay onto a line that has the row already does not happen: ids
		// are given once, and a version is published once.
		v.Rows = append(v.Rows, r)
	}
	slices.SortFunc(v.Rows, func(a, b Row) int { return a.ID - b.ID })
	t.versions = append(t.versions, v)
	return len(t.versions) - 1
}
