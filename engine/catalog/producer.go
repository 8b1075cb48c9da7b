package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"psyberg/psyberg"
)

// base is what a new snapshot is built on: a snapshot of the table, or one
// that this same commit has just made.
type base struct {
	parent    *psyberg.Snapshot // nil: none
	manifests []iceberg.ManifestFile
	sequence  int64 // last given
	nextRow   int64 // v3
	at        int64 // no snapshot before this time, ms
}

// baseAt returns the base for a snapshot whose parent is s; nil is none.
func (st *state) baseAt(s *psyberg.Snapshot) (*base, error) {
	b := &base{parent: s, sequence: st.ice.LastSequenceNumber(), nextRow: st.ice.NextRowID(), at: st.ice.LastUpdatedMillis()}
	if s == nil {
		return b, nil
	}
	var err error
	b.manifests, err = st.manifests(s)
	return b, err
}

// manifests reads the manifest list of a snapshot.
func (st *state) manifests(s *psyberg.Snapshot) ([]iceberg.ManifestFile, error) {
	snap := st.ice.SnapshotByID(int64(s.ID))
	if snap == nil {
		return nil, fmt.Errorf("read manifest list of snapshot %d: the snapshot is not in the table", s.ID)
	}
	if snap.ManifestList == "" {
		return st.inline(snap)
	}
	ms, err := snap.Manifests(reader{st.files})
	if err != nil {
		return nil, fmt.Errorf("read manifest list %q of snapshot %d: %w", s.ManifestList, s.ID, err)
	}
	return ms, nil
}

// draft is a snapshot to be written.
type draft struct {
	operation table.Operation
	added     []iceberg.DataFile
	// removed are locations of files that must be live; removedParts are the
	// keys of partitions whose every file goes.
	removed      map[string]bool
	removedParts map[string]bool
	props        map[string]string
	// near, where all that changes is in one partition, spares the manifests of
	// the others a look; those of this partition alone become one with what is
	// added, so that a table with many small commits keeps one for each.
	near func(iceberg.ManifestFile) (proximity, error)
}

// produced is a snapshot that is written but not committed.
type produced struct {
	snap *table.Snapshot
	base *base // for the next snapshot of the same commit
}

// produce writes the manifests and the list of a snapshot. It deletes nothing
// itself: what it wrote is in a.created.
func (a *attempt) produce(ctx context.Context, b *base, d draft) (*produced, error) {
	p := &producer{a: a, b: b, d: d, commit: uuid.New(), id: a.newSnapshotID(), tally: newTally(a.st.m)}
	if err := p.rewriteAll(ctx); err != nil {
		return nil, err
	}
	if err := p.addAll(ctx); err != nil {
		return nil, err
	}
	return p.finish(ctx)
}

// newSnapshotID returns a positive id that the table does not have.
func (a *attempt) newSnapshotID() int64 {
	for {
		id := rand.Int64()
		if id > 0 && a.st.ice.SnapshotByID(id) == nil {
			return id
		}
	}
}

type producer struct {
	a         *attempt
	b         *base
	d         draft
	commit    uuid.UUID
	id        int64
	tally     *tally
	made      int // manifests written
	fresh     []iceberg.ManifestFile
	kept      []iceberg.ManifestFile
	rewritten int
	found     map[string]bool // of d.removed
	joined    map[group][]stays
}

