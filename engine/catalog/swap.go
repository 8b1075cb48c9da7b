package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// LiveIn returns the live files, data and deletes, of the partition of main's
// head whose identity field has a value, sorted by location. It is what Swap
// compares with. The table's specs must all have the field as an identity.
func (c *Catalogs) LiveIn(ctx context.Context, name, field string, value any) ([]LiveFile, error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return nil, err
	}
	st, err := c.loadState(ctx, id)
	if err != nil {
		return nil, err
	}
	return st.liveIn(field, value)
}

func (st *state) liveIn(field string, value any) ([]LiveFile, error) {
	head := st.head(mainBranch)
	if head == nil {
		return nil, nil
	}
	all, err := st.manifests(head)
	if err != nil {
		return nil, err
	}
	var out []LiveFile
	for _, mf := range all {
		in, err := st.partitionTest(int(mf.PartitionSpecID()), field, value)
		if err != nil {
			return nil, err
		}
		if !in.mayHold(mf) {
			continue
		}
		for e, err := range mf.Entries(reader{st.files}, true) {
			if err != nil {
				return nil, fmt.Errorf("read manifest %q: %w", mf.FilePath(), err)
			}
			f := e.DataFile()
			if ok, err := in.holds(f); err != nil {
				return nil, err
			} else if ok {
				out = append(out, LiveFile{Location: f.FilePath(), Data: f.ContentType() == iceberg.EntryContentData, Records: f.Count()})
			}
		}
	}
	slices.SortFunc(out, func(a, b LiveFile) int { return strings.Compare(a.Location, b.Location) })
	return out, nil
}

// partitionTest tells the files of one partition of one spec.
type partitionTest struct {
	field meta.BoundField
	at    int // of the field in the spec
	value meta.Value
}

func (st *state) partitionTest(specID int, field string, value any) (partitionTest, error) {
	t, err := testPartition(st.m, specID, field, value)
	if err != nil {
		return t, fmt.Errorf("read partitions of %s: %w", st.id.plain, err)
	}
	return t, nil
}

func testPartition(m *meta.Metadata, specID int, field string, value any) (partitionTest, error) {
	spec, ok := m.Spec(specID)
	if !ok {
		return partitionTest{}, fmt.Errorf("there is no partition spec %d", specID)
	}
	for i, f := range m.Bind(spec) {
		if f.Name == field && f.Transform.Kind == meta.TransformIdentity {
			v, err := toValue(f.Result, value)
			return partitionTest{f, i, v}, err
		}
	}
	return partitionTest{}, fmt.Errorf("partition spec %d has no identity field %q", specID, field)
}

// mayHold reads a manifest's partition summary: false only where no file of
// the manifest can be in the partition.
func (p partitionTest) mayHold(mf iceberg.ManifestFile) bool {
	all := mf.Partitions()
	if p.at >= len(all) || p.value.IsNull() {
		return true
	}
	s := all[p.at]
	if s.LowerBound == nil || s.UpperBound == nil {
		return true
	}
	low, err1 := meta.DecodeBound(p.field.Result, *s.LowerBound)
	high, err2 := meta.DecodeBound(p.field.Result, *s.UpperBound)
	if err1 != nil || err2 != nil || low.Kind != p.value.Kind || high.Kind != p.value.Kind {
		return true
	}
	return meta.Compare(low, p.value) <= 0 && meta.Compare(p.value, high) <= 0
}

func (p partitionTest) holds(f iceberg.DataFile) (bool, error) {
	v, err := toValue(p.field.Result, f.Partition()[p.field.ID])
	if err != nil {
		return false, fmt.Errorf("read partition of %q: %w", f.FilePath(), err)
	}
	return string(v.AppendKey(nil)) == string(p.value.AppendKey(nil)), nil
}

