package catalog

import (
	"context"
	"errors"
	"fmt"

	icecatalog "github.com/apache/iceberg-go/catalog"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// state is one table as one attempt of a commit sees it: m is what decisions
// are made on, ice is what the catalog's client needs. Both come from the same
// metadata.json.
type state struct {
	id     ident
	cat    icecatalog.Catalog
	strict bool
	ice    table.Metadata
	m      *meta.Metadata
	loc    string // of the metadata.json
	files  *files
	paths  locations
}

// target resolves a name that is to be written to.
func (c *Catalogs) target(ctx context.Context, name string) (ident, error) {
	p, err := parseName(name)
	if err != nil {
		return ident{}, err
	}
	if p.location != "" {
		return ident{}, fmt.Errorf("write to %s: %w: a bare metadata.json has no catalog that could record the change", name, ErrReadOnly)
	}
	if len(c.maps) > 0 {
		return ident{}, fmt.Errorf("write to %s: %w: a path map is set", name, ErrReadOnly)
	}
	id := c.resolve(ctx, p)
	if id.ref != "" {
		return ident{}, fmt.Errorf("write to %s: a branch is written to with WAP_BRANCH, not with '@'", name)
	}
	return id, nil
}

// loadState reads a table for one attempt.
func (c *Catalogs) loadState(ctx context.Context, id ident) (*state, error) {
	src := c.sources[id.catalog]
	loc, err := src.locate(ctx, id.namespace, id.table)
	if errors.Is(err, ErrNotFound) {
		return nil, c.notFound(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	cat, err := src.writer(ctx)
	if err != nil {
		return nil, err
	}
	t, err := cat.LoadTable(ctx, id.levels())
	if err != nil {
		return nil, fmt.Errorf("load table %s for writing: %w", id.plain, err)
	}
	st := &state{id: id, cat: cat, strict: src.strict(), ice: t.Metadata(), loc: t.MetadataLocation(), files: c.files[id.catalog]}
	_ = loc // may be older than what LoadTable has read since
	if st.m, err = readMeta(ctx, st.files, st.loc); err != nil {
		return nil, fmt.Errorf("load table %s for writing: %w", id.plain, err)
	}
	st.paths = locationsOf(t.Metadata())
	return st, nil
}

// head returns the snapshot of a branch, nil where there is none yet.
func (st *state) head(branch string) *psyberg.Snapshot {
	ref, ok := st.m.Refs[branch]
	if !ok {
		return nil
	}
	s, _ := st.m.Snapshot(ref.SnapshotID)
	return s
}

const mainBranch = table.MainBranch

// requirements are the conditions under which the catalog may commit: the
// table is still this one and the refs are where this attempt saw them. A
// catalog whose requirements this process checks gets the whole table as one:
// two stagings of one wap.id in a v1 table, which has no sequence numbers,
// could else both land.
func (st *state) requirements(refs ...string) []table.Requirement {
	var reqs []table.Requirement
	if id := st.ice.TableUUID(); id != uuid.Nil {
		reqs = append(reqs, table.AssertTableUUID(id))
	}
	for _, name := range refs {
		var want *int64
		if r, ok := st.m.Refs[name]; ok {
			id := int64(r.SnapshotID)
			want = &id
		}
		reqs = append(reqs, table.AssertRefSnapshotID(name, want))
	}
	if st.strict {
		reqs = append(reqs, assertUnchanged{st.ice})
	}
	return reqs
}

// assertUnchanged is a requirement for catalogs of this process only.
type assertUnchanged struct{ base table.Metadata }

func (assertUnchanged) GetType() string { return "psyberg-assert-unchanged" }

func (a assertUnchanged) Validate(now table.Metadata) error {
	if now == nil {
		return fmt.Errorf("%w: the table is gone", table.ErrCommitFailed)
	}
	if !a.base.Equals(now) {
		return fmt.Errorf("%w: the table has changed", table.ErrCommitFailed)
	}
	return nil
}

// setRef is the update that moves or makes a branch; its retention settings
// stay, which the update would drop else.
func (st *state) setRef(branch string, to psyberg.SnapshotID) table.Update {
	var age, snapAge int64
	var keep int
	if r, ok := st.m.Refs[branch]; ok {
		if r.MaxRefAgeMs != nil {
			age = *r.MaxRefAgeMs
		}
		if r.MaxSnapshotAgeMs != nil {
			snapAge = *r.MaxSnapshotAgeMs
		}
		if r.MinSnapshotsToKeep != nil {
			keep = int(*r.MinSnapshotsToKeep)
		}
	}
	return table.NewSetSnapshotRefUpdate(branch, int64(to), table.BranchRef, age, snapAge, keep)
}

// reader makes the files an iceberg-go IO for reading manifests.
type reader struct{ f *files }

func (r reader) Open(name string) (iceio.File, error) { return r.f.Open(name) }
func (r reader) Remove(name string) error             { return r.f.Remove(name) }
