package functions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"psyberg/functions/meta"
	"psyberg/functions/predicate"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const rowsDoc = `The rows of a snapshot, deletes applied, with the columns of the snapshot's schema.

Columns are found by field id: files from before a column was added, renamed, moved or widened are read as the schema
has it. Missing columns are the partition's value (identity), the initial default, or NULL. Nanosecond timestamps with zone
are TIMESTAMPTZ (microseconds), variants JSON, geometries BLOB (WKB).

  where             a condition over the columns, in SQL: manifests and files that hold no row for which it is true are not
                    read, and only rows for which it is true are shown
  wap_id            the snapshot that a session has staged: the one whose summary has this wap.id, or the head of the branch
                    psyberg_<wap_id>, or of the branch of that name; after the publish, the published one
  files             only the rows of these data files (file_path, as iceberg_files has it): with the deletes of the pinned
                    snapshot, or, where a file is no longer live, of the last of its ancestors in which it was
  from_snapshot_id  with to_snapshot_id: only the rows of the data files added in (from, to]; what a compaction added is left
                    out, a file that one replaced is read from itself; NULL alone: from the oldest retained on, to the pinned one

The ref psyberg_<session id> reads main's head for as long as it is not there. Deletes: position deletes, equality deletes,
deletion vectors. The scan is DuckDB's own of Parquet files: only the columns and row groups that the query needs are read.
Errors: as iceberg_files; data or delete files that are not Parquet, or encrypted; a file of files := that is nowhere in the
history; the snapshot in which it was last live has expired [PSY_EXPIRED_GAP].
Cost of planning: the snapshot's manifests; the footers of files where the manifests do not say what columns they have.`

// Rows returns iceberg_rows. The SQL that it writes calls the table function
// rows.VectorFunction, which must be registered beside it.
func Rows(tables surface.Tables) *surface.Query {
	plans := &planCache{}
	return &surface.Query{
		Name: "iceberg_rows", Doc: rowsDoc,
		Positional: []surface.Arg{tableArg},
		Named: slices.Concat([]surface.Arg{
			whereArgument,
			{Name: "wap_id", Type: typeText, Doc: "read what this session has staged"},
			{Name: "files", Type: typeTexts, Doc: "read only these data files"},
			{Name: "from_snapshot_id", Type: typeLong, Doc: "read the files added after this snapshot"},
			{Name: "to_snapshot_id", Type: typeLong, Doc: "and up to this one"},
		}, pinArgs),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			name, err := args.PositionalText(0, "t")
			if err != nil {
				return "", err
			}
			t, err := tables.Load(ctx, name)
			if err != nil {
				return "", err
			}
			return plans.get(t, args, func() (string, error) { return rowsSQL(ctx, t, args) })
		},
	}
}

// planCache keeps the last plans: DuckDB asks several times for one statement.
// A metadata.json never changes, so neither does the plan over it.
type planCache struct {
	mu    sync.Mutex
	plans []cachedPlan // newest last
}

type cachedPlan struct{ key, sql string }

const (
	cachedPlans   = 8
	cachedPlanMax = 4 << 20 // bytes of SQL
)