// ReplaceRows replaces the files of one partition by others, if the files that
// are live there are still those that were seen: a compare-and-set on the rows
// of one process in the session and watermark tables. Commits to other
// partitions never get in its way. ErrConflict where the files differ; the
// caller reads again and decides again.
//
// A swap carries no id: killed after the commit, a caller that runs again finds
// its own rows when it reads, and must know them by their content.
func (c *Catalogs) ReplaceRows(ctx context.Context, name string, s Swap) (Result, error) {
	for k := range s.Summary {
		if isComputed(k) {
			return Result{}, fmt.Errorf("commit: summary key %q is computed here: leave it out", k)
		}
	}
	seen := slices.Sorted(maps.Keys(set(s.Seen)))
	var res Result
	attempts, err := c.transact(ctx, name, func(ctx context.Context, a *attempt) error {
		res = Result{}
		live, err := a.st.liveIn(s.Field, s.Value)
		if err != nil {
			return err
		}
		now := map[string]bool{}
		for _, f := range live {
			now[f.Location] = true
		}
		if got := slices.Sorted(maps.Keys(now)); !slices.Equal(got, seen) {
			return fmt.Errorf("replace rows of %s=%v in %s: %w somebody changed them since they were read (%d files then, %d now)",
				s.Field, s.Value, a.st.id.plain, ErrConflict, len(seen), len(got))
		}
		for _, k := range s.Kept {
			delete(now, k)
		}
		if err := a.st.checkIn(s); err != nil || len(s.Added) == 0 && len(now) == 0 {
			return err
		}
		d := draft{operation: table.OpOverwrite, added: s.Added, removed: now, props: maps.Clone(s.Summary), near: a.st.near(s)}
		switch {
		case len(now) == 0:
			d.operation = table.OpAppend
		case len(s.Added) == 0:
			d.operation = table.OpDelete
		}
		b, err := a.st.baseAt(a.st.head(mainBranch))
		if err != nil {
			return err
		}
		made, err := a.produce(ctx, b, d)
		if err != nil {
			return err
		}
		id := psyberg.SnapshotID(made.snap.SnapshotID)
		a.updates = []table.Update{table.NewAddSnapshotUpdate(made.snap), a.st.setRef(mainBranch, id)}
		a.reqs = a.st.requirements(mainBranch)
		a.landed = func(now *state) bool { _, ok := now.m.Snapshot(id); return ok }
		res = Result{Snapshot: id, HasSnapshot: true, Summary: made.snap.Summary.Properties}
		return nil
	})
	res.Attempts = attempts
	return res, err
}

// near says of a manifest what of the swap's partition is in it.
func (st *state) near(s Swap) func(iceberg.ManifestFile) (proximity, error) {
	return func(mf iceberg.ManifestFile) (proximity, error) {
		t, err := st.partitionTest(int(mf.PartitionSpecID()), s.Field, s.Value)
		switch {
		case err != nil:
			return holdsSome, err
		case !t.mayHold(mf):
			return holdsNone, nil
		case t.holdsOnly(mf):
			return holdsOnly, nil
		}
		return holdsSome, nil
	}
}

// holdsOnly reads a manifest's partition summary: true only where every file
// of the manifest is in the partition.
func (p partitionTest) holdsOnly(mf iceberg.ManifestFile) bool {
	all := mf.Partitions()
	if p.at >= len(all) || p.value.IsNull() || all[p.at].ContainsNull {
		return false
	}
	s := all[p.at]
	if s.LowerBound == nil || s.UpperBound == nil {
		return false
	}
	low, err1 := meta.DecodeBound(p.field.Result, *s.LowerBound)
	high, err2 := meta.DecodeBound(p.field.Result, *s.UpperBound)
	return err1 == nil && err2 == nil && low.Kind == p.value.Kind && high.Kind == p.value.Kind &&
		meta.Compare(low, p.value) == 0 && meta.Compare(high, p.value) == 0
}

// checkIn refuses added files outside the partition.
func (st *state) checkIn(s Swap) error {
	for _, f := range s.Added {
		in, err := st.partitionTest(int(f.SpecID()), s.Field, s.Value)
		if err != nil {
			return err
		}
		if ok, err := in.holds(f); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("replace rows of %s=%v in %s: file %q is in another partition", s.Field, s.Value, st.id.plain, f.FilePath())
		}
	}
	return nil
}
