package tables

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// Table is one that was made.
type Table struct {
	Config   Config
	Dir      string
	Metadata string // metadata.json's path
	// Lists of all snapshots, oldest first, and Manifests of the last one, in
	// the order of its list.
	Lists, Manifests []string
	Snapshots        []int64 // ids, oldest first
	Answers          map[Question]Answer
	LastDay          string // the last landing_date, ISO
	Bytes            int64  // of Manifests
}

// Dir is where tables are kept: $PSYBERG_BENCH_DIR, else a folder of the
// user's cache. It is never in the source tree.
func Dir() (string, error) {
	if d := os.Getenv("PSYBERG_BENCH_DIR"); d != "" {
		return filepath.Abs(d)
	}
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for tables: %w: set PSYBERG_BENCH_DIR", err)
	}
	return filepath.Join(d, "psyberg-bench"), nil
}

// Ensure makes the table in dir, or finds it there from before.
func Ensure(ctx context.Context, dir string, c Config) (*Table, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	final := filepath.Join(dir, c.key())
	b, err := os.ReadFile(filepath.Join(final, "table.json"))
	if errors.Is(err, os.ErrNotExist) {
		return create(ctx, final, c)
	}
	if err != nil {
		return nil, err
	}
	t := &Table{}
	if err := json.Unmarshal(b, t); err != nil {
		return nil, fmt.Errorf("read table %q: %w: remove the folder", final, err)
	}
	if t.Dir != final {
		return nil, fmt.Errorf("read table %q: it was made in %q and names files there: remove the folder", final, t.Dir)
	}
	return t, nil
}

// create makes the table. table.json comes last: a folder without it is what
// a run that was stopped left, and is made again.
func create(ctx context.Context, dir string, c Config) (*Table, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "metadata"), 0o755); err != nil {
		return nil, err
	}
	m := &maker{Config: c, dir: dir}
	r := rand.New(rand.NewPCG(c.Seed, 1<<62))
	for range c.Snapshots() {
		m.ids = append(m.ids, 1<<61+r.Int64N(1<<62))
	}
	binary.BigEndian.PutUint64(m.sync[:], r.Uint64())
	binary.BigEndian.PutUint64(m.sync[8:], r.Uint64())
	plans, commits := m.plan(r)
	metas, err := m.writeManifests(ctx, plans)
	if err != nil {
		return nil, fmt.Errorf("make table %q: %w", c.Name, err)
	}
	t := &Table{Config: c, Dir: dir, Snapshots: m.ids, Answers: map[Question]Answer{}}
	if err := m.commit(ctx, t, commits, metas, r); err != nil {
		return nil, fmt.Errorf("make table %q: %w", c.Name, err)
	}
	m.answer(t, plans, metas)
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return nil, err
	}
	return t, os.WriteFile(filepath.Join(dir, "table.json"), b, 0o644)
}

// commitPlan is a snapshot: which manifests it wrote, and which of those that
// were live before it replaced by them.
type commitPlan struct {
	wrote    []int // indexes of plans
	replaced int   // how many of the newest
	final    bool  // what it wrote is never replaced
}

// plan says which manifests there are and when they came.
func (m *maker) plan(r *rand.Rand) ([]manifestPlan, []commitPlan) {
	var plans []manifestPlan
	var commits []commitPlan
	w := writer{r: rand.NewPCG(r.Uint64(), r.Uint64())}
	path := func(n int, commit []byte) string {
		return filepath.Join(m.dir, "metadata", fmt.Sprintf("%s-m%d.avro", commit, n))
	}
	number := 0 // of the next file
	for i, g := range m.Groups {
		if m.ArchiveFiles > 0 && len(m.Groups)-i == m.ArchiveAge-1 {
			commits = append(commits, m.archive(&plans, len(commits), path, w.uuid(nil)))
		}
		var parts []part
		for k := range g {
			p := part{snapshot: len(commits), first: number, files: m.Files}
			number += m.Files
			parts = append(parts, p)
			id := w.uuid(nil)
			last := k == g-1
			c := commitPlan{wrote: []int{len(plans)}, final: last}
			if last && g > 1 {
				c.replaced = g - 1
				plans = append(plans, manifestPlan{path: path(0, id), parts: parts, counted: true})
			} else {
				plans = append(plans, manifestPlan{path: path(0, id), parts: []part{p}, counted: last})
			}
			commits = append(commits, c)
		}
	}
	return plans, commits
}