func (c *planCache) get(t *surface.Table, args surface.Args, plan func() (string, error)) (string, error) {
	key := fmt.Sprintf("%q %q %#v", t.Location, t.Ref, args) // texts quoted: ['a b'] is not ['a', 'b']
	c.mu.Lock()
	for _, p := range c.plans {
		if p.key == key {
			c.mu.Unlock()
			return p.sql, nil
		}
	}
	c.mu.Unlock()
	text, err := plan()
	if err != nil || len(text) > cachedPlanMax {
		return text, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plans = append(c.plans, cachedPlan{key, text}); len(c.plans) > cachedPlans {
		c.plans = slices.Clone(c.plans[1:])
	}
	return text, nil
}

// rowsSQL plans a call.
func rowsSQL(ctx context.Context, t *surface.Table, args surface.Args) (string, error) {
	p, err := pinRows(t, args)
	if err != nil {
		return "", err
	}
	r := &rowsPlan{ctx: ctx, p: p, schema: p.Meta.SchemaOf(p.Snapshot)}
	if err := r.where(args); err != nil {
		return "", err
	}
	parts, err := r.parts(args)
	if err != nil {
		return "", err
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		text, err := rows.SQL(ctx, rows.Request{Table: p.Table, Schema: r.schema, Data: part.data, Deletes: part.deletes, Where: r.condition})
		if err != nil {
			return "", fmt.Errorf("read rows of table %q: %w", p.Name, err)
		}
		texts[i] = text
	}
	if len(texts) == 1 {
		return texts[0], nil
	}
	return "SELECT * FROM (\n" + strings.Join(texts, "\n) UNION ALL SELECT * FROM (\n") + "\n)", nil
}

// pinRows pins the snapshot: that of wap_id or to_snapshot_id, where given.
func pinRows(t *surface.Table, args surface.Args) (*pinned, error) {
	p, err := pinLoaded(t, args)
	if err != nil {
		return nil, err
	}
	id, staged, err := args.Text("wap_id")
	if err != nil {
		return nil, err
	}
	to, between, err := args.Int("to_snapshot_id")
	if err != nil {
		return nil, err
	}
	if staged {
		for _, a := range []string{"snapshot_id", "ref", "as_of", "from_snapshot_id", "to_snapshot_id"} {
			if args.Named[a] != nil {
				return nil, fmt.Errorf("read rows of table %q: wap_id and %s are given; give one of them", t.Name, a)
			}
		}
		if t.Ref != "" {
			return nil, fmt.Errorf("read rows of table %q: wap_id and @%s in its name are given; give one of them", t.Name, t.Ref)
		}
		p.Snapshot, err = stagedSnapshot(p, id)
	} else if between {
		p.Snapshot, err = p.snapshot(psyberg.SnapshotID(to))
	}
	return p, err
}

// stagedSnapshot finds what a session has staged under an id: one snapshot, or
// a branch; after the publish, the ancestor of main's head that shows it.
func stagedSnapshot(p *pinned, id string) (*psyberg.Snapshot, error) {
	req := psyberg.PublishRequest{Target: psyberg.NewHistory(p.Meta.UUID, p.Meta.FormatVersion, p.Meta.Snapshots), ID: id}
	if p.Meta.HasCurrent {
		req.Head = psyberg.PinOf(p.Meta.CurrentSnapshotID)
	}
	for _, name := range []string{id, "psyberg_" + id} {
		if r, ok := p.Meta.Refs[name]; ok && r.Type == "branch" {
			req.Branch = &r.SnapshotID
		}
	}
	found, ok := psyberg.FindStaged(req)
	if !ok {
		found, ok = psyberg.FindPublished(req.Target, req.Head, id)
	}
	if !ok && req.Branch != nil { // with nothing that main has not
		found, ok = *req.Branch, true
	}
	if ok {
		return p.snapshot(found)
	}
	var ids []string
	same := 0
	for _, s := range p.Meta.Snapshots {
		if w, ok := s.Summary.Lookup(psyberg.SummaryWAPID); ok {
			ids = append(ids, w)
			if w == id {
				same++
			}
		}
	}
	if same > 1 {
		return nil, fmt.Errorf("find what is staged in table %q under wap_id %q: %d snapshots have it; name one by snapshot_id", p.Name, id, same)
	}
	for name := range p.Meta.Refs {
		if branch, ok := strings.CutPrefix(name, "psyberg_"); ok {
			ids = append(ids, branch)
		}
	}
	slices.Sort(ids)
	return nil, fmt.Errorf("find what is staged in table %q under wap_id %q: no snapshot has it, and there is no branch %q%s",
		p.Name, id, "psyberg_"+id, meta.Suggest(id, slices.Compact(ids)))
}

// where reads the argument where: a filter of files and a condition of rows.
func (r *rowsPlan) where(args surface.Args) error {
	text, given, err := args.Text(whereArgument.Name)
	if err != nil || !given {
		return err
	}
	expr, err := predicate.Parse(text, r.schema)
	if err != nil {
		return fmt.Errorf("read argument where of table %q: %w", r.p.Name, err)
	}
	r.condition = expr.SQL()
	r.filter = &fileFilter{expr: expr, tuples: newTupleReader(r.p.Meta)}
	for _, id := range expr.Columns() {
		r.filter.ids = append(r.filter.ids, int32(id))
	}
	return nil
}
