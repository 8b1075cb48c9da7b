package functions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// pinned is a table at one snapshot: what every function below bind works on.
// Nothing asks for "current" again.
type pinned struct {
	*surface.Table
	Snapshot *psyberg.Snapshot // nil: the table has no snapshot to look at, so no rows
	// Schema is the one in which columns are named, as Iceberg's scans have it:
	// the snapshot's own where it was pinned by id, time or tag, else, at the
	// head of a branch, the table's current one.
	Schema *meta.Schema
	byID   map[psyberg.SnapshotID]*psyberg.Snapshot
}

// pinArgs are the named arguments that every function of a table takes.
var pinArgs = []surface.Arg{
	{Name: "snapshot_id", Type: typeLong, Doc: "look at this snapshot"},
	{Name: "ref", Type: typeText, Doc: "look at the head of this branch, or at this tag"},
	{Name: "as_of", Type: typeInstant, Doc: "look at the snapshot that was current on main at this time"},
}

var tableArg = surface.Arg{Name: "t", Type: typeText,
	Doc: "'ns.table', 'catalog.ns.table', either with '@ref', or the location of a metadata.json"}

// pin loads the table named by the first argument and pins its snapshot by
// snapshot_id, ref or as_of (at most one, with '@ref' in the name counting as
// ref; NULL is not given), else the current one.
func pin(ctx context.Context, tables surface.Tables, args surface.Args) (*pinned, error) {
	name, err := args.PositionalText(0, "t")
	if err != nil {
		return nil, err
	}
	t, err := tables.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	return pinLoaded(t, args)
}

func pinLoaded(t *surface.Table, args surface.Args) (*pinned, error) {
	p := newPinned(t)
	id, hasID, err := args.Int("snapshot_id")
	if err != nil {
		return nil, err
	}
	ref, hasRef, err := args.Text("ref")
	if err != nil {
		return nil, err
	}
	asOf, hasTime, err := args.Time("as_of")
	if err != nil {
		return nil, err
	}
	var given []string
	for _, g := range []struct {
		name string
		ok   bool
	}{{"@" + t.Ref + " in the table's name", t.Ref != ""}, {"snapshot_id", hasID}, {"ref", hasRef}, {"as_of", hasTime}} {
		if g.ok {
			given = append(given, g.name)
		}
	}
	if len(given) > 1 {
		return nil, fmt.Errorf("pin a snapshot of table %q: %s are given; give one of them", t.Name, strings.Join(given, " and "))
	}
	travel := hasID || hasTime
	switch {
	case hasID:
		p.Snapshot, err = p.snapshot(psyberg.SnapshotID(id))
	case hasTime:
		p.Snapshot, err = p.asOf(asOf)
	case hasRef || t.Ref != "":
		if !hasRef {
			ref = t.Ref
		}
		p.Snapshot, err = p.ref(ref)
		travel = t.Meta.Refs[ref].Type == "tag"
	default:
		p.Snapshot, err = p.current()
	}
	if err != nil {
		return nil, err
	}
	if travel {
		p.Schema = t.Meta.SchemaOf(p.Snapshot)
	}
	return p, nil
}

func newPinned(t *surface.Table) *pinned {
	p := &pinned{Table: t, Schema: t.Meta.CurrentSchema(), byID: make(map[psyberg.SnapshotID]*psyberg.Snapshot, len(t.Meta.Snapshots))}
	for _, s := range t.Meta.Snapshots {
		p.byID[s.ID] = s
	}
	return p
}

// snapshot finds a retained snapshot by id.
func (p *pinned) snapshot(id psyberg.SnapshotID) (*psyberg.Snapshot, error) {
	if s, ok := p.byID[id]; ok {
		return s, nil
	}
	ids := make([]string, len(p.Meta.Snapshots))
	for i, s := range p.Meta.Snapshots {
		ids[i] = strconv.FormatInt(int64(s.ID), 10)
	}
	// The newest first: those are what one most likely means.
	slices.Reverse(ids)
	return nil, fmt.Errorf("find snapshot %d of table %q: it is not among the retained snapshots (expired, or of another table)%s",
		id, p.Name, meta.Suggest(strconv.FormatInt(int64(id), 10), ids))
}

func (p *pinned) current() (*psyberg.Snapshot, error) {
	if !p.Meta.HasCurrent {
		return nil, nil
	}
	s, ok := p.byID[p.Meta.CurrentSnapshotID]
	if !ok {
		return nil, fmt.Errorf("pin table %q: its metadata %q names current snapshot %d, which it does not hold", p.Name, p.Location, p.Meta.CurrentSnapshotID)
	}
	return s, nil
}

// ref finds a branch's head or a tag. 'main' of a table without a snapshot is
// no snapshot. '@psyberg_<session>' reads the head before the branch's first
// write and after its publish (semantics.md §7), so that a load script runs
// again as it is.
func (p *pinned) ref(name string) (*psyberg.Snapshot, error) {
	r, ok := p.Meta.Refs[name]
	if !ok {
		if name == "main" || strings.HasPrefix(name, "psyberg_") {
			return p.current()
		}
		return nil, fmt.Errorf("find ref %q of table %q: no branch or tag has that name%s",
			name, p.Name, meta.Suggest(name, sortedKeys(p.Meta.Refs)))
	}
	return p.snapshot(r.SnapshotID)
}

// asOf finds the snapshot that was current on main at a time, by the
// metadata's snapshot log, as Iceberg's own time travel does.
func (p *pinned) asOf(at time.Time) (*psyberg.Snapshot, error) {
	if len(p.Meta.Snapshots) == 0 {
		return nil, nil
	}
	id, ok := currentAt(p.Meta, psyberg.InstantOf(at))
	if !ok {
		first := "its snapshot log is empty"
		if len(p.Meta.SnapshotLog) > 0 {
			first = "its snapshot log begins at " + p.Meta.SnapshotLog[0].At.String()
		}
		return nil, fmt.Errorf("find the snapshot of table %q as of %s: %s; give a later time, or snapshot_id",
			p.Name, psyberg.InstantOf(at), first)
	}
	return p.snapshot(id)
}

// currentAt returns the snapshot that was current on main at an instant: the
// last entry of the log, in the log's order, that is not later.
func currentAt(m *meta.Metadata, at psyberg.Instant) (id psyberg.SnapshotID, ok bool) {
	for _, e := range m.SnapshotLog {
		if e.At <= at {
			id, ok = e.SnapshotID, true
		}
	}
	return id, ok
}

// ancestors is the set of retained snapshots that s descends from, with s.
func (p *pinned) ancestors(s *psyberg.Snapshot) map[psyberg.SnapshotID]bool {
	set := map[psyberg.SnapshotID]bool{}
	if s != nil {
		for a := range p.Meta.Ancestors(s.ID) {
			set[a.ID] = true
		}
	}
	return set
}