// rewriteAll goes through the base's manifests: those that hold a removed file
// are written again with the file DELETED and its neighbours EXISTING; those
// without a live entry are left out; the others are kept as they are.
func (p *producer) rewriteAll(ctx context.Context) error {
	p.found, p.joined = map[string]bool{}, map[group][]stays{}
	removing := len(p.d.removed) > 0 || len(p.d.removedParts) > 0
	for _, mf := range p.b.manifests {
		if mf.AddedDataFiles() == 0 && mf.ExistingDataFiles() == 0 {
			continue // only DELETED entries of an earlier snapshot
		}
		near, err := holdsSome, error(nil)
		if p.d.near != nil {
			if near, err = p.d.near(mf); err != nil {
				return err
			}
		}
		if near == holdsNone || near == holdsSome && !removing {
			p.kept = append(p.kept, mf)
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if near == holdsOnly {
			err = p.join(mf)
		} else {
			err = p.rewrite(ctx, mf)
		}
		if err != nil {
			return fmt.Errorf("read manifest %q: %w", mf.FilePath(), err)
		}
	}
	for path := range p.d.removed {
		if !p.found[path] {
			return fmt.Errorf("%w remove file %q: it is not live any more", ErrConflict, path)
		}
	}
	return nil
}

func (p *producer) rewrite(ctx context.Context, mf iceberg.ManifestFile) error {
	hit := false
	var entries []stays
	for e, err := range mf.Entries(reader{p.a.st.files}, true) {
		if err != nil {
			return err
		}
		g, err := p.goes(e.DataFile())
		if err != nil {
			return err
		}
		hit = hit || g
		entries = append(entries, stays{e, g})
	}
	if !hit {
		p.kept = append(p.kept, mf)
		return nil
	}
	p.rewritten++
	return p.write(ctx, mf.PartitionSpecID(), mf.ManifestContent(), func(w *iceberg.ManifestWriter) error {
		return p.writeJoined(w, entries)
	})
}

// goes says whether a live file is removed: it is named, its partition is, or
// it is the deletion vector of a file that goes.
func (p *producer) goes(f iceberg.DataFile) (bool, error) {
	if p.d.removed[f.FilePath()] {
		// A Puffin file holds vectors of several data files: those of files
		// that stay must stay.
		if ref := f.ReferencedDataFile(); ref != nil && f.FileFormat() == iceberg.PuffinFile && !p.d.removed[*ref] {
			return false, nil
		}
		p.found[f.FilePath()] = true
		return true, nil
	}
	if ref := f.ReferencedDataFile(); ref != nil && f.ContentType() != iceberg.EntryContentData && p.d.removed[*ref] {
		return true, nil
	}
	if len(p.d.removedParts) == 0 {
		return false, nil
	}
	part, err := partitionOf(p.a.st.m, f)
	return err == nil && p.d.removedParts[part.key], err
}

// addAll writes the added files, a manifest for each spec and content.
func (p *producer) addAll(ctx context.Context) error {
	groups := map[group][]iceberg.DataFile{}
	for g := range p.joined {
		groups[g] = nil
	}
	seen := map[string]bool{}
	for _, f := range p.d.added {
		if f.ContentType() == iceberg.EntryContentData {
			if seen[f.FilePath()] {
				return fmt.Errorf("add file %q: it is given twice", f.FilePath())
			}
			seen[f.FilePath()] = true
		}
		g := group{f.SpecID(), iceberg.ManifestContentData}
		if f.ContentType() != iceberg.EntryContentData {
			g.content = iceberg.ManifestContentDeletes
		}
		groups[g] = append(groups[g], f)
		if err := p.tally.change(f, false); err != nil {
			return err
		}
	}
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b group) int {
		return int(a.content)*1_000_000 + int(a.spec) - int(b.content)*1_000_000 - int(b.spec)
	})
	for _, g := range keys {
		err := p.write(ctx, g.spec, g.content, func(w *iceberg.ManifestWriter) error {
			if err := p.writeJoined(w, p.joined[g]); err != nil {
				return err
			}
			for _, f := range groups[g] {
				f, err := p.named(f)
				if err != nil {
					return err
				}
				if err := w.Add(iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &p.id, nil, nil, f)); err != nil {
					return fmt.Errorf("add file %q: %w", f.FilePath(), err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// write makes one manifest. Killed in it: an orphaned file.
func (p *producer) write(ctx context.Context, specID int32, content iceberg.ManifestContent, fill func(*iceberg.ManifestWriter) error) error {
	spec := p.a.st.ice.PartitionSpecByID(int(specID))
	if spec == nil {
		return fmt.Errorf("write manifest: the table has no partition spec %d", specID)
	}
	schema, err := p.a.st.schemaFor(spec)
	if err != nil {
		return err
	}
	names, _ := avroSpec(*spec)
	path := p.a.st.paths.metadata(fmt.Sprintf("%s-m%d.avro", p.commit, p.made))
	p.made++
	out, err := p.a.create(ctx, "manifest", path)
	if err != nil {
		return err
	}
	count := &counter{w: out}
	var mf iceberg.ManifestFile
	var opts []iceberg.ManifestWriterOption
	if p.a.st.ice.Version() > 1 {
		opts = append(opts, iceberg.WithManifestWriterContent(content))
	}
	w, err := iceberg.NewManifestWriter(p.a.st.ice.Version(), count, names, schema, p.id, opts...)
	if err == nil {
		err = fill(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		mf, err = w.ToManifestFile(path, count.n, iceberg.WithManifestFileContent(content))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("write manifest %q: %w", path, err)
	}
	p.fresh = append(p.fresh, mf)
	return nil
}

// create makes a file of this attempt.
func (a *attempt) create(ctx context.Context, what, path string) (io.WriteCloser, error) {
	if err := a.hooks.before(ctx, what); err != nil {
		return nil, err
	}
	out, err := a.st.files.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write %s %q: %w", what, path, err)
	}
	a.created = append(a.created, path)
	return out, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// schemaFor returns a schema that has all source columns of a spec: the
// current one, else the newest that does. With a column missing, iceberg-go
// would leave the field out of the manifest, and its values with it.
func (st *state) schemaFor(spec *iceberg.PartitionSpec) (*iceberg.Schema, error) {
	has := func(s *iceberg.Schema) bool {
		for _, f := range spec.Fields() {
			if _, ok := s.FindFieldByID(f.SourceID()); !ok {
				return false
			}
		}
		return true
	}
	if s := st.ice.CurrentSchema(); has(s) {
		return s, nil
	}
	for _, s := range slices.Backward(st.ice.Schemas()) {
		if has(s) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("write manifest: no schema of the table has all source columns of partition spec %d", spec.ID())
}

// finish writes the manifest list and makes the snapshot.
func (p *producer) finish(ctx context.Context) (*produced, error) {
	version := p.a.st.ice.Version()
	seq := int64(0)
	if version > 1 {
		seq = p.b.sequence + 1
	}
	var parent *int64
	var parentSummary map[string]string
	if p.b.parent != nil {
		id := int64(p.b.parent.ID)
		parent, parentSummary = &id, p.b.parent.Summary.Map()
	}
	path := p.a.st.paths.metadata(fmt.Sprintf("snap-%d-1-%s.avro", p.id, p.commit))
	out, err := p.a.create(ctx, "manifest list", path)
	if err != nil {
		return nil, err
	}
	all := append(slices.Clone(p.fresh), p.kept...)
	nextRow, err := writeList(version, out, p.id, seq, p.b.nextRow, parent, all)
	if err = errors.Join(err, out.Close()); err != nil {
		return nil, fmt.Errorf("write manifest list %q: %w", path, err)
	}
	props := p.tally.summary(parentSummary, p.b.parent != nil)
	props["manifests-created"] = strconv.Itoa(len(p.fresh))
	props["manifests-kept"] = strconv.Itoa(len(p.kept))
	props["manifests-replaced"] = strconv.Itoa(p.rewritten)
	maps.Copy(props, p.d.props)
	schemaID := p.a.st.ice.CurrentSchema().ID
	at := max(time.Now().UnixMilli(), p.b.at)
	snap := &table.Snapshot{SnapshotID: p.id, ParentSnapshotID: parent, SequenceNumber: seq, TimestampMs: at, ManifestList: path,
		Summary: &table.Summary{Operation: p.d.operation, Properties: props}, SchemaID: &schemaID}
	if version >= 3 {
		first, rows := p.b.nextRow, nextRow-p.b.nextRow
		snap.FirstRowID, snap.AddedRows = &first, &rows
	}
	next := &base{sequence: seq, nextRow: nextRow, at: at, parent: &psyberg.Snapshot{ID: psyberg.SnapshotID(p.id), Summary: psyberg.SummaryOf(props)}}
	// Read back what the list made of sequence numbers and row ids.
	next.manifests, err = snap.Manifests(reader{p.a.st.files})
	if err != nil {
		return nil, fmt.Errorf("read manifest list %q back: %w", path, err)
	}
	return &produced{snap: snap, base: next}, nil
}

func writeList(version int, out io.Writer, id, seq, nextRow int64, parent *int64, all []iceberg.ManifestFile) (int64, error) {
	var w *iceberg.ManifestListWriter
	var err error
	switch version {
	case 1:
		w, err = iceberg.NewManifestListWriterV1(out, id, parent)
	case 2:
		w, err = iceberg.NewManifestListWriterV2(out, id, seq, parent)
	case 3:
		w, err = iceberg.NewManifestListWriterV3(out, id, seq, nextRow, parent)
	default:
		return 0, fmt.Errorf("format version %d is none of 1, 2, 3", version)
	}
	if err != nil {
		return 0, err
	}
	err = errors.Join(w.AddManifests(all), w.Close())
	if n := w.NextRowID(); n != nil {
		nextRow = *n
	}
	return nextRow, err
}