func (m *maker) archive(plans *[]manifestPlan, snapshot int, path func(int, []byte) string, id []byte) commitPlan {
	c := commitPlan{final: true}
	first := 0
	for i := range m.ArchiveManifests {
		end := m.ArchiveFiles * (i + 1) / m.ArchiveManifests
		c.wrote = append(c.wrote, len(*plans))
		*plans = append(*plans, manifestPlan{path: path(i, id), archive: true, counted: true,
			parts: []part{{snapshot: snapshot, first: first, files: end - first}}})
		first = end
	}
	return c
}

// writeManifests writes all manifests, on all processors.
func (m *maker) writeManifests(ctx context.Context, plans []manifestPlan) ([]*manifestMeta, error) {
	metas := make([]*manifestMeta, len(plans))
	var next atomic.Int64
	var workers sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			comp, err := newCompressor(m.Codec, m.Level)
			var buf []byte
			for err == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(plans) {
					return
				}
				metas[i], buf, err = m.writeManifest(plans[i], comp, buf)
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	return metas, context.Cause(ctx)
}

// commit writes the manifest lists and metadata.json.
func (m *maker) commit(ctx context.Context, t *Table, commits []commitPlan, metas []*manifestMeta, r *rand.Rand) error {
	comp, err := newCompressor(m.Codec, m.Level)
	if err != nil {
		return err
	}
	w := writer{r: rand.NewPCG(r.Uint64(), r.Uint64())}
	var prefix []byte        // whole blocks of manifests that stay
	var open []*manifestMeta // that stay, not yet in a block
	var pending []*manifestMeta
	var raw []byte
	j := m.journal()
	for i, c := range commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		var wrote []*manifestMeta
		for _, k := range c.wrote {
			wrote = append(wrote, metas[k])
		}
		pending = append(pending[:len(pending)-c.replaced], wrote...)
		if c.final {
			open, pending = append(open, pending...), pending[:0]
		}
		list := filepath.Join(m.dir, "metadata", fmt.Sprintf("snap-%d-1-%s.avro", m.ids[i], w.uuid(nil)))
		if err := m.writeList(list, i, comp, prefix, append(open[:len(open):len(open)], pending...)); err != nil {
			return err
		}
		t.Lists = append(t.Lists, list)
		j.snapshot(i, list, wrote, c.replaced)
		// Close blocks of what stays, so that no list compresses it again.
		for start := 0; ; {
			n := 0
			for raw = raw[:0]; start+n < len(open) && len(raw) < javaBlock; n++ {
				raw = open[start+n].listEntry(raw, m.Wide)
			}
			if len(raw) < javaBlock {
				open = append([]*manifestMeta(nil), open[start:]...)
				break
			}
			if prefix, err = comp.block(prefix, n, raw, m.sync); err != nil {
				return err
			}
			start += n
		}
	}
	t.Metadata = filepath.Join(m.dir, "metadata", "v1.metadata.json")
	if err := os.WriteFile(t.Metadata, j.finish(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, "metadata", "version-hint.text"), []byte("1"), 0o644)
}

// answer works out what is right, from what was written.
func (m *maker) answer(t *Table, plans []manifestPlan, metas []*manifestMeta) {
	all, last := tally{}, tally{}
	for i, meta := range metas {
		if !plans[i].counted {
			continue
		}
		t.Manifests = append(t.Manifests, meta.path)
		t.Bytes += meta.length
		all.merge(meta.all)
	}
	newest := max(len(m.ids)-10, 0)
	for i, p := range plans {
		if p.parts[len(p.parts)-1].snapshot >= newest && metas[i].last != nil {
			last.merge(metas[i].last)
		}
	}
	day := int64(0)
	for _, p := range all {
		day = max(day, p.Hour/24)
	}
	t.LastDay = string(appendDate(nil, day))
	t.Answers[Q1] = Digest(Q1, all.rows(nil))
	t.Answers[Q2] = Digest(Q2, all.rows(func(p *Partition) bool { return p.Hour/24 == day }))
	t.Answers[Q3] = Digest(Q3, last.rows(nil))
}
